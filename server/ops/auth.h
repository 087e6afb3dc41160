// Bearer tokens.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace testselect {

// The tokens that may change the index. Immutable and thread-safe.
class TokenSet {
 public:
  static constexpr size_t kMinBytes = 16;

  TokenSet() = default;  // no tokens: everybody may
  // One token a line; blank lines and lines that begin with '#' do not count. kNotFound or
  // kPermissionDenied if the file cannot be read, kInvalidArgument if it has no token or one with
  // fewer than kMinBytes bytes (naming the line, never the token).
  static absl::StatusOr<TokenSet> Load(const std::string& path);

  bool required() const { return !tokens_.empty(); }
  // Whether `token` is one of them. The time it takes does not tell how much of it was right.
  bool Allows(absl::string_view token) const;

 private:
  std::vector<std::string> tokens_;
};

}  // namespace testselect
