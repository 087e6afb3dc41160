#include "server/ingest/ingestor.h"

#include <string>
#include <utility>

#include "server/ingest/report_reader.h"
#include "server/ingest/upload_builder.h"
#include "storage/model/status_macros.h"

namespace testselect {

absl::StatusOr<IngestResult> ParseUpload(absl::Span<const ReportFile> reports,
                                         const IngestOptions& options) {
  if (reports.empty()) return absl::InvalidArgumentError("reports: none is given");
  TS_ASSIGN_OR_RETURN(PathMapper paths, PathMapper::Create(options.paths, options.tree_paths));
  UploadBuilder builder(std::move(paths), options.dictionary, options.renumber, options.tree_paths);
  builder.set_source_texts(options.source_texts);
  IngestResult result;
  ReportReader reader(reports, options, &builder);
  TS_RETURN_IF_ERROR(reader.Read());
  result.summary.formats = reader.TakeFormats();
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
  if (std::string missed = builder.paths().MissWarning(); !missed.empty()) {
    summary.warnings.push_back(std::move(missed));
  }
  return result;
}

}  // namespace testselect
