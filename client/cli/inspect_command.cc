#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/cli/commands.h"
#include "client/cli/json_writer.h"
#include "client/cli/number_text.h"
#include "client/cli/report_argument.h"
#include "client/cli/report_summary.h"
#include "client/files.h"
#include "client/upload_client.h"
#include "server/ingest/ingestor.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

// The file of a report's path as it lies on this machine: below the root of the paths, else (the
// reports may come from elsewhere) below the folder of the command.
std::optional<std::string> TextOnDisk(const InspectOptions& options, absl::string_view path) {
  if (!options.path_prefix.empty() && absl::ConsumePrefix(&path, options.path_prefix)) {
    absl::ConsumePrefix(&path, "/");
  }
  for (const std::string& folder : {options.path_root, std::string(".")}) {
    if (folder.empty() || absl::StartsWith(path, "/")) continue;
    absl::StatusOr<std::string> text = ReadFile(absl::StrCat(folder, "/", path));
    if (text.ok()) return *std::move(text);
  }
  return std::nullopt;
}

absl::StatusOr<IngestResult> Parse(const InspectOptions& options, const PreparedReports& reports,
                                   const std::vector<std::string>& labels) {
  TS_ASSIGN_OR_RETURN(const ScratchFolder folder, ScratchFolder::Create("inspect"));
  std::vector<ReportFile> files;
  for (size_t i = 0; i < reports.size(); ++i) {
    files.push_back({.file = reports.file(i),
                     .name = reports.name(i),
                     .format = options.format,
                     .label = labels[i]});
  }
  IngestOptions ingest;
  ingest.paths = {.root = options.path_root, .prefix = options.path_prefix, .keep_foreign = true};
  ingest.static_context_is_global = false;  // counted as the report has it
  ingest.source_texts = [&options](const std::string& path) { return TextOnDisk(options, path); };
  ingest.spool_dir = folder.path();
  return ParseUpload(files, ingest);
}

std::string SummaryJson(const ReportSummary& summary) {
  JsonWriter json;
  json.BeginObject().Key("format").String(summary.format);
  json.Key("labels").Number(summary.labels).Key("files").Number(summary.files);
  json.Key("pairs").Number(summary.pairs).Key("pairs_sha256").String(summary.pairs_sha256);
  json.Key("global_pairs").Number(summary.global_pairs);
  json.Key("outcomes").Number(summary.outcomes).EndObject();
  return std::move(json).Finish();
}

std::string SummaryText(const ReportSummary& summary) {
  return absl::StrCat("format        ", summary.format, "\nlabels        ",
                      CountText(summary.labels), "\nfiles         ", CountText(summary.files),
                      "\npairs         ", CountText(summary.pairs), "\npairs_sha256  ",
                      summary.pairs_sha256, "\nglobal_pairs  ", CountText(summary.global_pairs),
                      "\noutcomes      ", CountText(summary.outcomes), "\n");
}

}  // namespace

ExitCode RunInspect(const CommonOptions& common, const InspectOptions& options, Console& console) {
  absl::StatusOr<std::vector<ReportArgument>> arguments =
      CollectReports(options.reports, options.reports_from, options.label);
  if (!arguments.ok()) return console.Fail(arguments.status());
  std::vector<UploadReport> reports;
  std::vector<std::string> labels;
  for (ReportArgument& argument : *arguments) {
    reports.push_back({.path = std::move(argument.path),
                       .format = options.format,
                       .label = "",
                       .with_neighbours = true});
    labels.push_back(std::move(argument.label));
  }
  // Opened as an upload opens them, so that pipes work and messages are the same.
  const absl::StatusOr<PreparedReports> prepared = PreparedReports::Open(std::move(reports));
  if (!prepared.ok()) return console.Fail(prepared.status());
  const absl::StatusOr<IngestResult> parsed = Parse(options, *prepared, labels);
  if (!parsed.ok()) return console.Fail(parsed.status(), ExitCode::kRefused);
  for (const std::string& warning : parsed->summary.warnings) console.Warning(warning);
  const absl::StatusOr<ReportSummary> summary = Summarise(*parsed);
  if (!summary.ok()) return console.Fail(summary.status());
  const absl::Status printed =
      console.Print(common.json ? SummaryJson(*summary) : SummaryText(*summary));
  return printed.ok() ? ExitCode::kAnswered : console.Fail(printed);
}

}  // namespace testselect::client
