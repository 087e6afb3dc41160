// UnescapeJson: the text of a JSON string.
#include "absl/strings/str_cat.h"
#include "server/ingest/json_reader.h"
#include "server/ingest/parse_error.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

// The value of the four hexadecimal digits at the front of `s`; -1 if there are none.
int Hex4(absl::string_view s) {
  if (s.size() < 4) return -1;
  int value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = s[static_cast<size_t>(i)];
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

void AppendUtf8(uint32_t c, std::string* out) {
  const auto put = [out](uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

// Takes the \uXXXX (and its second half) at raw[*i], which is at the 'u'.
absl::Status AppendUnicode(absl::string_view raw, size_t* i, std::string* out) {
  const int high = Hex4(raw.substr(*i + 1));
  if (high < 0) return absl::InvalidArgumentError(absl::StrCat("bad \\u in ", Quoted(raw)));
  *i += 5;
  if (high >= 0xD800 && high < 0xDC00 && raw.substr(*i, 2) == "\\u") {
    const int low = Hex4(raw.substr(*i + 2));
    if (low >= 0xDC00 && low < 0xE000) {
      *i += 6;
      AppendUtf8(0x10000 + (static_cast<uint32_t>(high - 0xD800) << 10) +
                     static_cast<uint32_t>(low - 0xDC00),
                 out);
      return absl::OkStatus();
    }
  }
  if (high >= 0xDC80 && high <= 0xDCFF) {
    out->push_back(static_cast<char>(high - 0xDC00));
  } else if (high >= 0xD800 && high < 0xE000) {
    return absl::InvalidArgumentError(absl::StrCat("half a surrogate pair in ", Quoted(raw)));
  } else {
    AppendUtf8(static_cast<uint32_t>(high), out);
  }
  return absl::OkStatus();
}

// The character that backslash `c` stands for; 0 for unknown ones.
char SimpleEscape(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
      return c;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return '\0';
  }
}

}  // namespace

absl::StatusOr<std::string> UnescapeJson(absl::string_view raw) {
  std::string out;
  out.reserve(raw.size());
  for (size_t i = 0; i < raw.size();) {
    const char c = raw[i];
    if (static_cast<unsigned char>(c) < 0x20) {
      return absl::InvalidArgumentError(absl::StrCat("raw control character in ", Quoted(raw)));
    }
    if (c != '\\') {
      out.push_back(c);
      ++i;
      continue;
    }
    if (++i == raw.size()) return absl::InvalidArgumentError("a string ends in a backslash");
    if (raw[i] == 'u') {
      TS_RETURN_IF_ERROR(AppendUnicode(raw, &i, &out));
      continue;
    }
    const char plain = SimpleEscape(raw[i]);
    if (plain == '\0') {
      return absl::InvalidArgumentError(absl::StrCat("unknown escape in ", Quoted(raw)));
    }
    out.push_back(plain);
    ++i;
  }
  return out;
}

}  // namespace testselect
