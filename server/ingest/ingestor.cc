#include "server/ingest/ingestor.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/ingest/formats.h"
#include "server/ingest/parse_error.h"
#include "server/ingest/upload_builder.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

// A report, opened, with the parser that reads it.
struct OpenReport {
  std::unique_ptr<ReportSource> source;
  const ReportParser* parser = nullptr;
  const ReportFile* file = nullptr;
};

absl::StatusOr<const ReportParser*> ChooseParser(const ReportFile& report, ReportSource& source) {
  if (!report.format.empty()) return FindReportParser(report.format);
  TS_ASSIGN_OR_RETURN(const absl::string_view head, source.Peek());
  // Istanbul's lcov report of a test that covered nothing has no bytes.
  if (head.empty() && !report.label.empty() && !report.outcomes) return LcovParser();
  return DetectReportParser(source);
}

absl::StatusOr<OpenReport> Open(const ReportFile& report, const IngestOptions& options) {
  OpenReport open;
  TS_ASSIGN_OR_RETURN(open.source, OpenReportFile(report.file, report.name, options.spool_dir,
                                                  options.max_report_bytes));
  TS_ASSIGN_OR_RETURN(open.parser, ChooseParser(report, *open.source));
  if (report.outcomes && !open.parser->is_outcomes()) {
    return absl::InvalidArgumentError(absl::StrCat(report.name, ": declared as outcomes, but ",
                                                   open.parser->name(), " holds coverage"));
  }
  return open;
}

}  // namespace

absl::StatusOr<IngestResult> ParseUpload(absl::Span<const ReportFile> reports,
                                         const IngestOptions& options) {
  if (reports.empty()) return absl::InvalidArgumentError("reports: none is given");
  TS_ASSIGN_OR_RETURN(PathMapper paths, PathMapper::Create(options.paths, options.tree_paths));
  UploadBuilder builder(std::move(paths), options.dictionary, options.renumber, options.tree_paths);
  IngestResult result;
  result.summary.formats.resize(reports.size());
  // Coverage first: it spells the labels that outcomes are matched to. Reports are opened one at a
  // time, because an upload may have a file per test.
  for (const bool outcomes : {false, true}) {
    for (size_t i = 0; i < reports.size(); ++i) {
      std::string& format = result.summary.formats[i];
      if (outcomes && FindReportParser(format).value()->is_outcomes() == false) continue;
      TS_ASSIGN_OR_RETURN(const OpenReport open, Open(reports[i], options));
      format = std::string(open.parser->name());
      if (open.parser->is_outcomes() != outcomes) continue;
      const ParseOptions parse{reports[i].label, options.static_context_is_global};
      TS_RETURN_IF_ERROR(open.parser->Parse(*open.source, parse, builder));
    }
  }
  TS_ASSIGN_OR_RETURN(result.content, builder.Finish());
  IngestSummary& summary = result.summary;
  summary.labels = result.content.ran.Count();
  summary.files = result.content.files.size();
  summary.pairs = result.content.pairs;
  summary.global_lines = result.content.global_lines;
  summary.outcomes = builder.results();
  summary.paths_mapped = builder.paths().mapped();
  summary.paths_missed = builder.paths().missed();
  summary.warnings = builder.warnings();
  return result;
}

}  // namespace testselect
