#include "client/cli/executed_labels.h"

#include <sys/stat.h>

#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "client/files.h"
#include "server/ingest/ingestor.h"
#include "storage/label_dictionary.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

absl::StatusOr<absl::flat_hash_map<std::string, Outcome>> OutcomesOf(
    const std::vector<std::string>& labels, const std::vector<UploadReport>& outcomes) {
  TS_ASSIGN_OR_RETURN(const ScratchFolder spool, ScratchFolder::Create("outcomes"));
  IngestOptions options;
  options.spool_dir = spool.path();
  TS_ASSIGN_OR_RETURN(options.dictionary, NewLabelDictionary(labels));
  std::vector<ReportFile> files;
  for (const UploadReport& report : outcomes) {
    struct stat info = {};
    if (stat(report.path.c_str(), &info) != 0 || info.st_size == 0) continue;
    files.push_back({.file = report.path,
                     .name = report.path,
                     .format = report.format,
                     .label = report.label,
                     .outcomes = true});
  }
  absl::flat_hash_map<std::string, Outcome> executed;
  if (files.empty()) return executed;
  TS_ASSIGN_OR_RETURN(const IngestResult result, ParseUpload(files, options));
  for (size_t i = 0; i < result.content.outcomes.size(); ++i) {
    const Outcome outcome = result.content.outcomes[i].outcome;
    if (outcome != Outcome::kUnknown) executed[result.content.labels[i]] = outcome;
  }
  return executed;
}

}  // namespace

absl::StatusOr<ExecutedTests> ReadExecuted(const std::vector<std::string>& labels,
                                           const std::vector<UploadReport>& outcomes) {
  TS_ASSIGN_OR_RETURN(const auto executed, OutcomesOf(labels, outcomes));
  ExecutedTests tests;
  for (const std::string& label : labels) {
    const auto found = executed.find(label);
    if (found == executed.end()) {
      tests.missing.push_back(label);
    } else if (MustRerun(found->second)) {
      tests.failed.push_back(label);
    }
  }
  return tests;
}

}  // namespace testselect::client
