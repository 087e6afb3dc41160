// UnpackReports: the files of an archive that may be reports, or part of one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/ingest/report_archive.h"
#include "server/ingest/report_parser.h"

namespace testselect {

struct UnpackedReports {
  std::vector<UnpackedArchive::File> files;                // sorted by path
  std::vector<std::unique_ptr<UnpackedArchive>> archives;  // that hold them
};

// As UnpackedArchive::Unpack, with two additions. Of Java's archives (.jar, .war, .ear, .aar),
// `source` itself or within it, only the compiled classes count, and archives within archives are
// opened. A SQLite database whose write-ahead log lies beside it holds the log's content
// (sqlite_log.h). Errors: as both; kInvalidArgument for archives nested deeper than five.
absl::StatusOr<UnpackedReports> UnpackReports(ReportSource& source, const std::string& spool_dir,
                                              uint64_t max_bytes);

}  // namespace testselect
