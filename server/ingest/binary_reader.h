// BinaryReader: pulls through a binary report of any size in bounded memory.
//
// Not thread-safe. Errors of all: kInvalidArgument "<report>: <format>: byte N: ..." where the
// report ends too early or a value is none; the source's own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/ingest/report_parser.h"

namespace testselect {

class BinaryReader {
 public:
  // The longest piece that is held in memory at once.
  static constexpr uint64_t kMaxBytes = 256 << 20;

  // `source` must outlive this. `format` is for messages.
  BinaryReader(ReportSource* source, absl::string_view format);

  // The next `n` bytes, valid until the next call. What is no report's fault costs no memory: a
  // piece is made room for as its bytes arrive.
  absl::StatusOr<absl::string_view> Bytes(uint64_t n);
  absl::Status Skip(uint64_t n);
  absl::StatusOr<uint8_t> Byte();
  // Unsigned, of 1 to 8 bytes.
  absl::StatusOr<uint64_t> LittleEndian(int bytes);
  absl::StatusOr<uint64_t> BigEndian(int bytes);
  // Seven bits a byte, the lowest first; refused over 64 bits.
  absl::StatusOr<uint64_t> Uleb128();
  absl::StatusOr<bool> AtEnd();

  uint64_t offset() const { return base_ + at_; }  // of the next byte
  absl::Status Error(absl::string_view what) const;
  absl::Status AtByte(const absl::Status& status) const;  // the same for a status

 private:
  absl::StatusOr<bool> Fill();  // more behind what is there; false at the end
  absl::Status Ensure(uint64_t n);

  ReportSource* const source_;
  const std::string format_;
  std::vector<char> buffer_;
  size_t at_ = 0, end_ = 0;
  uint64_t base_ = 0;  // of buffer_ in the report
};

}  // namespace testselect
