#include "client/shell_quote.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace testselect::client {

std::string ShellQuote(absl::string_view word) {
  const auto harmless = [](unsigned char c) {
    return absl::ascii_isalnum(c) ||
           absl::string_view("%+,-./:=@_").find(static_cast<char>(c)) != absl::string_view::npos;
  };
  if (!word.empty() && std::all_of(word.begin(), word.end(), harmless)) return std::string(word);
  return absl::StrCat("'", absl::StrReplaceAll(word, {{"'", "'\\''"}}), "'");
}

}  // namespace testselect::client
