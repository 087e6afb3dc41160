// doctor: what the runner and the reports say.
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "client/cli/doctor.h"
#include "client/cli/label_source.h"
#include "client/cli/number_text.h"
#include "client/cli/project_scan.h"
#include "client/cli/report_argument.h"
#include "client/files.h"
#include "client/shell_quote.h"
#include "client/status_mapping.h"
#include "client/upload_client.h"
#include "server/ingest/ingestor.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"
#include "testselect/v1/selection.grpc.pb.h"

namespace testselect::client {
namespace {

constexpr size_t kSampled = 10;

// How to ask for labels: what is given, else the first runner that is found and has a command.
// Nothing where neither says.
std::optional<SelectOptions> LabelSource(const Diagnosis& diagnosis) {
  SelectOptions source;
  source.labels_file = diagnosis.options.labels_file;
  source.labels_command = diagnosis.options.labels_command;
  if (!source.labels_file.empty() || !source.labels_command.empty()) return source;
  if (diagnosis.top.empty()) return std::nullopt;
  const absl::StatusOr<ProjectScan> scan = ScanProject(diagnosis.top);
  if (!scan.ok()) return std::nullopt;
  for (const FoundRunner& runner : scan->runners) {
    if (runner.labels_command.empty()) continue;
    const std::string folder =
        runner.folder.empty() ? diagnosis.top : absl::StrCat(diagnosis.top, "/", runner.folder);
    source.labels_command = absl::StrCat("cd ", ShellQuote(folder), " && ", runner.labels_command);
    return source;
  }
  return std::nullopt;
}

// A commit to compare the indexed one with, which the service knows: any.
std::optional<ObjectId> AnotherCommit(const Diagnosis& diagnosis) {
  const auto indexed = ObjectId::FromHex("indexed", diagnosis.indexed);
  if (!indexed.ok() || diagnosis.git == nullptr) return std::nullopt;
  if (diagnosis.head.has_value() && *diagnosis.head != *indexed) return diagnosis.head;
  const auto commit = diagnosis.git->Commit(*indexed);
  if (!commit.ok() || commit->parents.empty()) return std::nullopt;
  return commit->parents[0];
}

// Those of `labels` that no evidence before the indexed commit names.
absl::StatusOr<std::vector<std::string>> Unknown(const Diagnosis& diagnosis, const ObjectId& other,
                                                 const std::vector<std::string>& labels) {
  v1::SelectTestsRequest request;
  request.set_repository(diagnosis.target->repository);
  request.set_base(diagnosis.indexed);
  request.set_head(other.ToHex());
  request.set_list_form(v1::LIST_FORM_STRINGS);
  for (const std::string& label : labels) request.mutable_requested()->add_labels(label);
  v1::SelectTestsResponse response;
  const auto stub = v1::TestSelectionService::NewStub(diagnosis.target->connection->channel());
  const auto context = diagnosis.target->connection->NewContext(absl::Now() + absl::Minutes(2));
  TS_RETURN_IF_ERROR(
      FromGrpcStatus("looking labels up", stub->SelectTests(context.get(), request, &response)));
  const auto& absent = response.absent_labels().labels();
  return std::vector<std::string>(absent.begin(), absent.end());
}

void CompareLabels(const RequestedLabels& labels, Diagnosis& diagnosis) {
  if (!diagnosis.target.has_value() || diagnosis.indexed.empty()) {
    return diagnosis.Skip("known", "there is no indexed ancestor of HEAD to compare with");
  }
  const std::optional<ObjectId> other = AnotherCommit(diagnosis);
  if (!other.has_value()) {
    return diagnosis.Skip("known", "the indexed commit is the only one: nothing can be compared");
  }
  const size_t samples = std::min(labels.size(), kSampled);
  std::vector<std::string> looked_up;
  for (size_t i = 0; i < samples; ++i) {
    looked_up.emplace_back(labels[i * labels.size() / samples]);
  }
  const auto missing = Unknown(diagnosis, *other, looked_up);
  if (!missing.ok()) {
    return diagnosis.Warn("known", std::string(missing.status().message()), "try again");
  }
  const size_t known = samples - std::min(samples, missing->size());
  const std::string unknown = missing->empty() ? "" : Shorten(missing->front());
  const std::string found =
      absl::StrCat(known, " of ", samples, " labels looked up are in the index");
  if (known == samples) return diagnosis.Ok("known", found);
  if (known > 0) {
    return diagnosis.Warn("known", absl::StrCat(found, "; '", unknown, "' is not, and always runs"),
                          "upload a full run, if the test is not a new one");
  }
  diagnosis.Problem(
      "known", absl::StrCat(found, ": '", unknown, "' and the others always run"),
      "compare them with `testselect who FILE`, which names labels as uploads spell them");
}

absl::StatusOr<std::vector<std::string>> FilesOfHead(const Diagnosis& diagnosis) {
  TS_ASSIGN_OR_RETURN(const CommitInfo info, diagnosis.git->Commit(*diagnosis.head));
  TS_ASSIGN_OR_RETURN(const auto entries, diagnosis.git->ListTree(info.tree));
  std::vector<std::string> paths;
  for (const TreeEntry& entry : *entries) paths.push_back(entry.path);
  return paths;
}

absl::StatusOr<IngestSummary> MapReport(const Diagnosis& diagnosis, const ReportArgument& argument,
                                        const std::vector<std::string>& tree) {
  const UploadOptions& options = diagnosis.options.upload;
  TS_ASSIGN_OR_RETURN(const PreparedReports prepared,
                      PreparedReports::Open({{.path = argument.path,
                                              .format = options.format,
                                              .label = "",
                                              .with_neighbours = true}}));
  TS_ASSIGN_OR_RETURN(const ScratchFolder spool, ScratchFolder::Create("doctor"));
  IngestOptions ingest;
  ingest.paths = {.root = options.path_root, .prefix = options.path_prefix};
  // As upload does.
  if (ingest.paths.root.empty() && ingest.paths.prefix.empty()) ingest.paths.root = diagnosis.top;
  ingest.tree_paths = tree;
  ingest.spool_dir = spool.path();
  const std::vector<ReportFile> files = {{.file = prepared.file(0),
                                          .name = prepared.name(0),
                                          .format = options.format,
                                          .label = argument.label}};
  TS_ASSIGN_OR_RETURN(IngestResult result, ParseUpload(files, ingest));
  return std::move(result.summary);
}

void CheckReport(Diagnosis& diagnosis, const ReportArgument& argument,
                 const std::vector<std::string>& tree) {
  const std::string shown = Shorten(argument.path);
  const absl::StatusOr<IngestSummary> summary = MapReport(diagnosis, argument, tree);
  if (!summary.ok()) {
    return diagnosis.Problem("report", absl::StrCat(shown, ": ", summary.status().message()),
                             "give --path-root, --path-prefix, --format or LABEL=REPORT as that "
                             "says; then give upload the same");
  }
  const std::string found =
      absl::StrCat(shown, ": ", absl::StrJoin(summary->formats, ","), ", ",
                   CountText(summary->labels), " labels, ", CountText(summary->paths_mapped),
                   " file names fit HEAD, ", CountText(summary->paths_missed), " do not");
  if (!summary->warnings.empty()) {
    return diagnosis.Warn("report", absl::StrCat(found, "; ", summary->warnings.front()),
                          "see docs/quickstart.md; upload takes it all the same");
  }
  diagnosis.Ok("report", found);
}

}  // namespace

void CheckLabels(Diagnosis& diagnosis) {
  const std::optional<SelectOptions> source = LabelSource(diagnosis);
  if (!source.has_value()) {
    diagnosis.Skip("labels", "no runner is known that lists its labels; give --labels-command");
    return diagnosis.Skip("known", "there are no labels to compare");
  }
  const std::string where = source->labels_command.empty()
                                ? absl::StrCat("--labels-file ", source->labels_file)
                                : absl::StrCat("`", Shorten(source->labels_command, 200), "`");
  const auto labels = ReadRequestedLabels(*source);
  if (!labels.ok()) {
    diagnosis.Problem("labels", std::string(labels.status().message()),
                      absl::StrCat("run ", where, " by hand until it ends with status 0"));
    return diagnosis.Skip("known", "there are no labels to compare");
  }
  if ((*labels)->size() == 0) {
    diagnosis.Problem("labels", absl::StrCat(where, " lists none"),
                      "start it where the tests are found, or give --labels-command");
    return diagnosis.Skip("known", "there are no labels to compare");
  }
  diagnosis.Ok("labels", absl::StrCat(where, " lists ", CountText((*labels)->size()), ", such as '",
                                      Shorten((**labels)[0]), "'"));
  CompareLabels(**labels, diagnosis);
}

void CheckReports(Diagnosis& diagnosis) {
  const UploadOptions& options = diagnosis.options.upload;
  if (options.reports.empty() && options.reports_from.empty()) {
    return diagnosis.Skip("report", "none is given");
  }
  const auto arguments = CollectReports(options.reports, options.reports_from, options.label);
  if (!arguments.ok()) {
    return diagnosis.Problem("report", std::string(arguments.status().message()),
                             "mend that argument");
  }
  if (!diagnosis.head.has_value()) {
    return diagnosis.Skip("report", "no commit is checked out whose files it could fit");
  }
  const absl::StatusOr<std::vector<std::string>> tree = FilesOfHead(diagnosis);
  if (!tree.ok()) {
    return diagnosis.Problem("report", std::string(tree.status().message()), "git fsck");
  }
  for (const ReportArgument& argument : *arguments) CheckReport(diagnosis, argument, *tree);
}

}  // namespace testselect::client
