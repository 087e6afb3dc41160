#include "storage/model/digest.h"

#include <xxhash.h>
#if defined(__x86_64__)
#include <xxh_x86dispatch.h>  // the same functions, by what the processor can do: twice the speed
#endif

#include <algorithm>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "storage/model/text.h"

namespace testselect {
namespace {

std::array<char, Digest::kBytes> Canonical(XXH128_hash_t hash) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, hash);
  std::array<char, Digest::kBytes> bytes;
  std::memcpy(bytes.data(), canonical.digest, Digest::kBytes);
  return bytes;
}

}  // namespace

Digest Digest::Of(absl::string_view content) {
  Digest digest;
  digest.bytes_ = Canonical(XXH3_128bits(content.data(), content.size()));
  return digest;
}

absl::StatusOr<Digest> Digest::FromBytes(absl::string_view field, absl::string_view bytes) {
  if (bytes.size() != kBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ": '", absl::BytesToHexString(bytes.substr(0, 40)), "' has ",
                     bytes.size(), " bytes; a digest must have 16"));
  }
  Digest digest;
  std::copy(bytes.begin(), bytes.end(), digest.bytes_.begin());
  return digest;
}

absl::StatusOr<Digest> Digest::FromHex(absl::string_view field, absl::string_view hex) {
  if (hex.size() != 2 * kBytes || !std::all_of(hex.begin(), hex.end(), absl::ascii_isxdigit)) {
    return absl::InvalidArgumentError(absl::StrCat(
        field, ": '", Shorten(hex), "' is no digest; it must have 32 hexadecimal digits"));
  }
  return FromBytes(field, absl::HexStringToBytes(hex));
}

std::string Digest::ToHex() const { return absl::BytesToHexString(bytes()); }

struct DigestStream::State {
  // XXH3_state_t wants 64-byte alignment, which XXH3_createState gives.
  struct Free {
    void operator()(XXH3_state_t* s) const { XXH3_freeState(s); }
  };
  std::unique_ptr<XXH3_state_t, Free> xxh{XXH3_createState()};
};

DigestStream::DigestStream() : state_(std::make_unique<State>()) {
  XXH3_128bits_reset(state_->xxh.get());
}
DigestStream::~DigestStream() = default;
DigestStream::DigestStream(DigestStream&&) noexcept = default;
DigestStream& DigestStream::operator=(DigestStream&&) noexcept = default;

void DigestStream::Update(absl::string_view piece) {
  XXH3_128bits_update(state_->xxh.get(), piece.data(), piece.size());
}

Digest DigestStream::Finish() const {
  Digest digest;
  digest.bytes_ = Canonical(XXH3_128bits_digest(state_->xxh.get()));
  return digest;
}

}  // namespace testselect
