#include "client/cli/executed_labels.h"

#include <sys/stat.h>

#include <memory>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "client/files.h"
#include "server/ingest/ingestor.h"
#include "storage/label_dictionary.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

absl::StatusOr<absl::flat_hash_set<std::string>> Executed(
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
  absl::flat_hash_set<std::string> executed;
  if (files.empty()) return executed;
  TS_ASSIGN_OR_RETURN(const IngestResult result, ParseUpload(files, options));
  for (size_t i = 0; i < result.content.outcomes.size(); ++i) {
    if (result.content.outcomes[i].outcome != Outcome::kUnknown) {
      executed.insert(result.content.labels[i]);
    }
  }
  return executed;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> NotExecuted(const std::vector<std::string>& labels,
                                                     const std::vector<UploadReport>& outcomes) {
  TS_ASSIGN_OR_RETURN(const auto executed, Executed(labels, outcomes));
  std::vector<std::string> missing;
  for (const std::string& label : labels) {
    if (!executed.contains(label)) missing.push_back(label);
  }
  return missing;
}

}  // namespace testselect::client
