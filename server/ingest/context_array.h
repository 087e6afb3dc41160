// ContextArrayReader: the label arrays of a coverage.py JSON report, at memory speed.
//
// A report repeats the same few thousand names millions of times, and neighbouring lines mostly
// have equal arrays. So an array that equals the one before it costs one comparison, a name that
// follows the same name as last time costs one comparison, any other name one hash, and only a name
// seen for the first time is unescaped. Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/ingest/evidence_sink.h"
#include "server/ingest/json_reader.h"

namespace testselect {

struct ContextArray {
  absl::Span<const ContextId> labels;  // any order, may repeat
  bool outside_tests = false;          // '' was among them
};

class ContextArrayReader {
 public:
  // Both must outlive this. Names become contexts of `sink`.
  ContextArrayReader(JsonReader* json, EvidenceSink* sink) : json_(json), sink_(sink) {}

  // Reads an array of strings. The result is valid until the next call.
  absl::StatusOr<ContextArray> Read();

  // The contexts seen, '' left out, in order of appearance.
  const std::vector<std::string>& contexts_seen() const { return seen_; }

 private:
  struct Name {
    std::string quoted;  // as written, with both quotes
    ContextId context = kGlobalContext;
    uint32_t next = 0;  // the name that followed it last
  };

  absl::Status ReadElements();
  // Skips white space from offset *n on and returns the character there.
  absl::StatusOr<char> CharAt(size_t* n);
  // The name whose opening quote is at offset *n, which is moved past it.
  absl::StatusOr<uint32_t> ReadName(uint32_t previous, size_t* n);
  absl::StatusOr<uint32_t> Intern(absl::string_view quoted);

  JsonReader* const json_;
  EvidenceSink* const sink_;
  std::deque<Name> names_;
  absl::flat_hash_map<absl::string_view, uint32_t> by_text_;  // points into names_
  uint32_t first_ = 0;                                        // the name that began the last array
  std::string last_array_;                                    // as written
  std::vector<ContextId> contexts_;
  bool outside_tests_ = false;
  std::vector<std::string> seen_;
};

}  // namespace testselect
