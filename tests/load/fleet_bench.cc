// What several frontends answer together, beside one of them.
//
//   fleet_bench --frontend HOST:PORT... --repository NAME --base SHA --head SHA --labels FILE
//               --labels-used N --calls N --in-flight N --rounds N
//
// In each round the first frontend alone takes the calls, N in flight, then all of them, N in
// flight for each, in turn as a client spreads calls over the addresses behind a name. One JSON
// object a round on standard output.
#include <grpcpp/grpcpp.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "storage/model/status_macros.h"
#include "tests/load/call_load.h"
#include "tests/load/selection_calls.h"

namespace testselect::load {
namespace {

using Stub = v1::TestSelectionService::Stub;

struct Options {
  std::vector<std::string> frontends;
  std::string labels_file;
  SelectionCase selection;
  int calls = 1000, labels_used = 20, in_flight = 32, rounds = 5;
};

std::unique_ptr<Stub> InTurns(const std::vector<std::string>& addresses) {
  grpc::ChannelArguments arguments;
  arguments.SetLoadBalancingPolicyName("round_robin");
  return v1::TestSelectionService::NewStub(
      grpc::CreateCustomChannel(absl::StrCat("ipv4:", absl::StrJoin(addresses, ",")),
                                grpc::InsecureChannelCredentials(), arguments));
}

absl::Status Run(Options options) {
  TS_ASSIGN_OR_RETURN(const std::string labels, ReadFile(options.labels_file));
  options.selection.packed_labels = FirstLines(labels, options.labels_used);
  const v1::SelectTestsRequest request = PackedRequest(options.selection, v1::LIST_FORM_BITS);
  // Every frontend has seen the request, and answers the same.
  std::string expected;
  for (const std::string& address : options.frontends) {
    TS_ASSIGN_OR_RETURN(v1::SelectTestsResponse answer, Ask(InTurns({address}).get(), request));
    if (answer.has_fallback()) return absl::InternalError(answer.fallback().message());
    const std::string bits =
        answer.present_diff_labels().bits() + answer.global_level_labels().bits();
    if (address == options.frontends[0]) expected = bits;
    if (bits != expected) return absl::InternalError(address + " answers otherwise");
  }
  const int frontends = static_cast<int>(options.frontends.size());
  const auto one = InTurns({options.frontends[0]}), all = InTurns(options.frontends);
  for (int round = -1; round < options.rounds; ++round) {
    const int calls = round < 0 ? options.calls / 10 + 1 : options.calls;
    TS_ASSIGN_OR_RETURN(const double alone, Load(one.get(), request).Run(options.in_flight, calls));
    TS_ASSIGN_OR_RETURN(const double together,
                        Load(all.get(), request).Run(options.in_flight * frontends, calls));
    if (round < 0) continue;  // warm-up
    absl::PrintF("{\"one\": %.0f, \"all\": %.0f}\n", alone, together);
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace testselect::load

int main(int argc, char** argv) {
  testselect::load::Options options;
  CLI::App app("Compares several frontends with one of them");
  app.add_option("--frontend", options.frontends)->required();
  app.add_option("--repository", options.selection.repository)->required();
  app.add_option("--base", options.selection.base)->required();
  app.add_option("--head", options.selection.head)->required();
  app.add_option("--labels", options.labels_file)->required();
  app.add_option("--labels-used", options.labels_used)->check(CLI::PositiveNumber);
  app.add_option("--calls", options.calls)->check(CLI::PositiveNumber);
  app.add_option("--in-flight", options.in_flight)->check(CLI::PositiveNumber);
  app.add_option("--rounds", options.rounds)->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = testselect::load::Run(options);
  if (!status.ok()) std::cerr << "fleet_bench: " << status << "\n";
  return status.ok() ? 0 : 1;
}
