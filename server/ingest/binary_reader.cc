#include "server/ingest/binary_reader.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "server/ingest/parse_error.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr size_t kFirstBytes = 64 << 10;

}  // namespace

BinaryReader::BinaryReader(ReportSource* source, absl::string_view format)
    : source_(source), format_(format), buffer_(kFirstBytes) {}

absl::Status BinaryReader::Error(absl::string_view what) const {
  return ReportError(source_->name(), format_, absl::StrCat("byte ", offset()), what);
}

absl::Status BinaryReader::AtByte(const absl::Status& status) const {
  return AtPlace(status, source_->name(), format_, absl::StrCat("byte ", offset()));
}

absl::StatusOr<bool> BinaryReader::Fill() {
  std::memmove(buffer_.data(), buffer_.data() + at_, end_ - at_);
  base_ += at_;
  end_ -= at_;
  at_ = 0;
  if (end_ > buffer_.size() / 2) buffer_.resize(buffer_.size() * 2);
  TS_ASSIGN_OR_RETURN(const size_t n, source_->Read(buffer_.data() + end_, buffer_.size() - end_));
  end_ += n;
  return n > 0;
}

absl::Status BinaryReader::Ensure(uint64_t n) {
  if (n > kMaxBytes) {
    return Error(absl::StrCat("a piece of ", n, " bytes; the limit is ", kMaxBytes));
  }
  while (end_ - at_ < n) {
    TS_ASSIGN_OR_RETURN(const bool more, Fill());
    if (!more) {
      return Error(absl::StrCat("the report is cut off: ", n, " bytes belong here, ", end_ - at_,
                                " are left"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<absl::string_view> BinaryReader::Bytes(uint64_t n) {
  TS_RETURN_IF_ERROR(Ensure(n));
  const absl::string_view bytes(buffer_.data() + at_, n);
  at_ += n;
  return bytes;
}

absl::Status BinaryReader::Skip(uint64_t n) {
  while (n > 0) {
    if (at_ == end_) {
      TS_ASSIGN_OR_RETURN(const bool more, Fill());
      if (!more) return Error(absl::StrCat("the report is cut off: ", n, " bytes are missing"));
    }
    const uint64_t step = std::min<uint64_t>(n, end_ - at_);
    at_ += step;
    n -= step;
  }
  return absl::OkStatus();
}

absl::StatusOr<uint8_t> BinaryReader::Byte() {
  if (at_ == end_) TS_RETURN_IF_ERROR(Ensure(1));
  return static_cast<uint8_t>(buffer_[at_++]);
}

absl::StatusOr<uint64_t> BinaryReader::LittleEndian(int bytes) {
  TS_ASSIGN_OR_RETURN(const absl::string_view raw, Bytes(static_cast<uint64_t>(bytes)));
  uint64_t value = 0;
  for (int i = bytes - 1; i >= 0; --i) value = value << 8 | static_cast<uint8_t>(raw[i]);
  return value;
}

absl::StatusOr<uint64_t> BinaryReader::BigEndian(int bytes) {
  TS_ASSIGN_OR_RETURN(const absl::string_view raw, Bytes(static_cast<uint64_t>(bytes)));
  uint64_t value = 0;
  for (const char c : raw) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

absl::StatusOr<uint64_t> BinaryReader::Uleb128() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    TS_ASSIGN_OR_RETURN(const uint8_t byte, Byte());
    const uint64_t bits = byte & 0x7F;
    if (shift == 63 && bits > 1) break;
    value |= bits << shift;
    if (byte < 0x80) return value;
  }
  return Error("a number has more than 64 bits");
}

absl::StatusOr<bool> BinaryReader::AtEnd() {
  if (at_ < end_) return false;
  TS_ASSIGN_OR_RETURN(const bool more, Fill());
  return !more;
}

}  // namespace testselect
