// Digest: a 128-bit content hash (XXH3-128, seed 0), and the function that computes it.
//
// It names immutable content inside one trust domain: records, segments, label lists. It is no
// defence against somebody who crafts collisions; uploads are authenticated for that.
// Source of the algorithm: https://github.com/Cyan4973/xxHash, "XXH3_128bits", canonical form.
#pragma once

#include <array>
#include <compare>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace testselect {

class Digest {
 public:
  static constexpr size_t kBytes = 16;

  Digest() = default;  // the null digest, which names nothing

  static Digest Of(absl::string_view content);  // cost: about 0.1 ns a byte
  // `bytes` must be exactly 16 bytes: kInvalidArgument naming `field` otherwise.
  static absl::StatusOr<Digest> FromBytes(absl::string_view field, absl::string_view bytes);
  // `hex` must be exactly 32 hexadecimal digits: kInvalidArgument naming `field` otherwise.
  static absl::StatusOr<Digest> FromHex(absl::string_view field, absl::string_view hex);

  std::string ToHex() const;  // 32 lower-case digits
  absl::string_view bytes() const { return absl::string_view(bytes_.data(), kBytes); }
  bool IsNull() const { return *this == Digest(); }

  friend auto operator<=>(const Digest&, const Digest&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const Digest& d) {
    return H::combine(std::move(h), d.bytes_);
  }

 private:
  friend class DigestStream;
  std::array<char, kBytes> bytes_{};
};

// Computes the digest of content that arrives in pieces. Not thread-safe.
class DigestStream {
 public:
  DigestStream();
  ~DigestStream();
  DigestStream(DigestStream&&) noexcept;
  DigestStream& operator=(DigestStream&&) noexcept;
  void Update(absl::string_view piece);
  Digest Finish() const;  // of all so far; may be called repeatedly

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace testselect
