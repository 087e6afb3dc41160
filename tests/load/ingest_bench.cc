// Reports on disk to a durable segment in this process, as the server does it once they arrived;
// or the compaction of a store. Prints one JSON object; cpu is this process's, in seconds.
//
//   ingest_bench --store DIR --git-dir REPO --commit SHA [--path-root DIR] REPORT...
//   ingest_bench --store DIR --compact
#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>

#include "absl/strings/str_format.h"
#include "server/git/open_repository.h"
#include "server/ingest/ingestor.h"
#include "storage/model/status_macros.h"
#include "storage/rocksdb_index_store.h"
#include "tests/load/process_meter.h"

namespace testselect::load {
namespace {

struct Options {
  std::string store, git_dir, commit, path_root;
  std::vector<std::string> reports;
  bool compact = false;
};

absl::StatusOr<IngestOptions> PrepareIngest(const Options& options, const UploadHeader& header,
                                            const GitRepository& git, const IndexStore& store) {
  IngestOptions ingest;
  ingest.paths.root = options.path_root;
  ingest.spool_dir = std::filesystem::temp_directory_path();
  TS_ASSIGN_OR_RETURN(const auto entries, git.ListTree(header.tree));
  for (const TreeEntry& entry : *entries) ingest.tree_paths.push_back(entry.path);
  TS_ASSIGN_OR_RETURN(ingest.dictionary, store.NewestDictionary(header.repository, header.job));
  return ingest;
}

absl::Status Ingest(const Options& options, IndexStore* store) {
  TS_ASSIGN_OR_RETURN(const auto git, OpenGitRepository(options.git_dir));
  UploadHeader header;
  header.repository = "bench";
  header.job.name = "bench";
  TS_ASSIGN_OR_RETURN(header.commit, ObjectId::FromHex("commit", options.commit));
  TS_ASSIGN_OR_RETURN(const CommitInfo commit, git->Commit(header.commit));
  header.tree = commit.tree;
  std::vector<ReportFile> reports;
  uint64_t bytes = 0;
  for (const std::string& path : options.reports) {
    ReportFile& report = reports.emplace_back();
    report.file = report.name = path;
    bytes += std::filesystem::file_size(path);
  }
  const CpuMeter cpu = CpuMeter::Self();
  TS_RETURN_IF_ERROR(ResetPeak(getpid()));
  TS_ASSIGN_OR_RETURN(const MemoryUse before, MemoryOf(getpid()));
  const absl::Time start = absl::Now();
  const absl::Duration cpu_start = cpu.Used();
  TS_ASSIGN_OR_RETURN(const IngestOptions ingest, PrepareIngest(options, header, *git, *store));
  TS_ASSIGN_OR_RETURN(const IngestResult result, ParseUpload(reports, ingest));
  const absl::Duration cpu_parsed = cpu.Used();
  TS_ASSIGN_OR_RETURN(const SegmentInfo info, store->Commit(header, result.content, {}));
  const absl::Duration cpu_end = cpu.Used();
  TS_ASSIGN_OR_RETURN(const MemoryUse after, MemoryOf(getpid()));
  absl::PrintF(
      "{\"bytes\": %d, \"seconds\": %.4f, \"cpu\": %.4f, \"cpu_parse\": %.4f, "
      "\"cpu_commit\": %.4f, \"peak_growth\": %d, \"labels\": %d, \"files\": %d, \"pairs\": %d}\n",
      bytes, absl::ToDoubleSeconds(absl::Now() - start), absl::ToDoubleSeconds(cpu_end - cpu_start),
      absl::ToDoubleSeconds(cpu_parsed - cpu_start), absl::ToDoubleSeconds(cpu_end - cpu_parsed),
      after.peak_bytes - before.resident_bytes, info.labels, info.files, info.pairs);
  return absl::OkStatus();
}

absl::Status Run(const Options& options) {
  RocksDbOptions store_options;
  store_options.path = options.store;
  TS_ASSIGN_OR_RETURN(const std::unique_ptr<IndexStore> store,
                      OpenRocksDbIndexStore(store_options));
  return options.compact ? store->Compact() : Ingest(options, store.get());
}

}  // namespace
}  // namespace testselect::load

int main(int argc, char** argv) {
  testselect::load::Options options;
  CLI::App app("Reads reports into a store");
  app.add_option("--store", options.store)->required();
  app.add_option("--git-dir", options.git_dir);
  app.add_option("--commit", options.commit);
  app.add_option("--path-root", options.path_root);
  app.add_flag("--compact", options.compact);
  app.add_option("reports", options.reports);
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = testselect::load::Run(options);
  if (!status.ok()) std::cerr << "ingest_bench: " << status << "\n";
  return status.ok() ? 0 : 1;
}
