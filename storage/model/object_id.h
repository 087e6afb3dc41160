// ObjectId: the 20-byte name of a git object (commit, tree or blob).
//
// A value type. "Full 40 hex" is the only text form: abbreviations are refused, because an
// abbreviation that is unique today may be ambiguous tomorrow.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace testselect {

class ObjectId {
 public:
  static constexpr size_t kBytes = 20;
  static constexpr size_t kHexChars = 40;

  // The null id, which names no object.
  ObjectId() = default;

  // Parses exactly 40 hexadecimal digits of either case. kInvalidArgument otherwise; the message
  // names `field`, the value (cut at 80 characters) and the limit.
  static absl::StatusOr<ObjectId> FromHex(absl::string_view field, absl::string_view hex);
  // Takes the first 20 bytes of `bytes`, which must have at least that many.
  static ObjectId FromBytes(const unsigned char* bytes);

  std::string ToHex() const;  // 40 lower-case digits
  absl::string_view bytes() const {
    return absl::string_view(reinterpret_cast<const char*>(bytes_.data()), kBytes);
  }
  const unsigned char* data() const { return bytes_.data(); }
  bool IsNull() const;

  friend auto operator<=>(const ObjectId&, const ObjectId&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const ObjectId& id) {
    return H::combine(std::move(h), id.bytes_);
  }

 private:
  std::array<unsigned char, kBytes> bytes_{};
};

}  // namespace testselect
