#include "storage/model/object_id.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "storage/model/text.h"

namespace testselect {

absl::StatusOr<ObjectId> ObjectId::FromHex(absl::string_view field, absl::string_view hex) {
  if (hex.size() != kHexChars || !std::all_of(hex.begin(), hex.end(), absl::ascii_isxdigit)) {
    return absl::InvalidArgumentError(absl::StrCat(field, ": '", Shorten(hex),
                                                   "' is no full commit id; it must have 40 "
                                                   "hexadecimal digits"));
  }
  const std::string raw = absl::HexStringToBytes(hex);
  return FromBytes(reinterpret_cast<const unsigned char*>(raw.data()));
}

ObjectId ObjectId::FromBytes(const unsigned char* bytes) {
  ObjectId id;
  std::memcpy(id.bytes_.data(), bytes, kBytes);
  return id;
}

std::string ObjectId::ToHex() const { return absl::BytesToHexString(bytes()); }

bool ObjectId::IsNull() const { return *this == ObjectId(); }

}  // namespace testselect
