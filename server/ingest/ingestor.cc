#include "server/ingest/ingestor.h"

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <system_error>
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

absl::StatusOr<const ReportParser*> ChooseParser(const ReportFile& report, bool lcov_seen,
                                                 ReportSource& source) {
  if (!report.format.empty()) return FindReportParser(report.format);
  TS_ASSIGN_OR_RETURN(const absl::string_view head, source.Peek());
  // Istanbul's lcov report of a test that covered nothing has no bytes.
  if (head.empty() && lcov_seen && !report.label.empty()) return LcovParser();
  return DetectReportParser(source);
}

absl::StatusOr<OpenReport> Open(const ReportFile& report, bool lcov_seen,
                                const IngestOptions& options) {
  OpenReport open;
  TS_ASSIGN_OR_RETURN(open.source, OpenReportFile(report.file, report.name, options.spool_dir,
                                                  options.max_report_bytes));
  TS_ASSIGN_OR_RETURN(open.parser, ChooseParser(report, lcov_seen, *open.source));
  if (report.outcomes && !open.parser->is_outcomes()) {
    return absl::InvalidArgumentError(absl::StrCat(report.name, ": declared as outcomes, but ",
                                                   open.parser->name(), " holds coverage"));
  }
  return open;
}

// The order in which reports are opened: as given, but empty ones last, because the others tell of
// which format they are.
std::vector<size_t> OpeningOrder(absl::Span<const ReportFile> reports) {
  std::vector<size_t> order(reports.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_partition(order.begin(), order.end(), [&](size_t i) {
    std::error_code error;
    return std::filesystem::file_size(reports[i].file, error) > 0;
  });
  return order;
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
  bool lcov_seen = false;
  const std::vector<size_t> order = OpeningOrder(reports);
  for (const bool outcomes : {false, true}) {
    for (const size_t i : order) {
      std::string& format = result.summary.formats[i];
      if (outcomes && !FindReportParser(format).value()->is_outcomes()) continue;
      TS_ASSIGN_OR_RETURN(const OpenReport open, Open(reports[i], lcov_seen, options));
      format = std::string(open.parser->name());
      lcov_seen |= open.parser == LcovParser();
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
