#include "server/ops/auth.h"

#include <cerrno>
#include <fstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace testselect {
namespace {

// Compares all of `expected`, whatever `given` is.
bool EqualInConstantTime(absl::string_view expected, absl::string_view given) {
  unsigned char difference = expected.size() == given.size() ? 0 : 1;
  for (size_t i = 0; i < expected.size(); ++i) {
    const char c = i < given.size() ? given[i] : '\0';
    difference |= static_cast<unsigned char>(expected[i] ^ c);
  }
  return difference == 0;
}

}  // namespace

absl::StatusOr<TokenSet> TokenSet::Load(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    return absl::ErrnoToStatus(errno, absl::StrCat("token-file '", path, "' cannot be read"));
  }
  TokenSet set;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    const absl::string_view token = absl::StripAsciiWhitespace(line);
    if (token.empty() || token[0] == '#') continue;
    if (token.size() < kMinBytes) {
      return absl::InvalidArgumentError(
          absl::StrCat("token-file '", path, "' line ", number, ": the token has ", token.size(),
                       " bytes, at least ", kMinBytes, " are needed"));
    }
    set.tokens_.emplace_back(token);
  }
  if (set.tokens_.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("token-file '", path, "' has no token"));
  }
  return set;
}

bool TokenSet::Allows(absl::string_view token) const {
  bool allowed = false;
  for (const std::string& expected : tokens_) allowed |= EqualInConstantTime(expected, token);
  return allowed;
}

}  // namespace testselect
