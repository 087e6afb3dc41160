// LEB128 varints and length-prefixed strings, the primitives of every persistent record.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace testselect {

void PutVarint(std::string* out, uint64_t value);          // 1 to 10 bytes
void PutBytes(std::string* out, absl::string_view bytes);  // varint length, then the bytes
inline uint64_t ZigZag(int64_t v) {
  return (static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63);
}
inline int64_t UnZigZag(uint64_t v) {
  return static_cast<int64_t>(v >> 1) ^ -static_cast<int64_t>(v & 1);
}

// Reads a record front to back. The first malformed read makes ok() false, and every later read
// returns 0 or "" without moving, so that a caller may check once at the end. Does not own `data`.
class RecordReader {
 public:
  explicit RecordReader(absl::string_view data) : rest_(data) {}
  uint64_t Varint();
  absl::string_view Bytes();          // a length-prefixed string
  absl::string_view Fixed(size_t n);  // exactly n bytes
  bool ok() const { return ok_; }
  bool AtEnd() const { return rest_.empty(); }
  absl::string_view rest() const { return rest_; }
  // Ok if everything was well formed and nothing is left; else kDataLoss naming `what`.
  absl::Status Finish(absl::string_view what) const;

 private:
  absl::string_view rest_;
  bool ok_ = true;
};

}  // namespace testselect
