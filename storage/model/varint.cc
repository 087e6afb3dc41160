#include "storage/model/varint.h"

#include "absl/strings/str_cat.h"

namespace testselect {

void PutVarint(std::string* out, uint64_t value) {
  while (value >= 128) {
    out->push_back(static_cast<char>(value | 128));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

void PutBytes(std::string* out, absl::string_view bytes) {
  PutVarint(out, bytes.size());
  out->append(bytes.data(), bytes.size());
}

uint64_t RecordReader::Varint() {
  uint64_t value = 0;
  for (size_t i = 0; ok_ && i < rest_.size() && i < 10; ++i) {
    const unsigned char byte = static_cast<unsigned char>(rest_[i]);
    if (i == 9 && byte > 1) break;  // would not fit 64 bits
    value |= static_cast<uint64_t>(byte & 127) << (7 * i);
    if (byte < 128) {
      rest_.remove_prefix(i + 1);
      return value;
    }
  }
  ok_ = false;
  return 0;
}

absl::string_view RecordReader::Bytes() { return Fixed(Varint()); }

absl::string_view RecordReader::Fixed(size_t n) {
  if (!ok_ || n > rest_.size()) {
    ok_ = false;
    return {};
  }
  const absl::string_view bytes = rest_.substr(0, n);
  rest_.remove_prefix(n);
  return bytes;
}

absl::Status RecordReader::Finish(absl::string_view what) const {
  if (!ok_) return absl::DataLossError(absl::StrCat(what, ": the record is malformed"));
  if (!rest_.empty()) {
    return absl::DataLossError(
        absl::StrCat(what, ": ", rest_.size(), " bytes are left after the record's end"));
  }
  return absl::OkStatus();
}

}  // namespace testselect
