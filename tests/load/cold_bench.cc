// The first sight of a head, beside reading and parsing the head's blobs alone.
//
//   cold_bench --server HOST:PORT --pid PID --repository NAME --git-dir DIR --labels FILE
//              --base SHA HEAD HEAD...
//
// The first head warms both sides up (the index is open, the list of labels known, the pack files
// mapped); each further one must be new to the server. One JSON object a head; milliseconds.
#include <CLI/CLI.hpp>
#include <iostream>

#include "absl/strings/str_format.h"
#include "storage/model/status_macros.h"
#include "tests/load/parse_floor.h"
#include "tests/load/process_meter.h"
#include "tests/load/selection_calls.h"

namespace testselect::load {
namespace {

struct Options {
  std::string server, git_dir, labels_file;
  pid_t pid = 0;
  SelectionCase selection;
  std::vector<std::string> heads;
};

struct Spent {
  double wall_ms = 0, cpu_ms = 0;
};

template <typename Work>
absl::StatusOr<Spent> Measure(const CpuMeter& cpu, Work work) {
  const absl::Duration cpu_before = cpu.Used();
  const absl::Time start = absl::Now();
  TS_RETURN_IF_ERROR(work());
  return Spent{absl::ToDoubleMilliseconds(absl::Now() - start),
               absl::ToDoubleMilliseconds(cpu.Used() - cpu_before)};
}

absl::Status Run(Options options) {
  SelectionCase& c = options.selection;
  TS_ASSIGN_OR_RETURN(c.packed_labels, ReadFile(options.labels_file));
  const size_t labels = std::count(c.packed_labels.begin(), c.packed_labels.end(), '\n');
  TS_ASSIGN_OR_RETURN(const CpuMeter server_cpu, CpuMeter::Of(options.pid));
  TS_ASSIGN_OR_RETURN(const auto floor, ParseFloor::Open(options.git_dir));
  const auto stub = Connect(options.server);
  c.head = options.heads[0];
  TS_RETURN_IF_ERROR(Ask(stub.get(), PackedRequest(c, v1::LIST_FORM_BITS)).status());
  for (size_t i = 0; i < options.heads.size(); ++i) {
    c.head = options.heads[i];
    TS_ASSIGN_OR_RETURN(const std::vector<std::string> blobs, floor->ChangedBlobs(c.base, c.head));
    uint64_t bytes = 0;
    Spent ours, alone;
    const auto select = [&]() -> absl::Status {
      TS_ASSIGN_OR_RETURN(const v1::SelectTestsResponse answer,
                          Ask(stub.get(), DigestRequest(c, v1::LIST_FORM_BITS)));
      return CheckIsRealSelection(answer, labels);
    };
    const auto parse = [&]() -> absl::Status {
      TS_ASSIGN_OR_RETURN(bytes, floor->Run(blobs));
      return absl::OkStatus();
    };
    // Alternate who goes first: the second finds the blobs' pages in memory.
    if (i % 2 == 0) {
      TS_ASSIGN_OR_RETURN(ours, Measure(server_cpu, select));
    }
    TS_ASSIGN_OR_RETURN(alone, Measure(CpuMeter::Self(), parse));
    if (i % 2 == 1) {
      TS_ASSIGN_OR_RETURN(ours, Measure(server_cpu, select));
    }
    if (i == 0) continue;
    absl::PrintF(
        "{\"files\": %d, \"bytes\": %d, \"ours\": {\"wall\": %.3f, \"cpu\": %.3f}, "
        "\"floor\": {\"wall\": %.3f, \"cpu\": %.3f}}\n",
        blobs.size(), bytes, ours.wall_ms, ours.cpu_ms, alone.wall_ms, alone.cpu_ms);
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace testselect::load

int main(int argc, char** argv) {
  testselect::load::Options options;
  CLI::App app("Compares the first sight of a head with parsing alone");
  app.add_option("--server", options.server)->required();
  app.add_option("--pid", options.pid)->required();
  app.add_option("--repository", options.selection.repository)->required();
  app.add_option("--git-dir", options.git_dir)->required();
  app.add_option("--labels", options.labels_file)->required();
  app.add_option("--base", options.selection.base)->required();
  app.add_option("heads", options.heads)->required()->expected(2, 1000);
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = testselect::load::Run(std::move(options));
  if (!status.ok()) std::cerr << "cold_bench: " << status << "\n";
  return status.ok() ? 0 : 1;
}
