#include "server/ingest/json_reader.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "server/ingest/parse_error.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr size_t kWindowBytes = 256 << 10;

bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

// Whether the quote at `quote` is escaped: an odd number of backslashes stands before it.
bool IsEscaped(const char* first, const char* quote) {
  const char* p = quote;
  while (p > first && p[-1] == '\\') --p;
  return (quote - p) % 2 != 0;
}

// The open brackets of a value that is skipped.
class Brackets {
 public:
  // False where `c` does not fit, or at the depth limit.
  bool Take(char c) {
    if (c == '{' || c == '[') {
      if (depth_ == JsonReader::kMaxDepth) return false;
      kinds_ = kinds_ << 1 | (c == '{' ? 1 : 0);
      ++depth_;
      return true;
    }
    if (depth_ == 0 || (kinds_ & 1) != (c == '}' ? 1 : 0)) return false;
    kinds_ >>= 1;
    --depth_;
    return true;
  }
  int depth() const { return depth_; }

 private:
  uint64_t kinds_ = 0;
  int depth_ = 0;
};

}  // namespace

JsonReader::JsonReader(ReportSource* source, absl::string_view format)
    : source_(source), format_(format), buffer_(kWindowBytes) {}

absl::Status JsonReader::Error(absl::string_view what) const {
  return ReportError(source_->name(), format_, absl::StrCat("byte ", offset()), what);
}

absl::Status JsonReader::AtByte(const absl::Status& status) const {
  return AtPlace(status, source_->name(), format_, absl::StrCat("byte ", offset()));
}

absl::StatusOr<bool> JsonReader::Fill() {
  if (eof_) return false;
  if (at_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + at_, end_ - at_);
    base_ += at_;
    end_ -= at_;
    at_ = 0;
  }
  // Room for at least as much as is there already, so that what is moved stays a small share.
  if (end_ > buffer_.size() / 2) {
    if (end_ > kMaxValueBytes) {
      return Error(absl::StrCat("a value is longer than ", kMaxValueBytes, " bytes"));
    }
    buffer_.resize(buffer_.size() * 2);
  }
  TS_ASSIGN_OR_RETURN(const size_t n, source_->Read(buffer_.data() + end_, buffer_.size() - end_));
  end_ += n;
  eof_ = n == 0;
  return n > 0;
}

absl::Status JsonReader::Start() {
  while (available() < 3) {
    TS_ASSIGN_OR_RETURN(const bool more, Fill());
    if (!more) break;
  }
  const absl::string_view head(data(), available());
  if (head.empty()) return Error("the report is empty");
  if (head.substr(0, 2) == "\xFF\xFE" || head.substr(0, 2) == "\xFE\xFF") {
    return Error("the text is UTF-16; JSON must be UTF-8");
  }
  if (head.substr(0, 3) == "\xEF\xBB\xBF") Consume(3);
  return absl::OkStatus();
}

absl::Status JsonReader::SkipSpace() {
  for (;;) {
    while (at_ < end_ && IsSpace(buffer_[at_])) ++at_;
    if (at_ < end_) return absl::OkStatus();
    TS_ASSIGN_OR_RETURN(const bool more, Fill());
    if (!more) return Error("the text ends too early");
  }
}

absl::StatusOr<char> JsonReader::PeekChar() {
  TS_RETURN_IF_ERROR(SkipSpace());
  return buffer_[at_];
}

absl::Status JsonReader::Expect(char c) {
  TS_ASSIGN_OR_RETURN(const char found, PeekChar());
  if (found != c) {
    return Error(absl::StrCat("expected '", absl::string_view(&c, 1), "', found ",
                              Quoted(absl::string_view(&found, 1))));
  }
  ++at_;
  return absl::OkStatus();
}

absl::StatusOr<bool> JsonReader::NextElement(bool* first) {
  TS_ASSIGN_OR_RETURN(const char c, PeekChar());
  if (*first && c == ']') {
    ++at_;
    return false;
  }
  if (!*first) {
    if (c == ']') {
      ++at_;
      return false;
    }
    TS_RETURN_IF_ERROR(Expect(','));
  }
  *first = false;
  return true;
}

absl::StatusOr<bool> JsonReader::NextMember(bool* first, absl::string_view* raw_key) {
  TS_ASSIGN_OR_RETURN(char c, PeekChar());
  if (c == '}') {
    ++at_;
    return false;
  }
  if (!*first) TS_RETURN_IF_ERROR(Expect(','));
  *first = false;
  TS_ASSIGN_OR_RETURN(c, PeekChar());
  if (c != '"') return Error("expected a key in quotes");
  // The colon is looked at before the key is handed out, because looking may move the window.
  size_t key_end = 0;
  TS_RETURN_IF_ERROR(FindStringEnd(&key_end));
  size_t colon = key_end;
  for (;;) {
    while (colon < available() && IsSpace(data()[colon])) ++colon;
    if (colon < available()) break;
    TS_ASSIGN_OR_RETURN(const bool more, Fill());
    if (!more) return Error("the text ends after a key");
  }
  if (data()[colon] != ':') return Error("expected ':' after a key");
  *raw_key = absl::string_view(data() + 1, key_end - 2);
  Consume(colon + 1);
  return true;
}

absl::Status JsonReader::FindStringEnd(size_t* end) {
  const size_t begin = *end;
  size_t from = begin + 1;
  for (;;) {
    const char* const base = data();
    const char* quote =
        from < available()
            ? static_cast<const char*>(std::memchr(base + from, '"', available() - from))
            : nullptr;
    if (quote == nullptr) {
      from = available() > from ? available() : from;
      TS_ASSIGN_OR_RETURN(const bool more, Fill());
      if (!more) return Error("the text ends inside a string");
      continue;
    }
    from = static_cast<size_t>(quote - base) + 1;
    if (!IsEscaped(base + begin + 1, quote)) break;
  }
  *end = from;
  return absl::OkStatus();
}

absl::StatusOr<absl::string_view> JsonReader::RawString() {
  TS_ASSIGN_OR_RETURN(const char c, PeekChar());
  if (c != '"') return Error("expected a string");
  size_t end = 0;
  TS_RETURN_IF_ERROR(FindStringEnd(&end));
  const absl::string_view raw(data() + 1, end - 2);
  Consume(end);
  return raw;
}

absl::StatusOr<absl::string_view> JsonReader::Scalar() {
  TS_RETURN_IF_ERROR(SkipSpace());
  size_t n = 0;
  for (;;) {
    while (n < available() && std::strchr(",]}\"{[: \n\r\t", data()[n]) == nullptr) ++n;
    if (n < available()) break;
    TS_ASSIGN_OR_RETURN(const bool more, Fill());
    if (!more) break;
  }
  if (n == 0) return Error("expected a value");
  const absl::string_view text(data(), n);
  const bool word = text == "true" || text == "false" || text == "null";
  if (!word && text.find_first_not_of("0123456789+-.eE") != absl::string_view::npos) {
    return Error(absl::StrCat(Quoted(text), " is no JSON value"));
  }
  Consume(n);
  return text;
}

absl::StatusOr<std::string> JsonReader::Text() {
  TS_ASSIGN_OR_RETURN(const absl::string_view raw, RawString());
  absl::StatusOr<std::string> text = UnescapeJson(raw);
  if (!text.ok()) return AtByte(text.status());
  return text;
}

absl::StatusOr<std::string> JsonReader::TextOrNone() {
  TS_ASSIGN_OR_RETURN(const char c, PeekChar());
  if (c == '"') return Text();
  TS_RETURN_IF_ERROR(SkipValue());
  return std::string();
}

absl::StatusOr<uint32_t> JsonReader::LineNumber() {
  TS_ASSIGN_OR_RETURN(const absl::string_view text, Scalar());
  const absl::StatusOr<uint32_t> line = ParseLine(text);
  if (!line.ok()) return AtByte(line.status());
  return line;
}

absl::StatusOr<bool> JsonReader::Count() {
  TS_ASSIGN_OR_RETURN(const absl::string_view text, Scalar());
  const absl::StatusOr<bool> executed = ParseCount(text);
  if (!executed.ok()) return AtByte(executed.status());
  return executed;
}

absl::Status JsonReader::FindValueEnd(size_t* end) {
  Brackets open;
  size_t n = *end;
  for (;;) {
    if (n == available()) {
      TS_ASSIGN_OR_RETURN(const bool more, Fill());
      if (!more) return Error("the text ends inside a value");
      continue;
    }
    const char c = data()[n];
    if (c == '"') {
      TS_RETURN_IF_ERROR(FindStringEnd(&n));
      continue;
    }
    ++n;
    if (c != '{' && c != '[' && c != '}' && c != ']') continue;
    if (!open.Take(c)) {
      return Error(absl::StrCat("brackets do not match, or are nested deeper than ", kMaxDepth));
    }
    if (open.depth() == 0) break;
  }
  *end = n;
  return absl::OkStatus();
}

absl::StatusOr<absl::string_view> JsonReader::RawValue() {
  TS_ASSIGN_OR_RETURN(const char c, PeekChar());
  if (c != '{' && c != '[' && c != '"') return Scalar();
  size_t end = 0;
  TS_RETURN_IF_ERROR(c == '"' ? FindStringEnd(&end) : FindValueEnd(&end));
  const absl::string_view raw(data(), end);
  Consume(end);
  return raw;
}

absl::Status JsonReader::SkipString() {
  bool escaped = false;  // the last byte of the window was an escaping backslash
  Consume(1);
  for (;;) {
    const char* p = data();
    const char* const end = p + available();
    if (escaped && p < end) {
      ++p;
      escaped = false;
    }
    const char* const first = p;
    for (;;) {
      const char* const quote =
          static_cast<const char*>(std::memchr(p, '"', static_cast<size_t>(end - p)));
      if (quote == nullptr) break;
      p = quote + 1;
      if (IsEscaped(first, quote)) continue;
      Consume(static_cast<size_t>(p - data()));
      return absl::OkStatus();
    }
    if (first < end) escaped = IsEscaped(first, end);
    Consume(available());
    TS_ASSIGN_OR_RETURN(const bool more, Fill());
    if (!more) return Error("the text ends inside a string");
  }
}

absl::Status JsonReader::SkipNested() {
  Brackets open;
  for (;;) {
    const char* p = data();
    const char* const end = p + available();
    // Everything but quotes and brackets sorts outside of these two bit patterns.
    while (p < end && *p != '"' && (*p & 0xDF) != '[' && (*p & 0xDF) != ']') ++p;
    Consume(static_cast<size_t>(p - data()));
    if (p == end) {
      TS_ASSIGN_OR_RETURN(const bool more, Fill());
      if (!more) return Error("the text ends inside a value");
    } else if (*p == '"') {
      TS_RETURN_IF_ERROR(SkipString());
    } else {
      if (!open.Take(*p)) {
        return Error(absl::StrCat("brackets do not match, or are nested deeper than ", kMaxDepth));
      }
      Consume(1);
      if (open.depth() == 0) return absl::OkStatus();
    }
  }
}

absl::Status JsonReader::SkipValue() {
  TS_ASSIGN_OR_RETURN(const char c, PeekChar());
  if (c == '"') return SkipString();
  if (c == '{' || c == '[') return SkipNested();
  return Scalar().status();
}

absl::StatusOr<bool> JsonReader::AtEnd() {
  for (;;) {
    while (at_ < end_ && IsSpace(buffer_[at_])) ++at_;
    if (at_ < end_) return false;
    TS_ASSIGN_OR_RETURN(const bool more, Fill());
    if (!more) return true;
  }
}

absl::Status JsonReader::ExpectEnd() {
  TS_ASSIGN_OR_RETURN(const bool at_end, AtEnd());
  return at_end ? absl::OkStatus() : Error("something follows the report");
}

}  // namespace testselect
