// What SimpleCov's two files have in common: lines, bit maps, and names of runs.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/ingest/evidence_sink.h"
#include "server/ingest/json_reader.h"
#include "server/ingest/line_bits.h"

namespace testselect {

// Adds the executed lines of an array with a count per line: null and "ignored" are no code.
absl::Status ReadSimpleCovLines(JsonReader& json, LineBits* executed);

// A bit map in hexadecimal, whose bit N is line N + 1. kInvalidArgument for other characters and
// for lines over kMaxLine.
absl::StatusOr<LineBits> ParseSimpleCovBits(absl::string_view hex);

// Whether the name of a run (`command_name`) is one that SimpleCov gives by itself, which names a
// test framework and no test: "RSpec", "Unit Tests (2/4)".
bool IsSimpleCovDefaultName(absl::string_view command_name);

// The contexts of SimpleCov 1.1 (`track_tests`): a list of tests, and per file a bit map for each
// test that executed something there. Lines that were executed in no test ran outside them.
class SimpleCovContexts {
 public:
  explicit SimpleCovContexts(EvidenceSink* sink) : sink_(sink) {}

  // The list: an array of names, in the order in which the tests ran.
  absl::Status ReadList(JsonReader& json);
  // The bit maps of one file, {"0": "1f", ...}: needs the list. Adds the lines to `covered`.
  absl::Status ReadFile(JsonReader& json, FileId file, LineBits* covered) const;

 private:
  EvidenceSink* const sink_;
  std::vector<ContextId> contexts_;
};

}  // namespace testselect
