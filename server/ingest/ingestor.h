// ParseUpload: the reports of one upload -> SegmentContent. Stores nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/ingest/path_mapper.h"
#include "server/ingest/report_parser.h"
#include "storage/index_store.h"
#include "storage/segment_content.h"

namespace testselect {

// One report of an upload, on disk: a report, or an archive of several (report_archive.h).
struct ReportFile {
  std::string file;       // where it lies
  std::string name;       // as the user called it, for messages
  std::string format;     // a parser's name; empty: found from the content
  std::string label;      // for a report that names no test
  bool outcomes = false;  // declared as outcomes: a format that is none is refused
};

struct IngestOptions {
  PathRules paths;
  std::vector<std::string> tree_paths;                // of the commit; empty: not known
  SourceTexts source_texts;                           // of the commit's files; empty: not known
  std::shared_ptr<const LabelDictionary> dictionary;  // to extend; may be empty
  bool renumber = false;
  bool static_context_is_global = true;  // ParseOptions; false to inspect a report's own words
  std::string spool_dir;
  uint64_t max_report_bytes = 64ull << 30;  // after decompression, each
};

// What was found, for the answer and the metrics.
struct IngestSummary {
  // One per report; further ones that an archive held are at the end.
  std::vector<std::string> formats;
  uint64_t labels = 0, files = 0, pairs = 0, global_lines = 0;
  uint64_t outcomes = 0;  // results as the reports list them, repeats included
  uint64_t paths_mapped = 0, paths_missed = 0;
  std::vector<std::string> warnings;  // e.g. outcomes of labels that have no coverage
};

struct IngestResult {
  SegmentContent content;
  IngestSummary summary;
};

// Errors: kInvalidArgument (a malformed report, paths that mostly miss, no evidence at all) naming
// the report, the place and the value; kResourceExhausted (a limit, a full disk). Memory follows
// SegmentBuilder's. Outcomes whose labels differ in spelling from the coverage's (JUnit's classname
// and name) are matched to known labels (outcome_labels.h); the rest become labels without
// evidence.
//
// In an archive every file is a report of its own, or part of one (FolderParser). A file of no
// known format is refused if a report beside it has the same file name extension (it may be a
// broken one), else left out with a warning.
absl::StatusOr<IngestResult> ParseUpload(absl::Span<const ReportFile> reports,
                                         const IngestOptions& options);

}  // namespace testselect
