// What SelectTests costs beside a null server that takes and returns the same bytes.
//
//   rpc_bench shapes      --server HOST:PORT --pid PID --repository NAME --base SHA --head SHA
//                         --labels FILE --calls N
//   rpc_bench throughput  ... --labels-used N --in-flight N --rounds N
//
// Calls go to the two servers in turn, so that what else the machine does meets both. One JSON
// object a line on standard output; times are in microseconds, cpu is the server process's.
#include <grpcpp/grpcpp.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <iostream>

#include "absl/random/random.h"
#include "absl/strings/str_format.h"
#include "storage/model/status_macros.h"
#include "tests/load/call_load.h"
#include "tests/load/null_server.h"
#include "tests/load/process_meter.h"
#include "tests/load/selection_calls.h"

namespace testselect::load {
namespace {

using Stub = v1::TestSelectionService::Stub;

struct Options {
  std::string server, labels_file;
  pid_t pid = 0;
  SelectionCase selection;
  int calls = 100, labels_used = 20, in_flight = 32, rounds = 5;
};

// One of the two servers under comparison.
struct Side {
  std::unique_ptr<Stub> stub;
  CpuMeter cpu;
};

// Waits until the process uses no more CPU time: work that goes on after an answer (giving memory
// back) belongs to the calls that caused it.
absl::Duration SettledCpu(const CpuMeter& meter) {
  absl::Duration before = meter.Used();
  for (int i = 0; i < 50; ++i) {
    absl::SleepFor(absl::Milliseconds(10));
    const absl::Duration now = meter.Used();
    if (now - before < absl::Microseconds(200)) return now;
    before = now;
  }
  return before;
}

// Calls in a row to one side. With single calls the other side's megabytes would evict from the
// processor's caches whatever a call by digest, of 115 bytes, needs.
constexpr int kTurn = 10;

struct Cost {
  double p50_us = 0, p99_us = 0, cpu_us = 0;
};

// Calls both sides in turns of kTurn, `calls` times or a few more each, after a warm-up;
// `before_call`, if any, may change a request before each call. {ours, null}.
absl::StatusOr<std::array<Cost, 2>> CompareCalls(
    const std::array<Side*, 2>& sides, std::array<v1::SelectTestsRequest, 2> asks, int calls,
    const std::function<void(v1::SelectTestsRequest*)>& before_call = nullptr) {
  std::array<std::vector<double>, 2> times;
  std::array<absl::Duration, 2> cpu;
  const auto call = [&](int s, int count, bool measured) -> absl::Status {
    for (int i = 0; i < count; ++i) {
      if (before_call != nullptr) before_call(&asks[s]);
      const absl::Time start = absl::Now();
      TS_RETURN_IF_ERROR(Ask(sides[s]->stub.get(), asks[s]).status());
      if (measured) times[s].push_back(absl::ToDoubleMicroseconds(absl::Now() - start));
    }
    return absl::OkStatus();
  };
  for (int s : {0, 1}) TS_RETURN_IF_ERROR(call(s, kTurn, false));
  for (int s : {0, 1}) cpu[s] = SettledCpu(sides[s]->cpu);
  for (int done = 0; done < calls; done += kTurn) {
    for (int s : {0, 1}) TS_RETURN_IF_ERROR(call(s, kTurn, true));
  }
  std::array<Cost, 2> costs;
  for (int s : {0, 1}) {
    const absl::Duration used = SettledCpu(sides[s]->cpu) - cpu[s];
    costs[s] = {Quantile(times[s], 0.5), Quantile(times[s], 0.99),
                absl::ToDoubleMicroseconds(used) / times[s].size()};
  }
  return costs;
}

void Print(const char* shape, const v1::SelectTestsRequest& request,
           const v1::SelectTestsResponse& answer, const std::array<Cost, 2>& costs) {
  absl::PrintF(
      "{\"shape\": \"%s\", \"request_bytes\": %d, \"answer_bytes\": %d, "
      "\"ours\": {\"p50\": %.1f, \"p99\": %.1f, \"cpu\": %.1f}, "
      "\"null\": {\"p50\": %.1f, \"p99\": %.1f, \"cpu\": %.1f}}\n",
      shape, request.ByteSizeLong(), answer.ByteSizeLong(), costs[0].p50_us, costs[0].p99_us,
      costs[0].cpu_us, costs[1].p50_us, costs[1].p99_us, costs[1].cpu_us);
}

// Makes lists that were never sent before: all labels but one, another one each time, from anywhere
// on, so that a server that has seen an earlier run does not know them either.
class LabelOmitter {
 public:
  explicit LabelOmitter(const std::string& packed)
      : packed_(packed),
        at_(packed.find('\n', absl::Uniform(random_, 0u, packed.size() / 2)) + 1) {}
  void Next(v1::SelectTestsRequest* request) {
    if (at_ >= packed_.size()) at_ = 0;
    const size_t end = packed_.find('\n', at_) + 1;
    std::string* const labels = request->mutable_requested()->mutable_packed();
    labels->assign(packed_, 0, at_);
    labels->append(packed_, end);
    at_ = end;
  }

 private:
  absl::BitGen random_;
  const std::string& packed_;
  size_t at_;
};

absl::Status RunShapes(const Options& options, Side* ours, NullServer* null_server) {
  const SelectionCase& c = options.selection;
  const v1::SelectTestsRequest packed = PackedRequest(c, v1::LIST_FORM_BITS);
  const v1::SelectTestsRequest digest = DigestRequest(c, v1::LIST_FORM_BITS);
  const v1::SelectTestsRequest strings = StringsRequest(c);
  // In this order: the first makes the list known to the server.
  TS_ASSIGN_OR_RETURN(const v1::SelectTestsResponse bits, Ask(ours->stub.get(), packed));
  TS_RETURN_IF_ERROR(
      CheckIsRealSelection(bits, std::count(c.packed_labels.begin(), c.packed_labels.end(), '\n')));
  TS_ASSIGN_OR_RETURN(const v1::SelectTestsResponse by_digest, Ask(ours->stub.get(), digest));
  if (by_digest.selection_id() != bits.selection_id()) {
    return absl::InternalError("the list and its digest have different answers");
  }
  TS_ASSIGN_OR_RETURN(const v1::SelectTestsResponse text, Ask(ours->stub.get(), strings));
  TS_ASSIGN_OR_RETURN(const std::string address, null_server->Start({bits, by_digest, text}));
  TS_ASSIGN_OR_RETURN(const CpuMeter null_cpu, CpuMeter::Of(null_server->pid()));
  Side null_side{Connect(address), null_cpu};
  const std::array<Side*, 2> sides = {ours, &null_side};

  TS_ASSIGN_OR_RETURN(auto costs, CompareCalls(sides, {packed, packed}, options.calls));
  Print("packed_bits", packed, bits, costs);
  // The head is known, the list is not: each call leaves another label out.
  LabelOmitter omit(c.packed_labels);
  TS_ASSIGN_OR_RETURN(costs, CompareCalls(sides, {packed, packed}, options.calls,
                                          [&](v1::SelectTestsRequest* r) { omit.Next(r); }));
  Print("new_list_bits", packed, bits, costs);
  TS_ASSIGN_OR_RETURN(costs, CompareCalls(sides, {digest, packed}, options.calls));
  Print("digest_bits", digest, by_digest, costs);
  TS_ASSIGN_OR_RETURN(costs, CompareCalls(sides, {strings, strings}, options.calls));
  Print("strings_strings", strings, text, costs);
  return absl::OkStatus();
}

absl::Status RunThroughput(const Options& options, Side* ours, NullServer* null_server) {
  SelectionCase small = options.selection;
  small.packed_labels = FirstLines(small.packed_labels, options.labels_used);
  const v1::SelectTestsRequest request = PackedRequest(small, v1::LIST_FORM_BITS);
  TS_ASSIGN_OR_RETURN(const v1::SelectTestsResponse answer, Ask(ours->stub.get(), request));
  if (answer.has_fallback()) return absl::InternalError(answer.fallback().message());
  TS_ASSIGN_OR_RETURN(const std::string address, null_server->Start({answer}));
  TS_ASSIGN_OR_RETURN(const CpuMeter null_cpu, CpuMeter::Of(null_server->pid()));
  Side null_side{Connect(address), null_cpu};
  for (int round = -1; round < options.rounds; ++round) {
    double rate[2], cpu[2];
    for (int s : {0, 1}) {
      Side& side = s == 0 ? *ours : null_side;
      const int calls = round < 0 ? options.calls / 10 + 1 : options.calls;
      const absl::Duration before = side.cpu.Used();
      TS_ASSIGN_OR_RETURN(rate[s], Load(side.stub.get(), request).Run(options.in_flight, calls));
      cpu[s] = absl::ToDoubleMicroseconds(side.cpu.Used() - before) / calls;
    }
    if (round < 0) continue;  // warm-up
    absl::PrintF(
        "{\"request_bytes\": %d, \"answer_bytes\": %d, \"ours\": {\"rate\": %.0f, \"cpu\": %.2f}, "
        "\"null\": {\"rate\": %.0f, \"cpu\": %.2f}}\n",
        request.ByteSizeLong(), answer.ByteSizeLong(), rate[0], cpu[0], rate[1], cpu[1]);
  }
  return absl::OkStatus();
}

absl::Status Run(const std::string& mode, Options options) {
  // First of all: gRPC must not have begun before the fork.
  TS_ASSIGN_OR_RETURN(NullServer null_server, NullServer::Fork());
  TS_ASSIGN_OR_RETURN(options.selection.packed_labels, ReadFile(options.labels_file));
  TS_ASSIGN_OR_RETURN(const CpuMeter cpu, CpuMeter::Of(options.pid));
  Side ours{Connect(options.server), cpu};
  return mode == "shapes" ? RunShapes(options, &ours, &null_server)
                          : RunThroughput(options, &ours, &null_server);
}

}  // namespace
}  // namespace testselect::load

int main(int argc, char** argv) {
  testselect::load::Options options;
  CLI::App app("Compares SelectTests with a null server");
  std::string mode;
  app.add_option("mode", mode)->required()->check(CLI::IsMember({"shapes", "throughput"}));
  app.add_option("--server", options.server)->required();
  app.add_option("--pid", options.pid)->required();
  app.add_option("--repository", options.selection.repository)->required();
  app.add_option("--base", options.selection.base)->required();
  app.add_option("--head", options.selection.head)->required();
  app.add_option("--labels", options.labels_file)->required();
  app.add_option("--calls", options.calls)->check(CLI::PositiveNumber);
  app.add_option("--labels-used", options.labels_used)->check(CLI::PositiveNumber);
  app.add_option("--in-flight", options.in_flight)->check(CLI::PositiveNumber);
  app.add_option("--rounds", options.rounds)->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = testselect::load::Run(mode, options);
  if (!status.ok()) std::cerr << "rpc_bench: " << status << "\n";
  return status.ok() ? 0 : 1;
}
