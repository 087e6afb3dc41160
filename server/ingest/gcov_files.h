// The list of files that gcov's own JSON and gcovr's have in common.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/ingest/json_reader.h"
#include "server/ingest/line_bits.h"

namespace testselect {

struct GcovFile {
  std::string path;  // as the report writes it
  LineBits lines;    // executed ones
};

// Reads one {"file": ..., "lines": [{"line_number": 3, "count": 1, ...}, ...], ...}. A line is
// listed once for each instantiation of a template: one of them that was executed makes it count.
// Errors: the reader's, naming the byte.
absl::Status ReadGcovFile(JsonReader* json, GcovFile* file);

}  // namespace testselect
