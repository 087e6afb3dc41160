#include "storage/model/text.h"

#include <simdjson.h>

#include <cstdint>
#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace testselect {
namespace {

// How many bytes at the front are ASCII, to the next lower multiple of 8 or all.
size_t AsciiPrefix(absl::string_view text) {
  size_t at = 0;
  for (uint64_t word; text.size() - at >= sizeof word; at += sizeof word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    if ((word & 0x8080808080808080u) != 0) return at;
  }
  for (size_t i = at; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0x80) != 0) return at;
  }
  return text.size();
}

}  // namespace

bool IsUtf8(absl::string_view text) {
  text.remove_prefix(AsciiPrefix(text));  // most texts end here, without a call
  return text.empty() || simdjson::validate_utf8(text.data(), text.size());
}

std::string Shorten(absl::string_view text, size_t limit) {
  const bool cut = text.size() > limit;
  if (cut) {
    text = text.substr(0, limit);
    // Not in the middle of a character: at most three continuation bytes can be missing.
    for (int i = 0; i < 3 && !text.empty() && !IsUtf8(text); ++i) text.remove_suffix(1);
  }
  const bool utf8 = IsUtf8(text);
  std::string shown;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !utf8)) {
      absl::StrAppend(&shown, absl::CHexEscape(absl::string_view(&c, 1)));
    } else {
      shown += c;
    }
  }
  return cut ? absl::StrCat(shown, "...") : shown;
}

}  // namespace testselect
