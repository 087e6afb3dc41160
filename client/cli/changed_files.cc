#include "client/cli/changed_files.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

// The bytes of a path that git printed in quotes; nothing where it is not one.
std::optional<std::string> Unquote(absl::string_view quoted) {
  if (quoted.size() < 2 || quoted.back() != '"') return std::nullopt;
  quoted = quoted.substr(1, quoted.size() - 2);
  constexpr absl::string_view kLetters = "abtnvfr\"\\";
  constexpr absl::string_view kMeanings = "\a\b\t\n\v\f\r\"\\";
  std::string path;
  while (!quoted.empty()) {
    const char c = quoted[0];
    quoted.remove_prefix(1);
    if (c == '"') return std::nullopt;
    if (c != '\\') {
      path += c;
      continue;
    }
    if (quoted.empty()) return std::nullopt;
    if (const size_t at = kLetters.find(quoted[0]); at != absl::string_view::npos) {
      path += kMeanings[at];
      quoted.remove_prefix(1);
      continue;
    }
    int byte = 0;
    if (quoted.size() < 3 || quoted[0] > '3') return std::nullopt;
    for (const char digit : quoted.substr(0, 3)) {
      if (digit < '0' || digit > '7') return std::nullopt;
      byte = byte * 8 + (digit - '0');
    }
    path += static_cast<char>(byte);
    quoted.remove_prefix(3);
  }
  return path;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ParseChangedFiles(absl::string_view field,
                                                           absl::string_view text) {
  std::vector<std::string> paths;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripSuffix(line, "\r");
    if (line.empty()) continue;
    std::optional<std::string> path = line[0] == '"' ? Unquote(line) : std::string(line);
    if (!path.has_value() || path->empty() || (*path)[0] == '/') {
      return absl::InvalidArgumentError(
          absl::StrCat(field, ": line ", number, ": '", Shorten(line),
                       "': expected a path from the top of the repository"));
    }
    absl::string_view plain = *path;
    while (absl::ConsumePrefix(&plain, "./")) {
    }
    paths.emplace_back(plain);
  }
  return paths;
}

}  // namespace testselect::client
