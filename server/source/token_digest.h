// TokenDigest: fingerprints of tokens, without comments and layout.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "storage/model/digest.h"

namespace testselect {

// Collects tokens; equal sequences of tokens have equal digests, others (practically) never.
class TokenDigest {
 public:
  void Add(absl::string_view token) {
    const uint32_t size = static_cast<uint32_t>(token.size());
    bytes_.append(reinterpret_cast<const char*>(&size), sizeof(size));
    bytes_.append(token.data(), token.size());
  }
  Digest Finish() const { return Digest::Of(bytes_); }

 private:
  std::string bytes_;
};

}  // namespace testselect
