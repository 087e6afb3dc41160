// MsgpackReader: pulls through MessagePack of any size in bounded memory.
//
// What it is asked for is checked strictly; what is skipped is only measured. Not thread-safe.
// Errors of all as BinaryReader's, among them a value of another type than was asked for. A view
// that a call returns is valid until the next call.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/ingest/binary_reader.h"
#include "server/ingest/report_parser.h"

namespace testselect {

class MsgpackReader {
 public:
  // `source` must outlive this. `format` is for messages.
  MsgpackReader(ReportSource* source, absl::string_view format) : bytes_(source, format) {}

  // How many pairs, or elements, follow.
  absl::StatusOr<uint64_t> Map();
  absl::StatusOr<uint64_t> Array();
  absl::StatusOr<absl::string_view> Text();
  absl::StatusOr<absl::string_view> TextOrBytes();
  // A whole number of at least 0; a float that is one is taken, because some writers know no other.
  absl::StatusOr<uint64_t> Unsigned();
  // True, and consumed, where the next value is nil.
  absl::StatusOr<bool> Nil();
  absl::Status Skip();
  absl::Status ExpectEnd();

  absl::Status Error(absl::string_view what) const { return bytes_.Error(what); }
  absl::Status AtByte(const absl::Status& status) const { return bytes_.AtByte(status); }

 private:
  enum class Kind { kNil, kBool, kUnsigned, kNegative, kFloat, kText, kBytes, kArray, kMap, kExt };
  // The head of a value: `number` is the value itself, or how many bytes, elements or pairs follow.
  struct Head {
    Kind kind = Kind::kNil;
    uint64_t number = 0;
    double real = 0;
  };
  absl::StatusOr<Head> ReadHead();
  absl::StatusOr<Head> ReadLongHead(uint8_t first);
  absl::StatusOr<Head> Float(int bytes);
  absl::Status Unwanted(absl::string_view wanted, const Head& found) const;

  BinaryReader bytes_;
  Head pending_;  // read ahead by Nil
  bool has_pending_ = false;
};

}  // namespace testselect
