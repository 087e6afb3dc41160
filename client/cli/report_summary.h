// ReportSummary: what reports hold, counted and hashed without storing anything.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "server/ingest/ingestor.h"

namespace testselect::client {

struct ReportSummary {
  std::string format;  // of all reports; several are joined by ','
  uint64_t labels = 0, files = 0, pairs = 0, global_pairs = 0, outcomes = 0;
  std::string pairs_sha256;  // 64 hexadecimal digits
};

// `pairs` counts distinct executed (label, file, line) triples, whatever their phase; the hash is
// over the lines `label TAB file TAB line LF` sorted by label, file (both bytewise) and line
// number. kDataLoss where a record cannot be read. Memory: 8 bytes for each (label, line run).
absl::StatusOr<ReportSummary> Summarise(const IngestResult& result);

}  // namespace testselect::client
