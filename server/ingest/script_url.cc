#include "server/ingest/script_url.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace testselect {
namespace {

std::string PercentDecoded(absl::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    uint32_t byte = 0;
    if (text[i] == '%' && i + 2 < text.size() && absl::ascii_isxdigit(text[i + 1]) &&
        absl::ascii_isxdigit(text[i + 2]) && absl::SimpleHexAtoi(text.substr(i + 1, 2), &byte)) {
      out.push_back(static_cast<char>(byte));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

bool HasDrive(absl::string_view path) {
  return path.size() > 2 && absl::ascii_isalpha(static_cast<unsigned char>(path[0])) &&
         path[1] == ':' && (path[2] == '/' || path[2] == '\\');
}

bool IsAbsolute(absl::string_view path) { return absl::StartsWith(path, "/") || HasDrive(path); }

}  // namespace

std::string PathOfScript(absl::string_view url) {
  if (IsAbsolute(url)) return std::string(url);
  if (!absl::ConsumePrefix(&url, "file://") || !absl::StartsWith(url, "/")) return "";
  const std::string path = PercentDecoded(url.substr(0, url.find_first_of("?#")));
  return HasDrive(absl::string_view(path).substr(1)) ? path.substr(1) : path;
}

std::string PathOfSource(absl::string_view source, absl::string_view root,
                         absl::string_view script) {
  if (source.empty()) return "";
  if (absl::ConsumePrefix(&source, "webpack://")) {
    const size_t slash = source.find('/');  // behind the project's name, which may be empty
    source = slash == absl::string_view::npos ? "" : source.substr(slash + 1);
    return std::string(absl::StripPrefix(source.substr(0, source.find('?')), "./"));
  }
  const std::string below = root.empty() || absl::StrContains(source, "://") || IsAbsolute(source)
                                ? std::string(source)
                                : absl::StrCat(absl::StripSuffix(root, "/"), "/", source);
  if (absl::StrContains(below, "://") || IsAbsolute(below)) return PathOfScript(below);
  const size_t slash = script.find_last_of("/\\");
  return absl::StrCat(slash == absl::string_view::npos ? "" : script.substr(0, slash + 1), below);
}

}  // namespace testselect
