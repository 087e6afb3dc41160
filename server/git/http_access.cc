#include "server/git/http_access.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace testselect {
namespace {

bool IsHttp(absl::string_view url) {
  return absl::StartsWith(url, "http://") || absl::StartsWith(url, "https://");
}

bool IsHex(char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)); }

// "a%40b" -> "a@b".
std::string PercentDecoded(absl::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool coded =
        text[i] == '%' && i + 2 < text.size() && IsHex(text[i + 1]) && IsHex(text[i + 2]);
    out.append(coded ? absl::HexStringToBytes(text.substr(i + 1, 2)) : std::string(1, text[i]));
    if (coded) i += 2;
  }
  return out;
}

}  // namespace

HttpAccess HttpAccess::Of(const std::string& url) {
  if (!IsHttp(url)) return {url, ""};
  const size_t start = url.find("://") + 3;
  const size_t at = url.substr(0, url.find('/', start)).rfind('@');
  if (at == std::string::npos || at < start) return {url, ""};
  const std::string pair = url.substr(start, at - start);
  const size_t colon = pair.find(':');
  const std::string password = colon == std::string::npos ? "" : pair.substr(colon + 1);
  const std::string shown =
      absl::StrCat(PercentDecoded(pair.substr(0, colon)), ":", PercentDecoded(password));
  return {absl::StrCat(url.substr(0, start), url.substr(at + 1)),
          absl::StrCat("Authorization: Basic ", absl::Base64Escape(shown))};
}

absl::Status ExplainHttpError(const HttpAccess& access, bool refused, const absl::Status& error) {
  if (!IsHttp(access.url)) return error;
  const bool known = !access.authorization.empty();
  std::string meaning;
  if (refused && known) {
    meaning = "the server does not accept the URL's user and password (401)";
  } else if (refused) {
    meaning =
        "the server asks for a user and a password (401), which the repository's URL may hold: "
        "https://USER:TOKEN@host/path";
  } else if (absl::StrContains(error.message(), "invalid content-type")) {
    meaning = "no git server answers there";
  } else if (known && absl::StrContains(error.message(), "redirect")) {
    meaning =
        "the server redirects elsewhere, where the URL's password is not sent: configure the URL "
        "that it redirects to";
  }
  if (meaning.empty()) return error;
  return absl::Status(error.code(), absl::StrCat(meaning, " (", error.message(), ")"));
}

}  // namespace testselect
