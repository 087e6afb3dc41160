// JsonReader: pulls through a JSON text of any size in bounded memory.
//
// A structural reader: what it is asked for is checked strictly; values that are skipped are only
// matched bracket by bracket, strings respected. Not thread-safe. Errors of all: kInvalidArgument
// "<report>: <format>: byte N: ..."; the source's own.
//
// A view that a call returns is valid until the next call.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/ingest/report_parser.h"
#include "storage/model/status_macros.h"

namespace testselect {

class JsonReader {
 public:
  // The greatest string, number or raw value that is held in memory at once.
  static constexpr size_t kMaxValueBytes = 256 << 20;
  static constexpr int kMaxDepth = 64;

  // `source` must outlive this. `format` is for messages.
  JsonReader(ReportSource* source, absl::string_view format);

  // Drops a byte order mark; kInvalidArgument if the text is not UTF-8 by its mark, or empty.
  absl::Status Start();
  // The first character of the next value or punctuation, white space skipped, not consumed.
  absl::StatusOr<char> PeekChar();
  // Consumes `c` (after white space).
  absl::Status Expect(char c);

  // Members of an object: after Expect('{'), until it returns false (the '}' is then consumed):
  //   bool first = true;
  //   while (NextMember(&first, &raw_key)) { consume the value }
  absl::StatusOr<bool> NextMember(bool* first, absl::string_view* raw_key);
  // Elements of an array in the same way, after Expect('[').
  absl::StatusOr<bool> NextElement(bool* first);
  // The same as loops: f(raw_key) consumes the value of each member (the key is valid until it
  // reads on), f() each element. The first error ends them.
  template <typename F>
  absl::Status ForEachMember(F f);
  template <typename F>
  absl::Status ForEachElement(F f);

  // The bytes between the quotes of a string, escapes and all.
  absl::StatusOr<absl::string_view> RawString();
  // A string, its escapes resolved (UnescapeJson).
  absl::StatusOr<std::string> Text();
  // The same; any other value, such as null, is skipped and read as "".
  absl::StatusOr<std::string> TextOrNone();
  // A number, true, false or null, as written.
  absl::StatusOr<absl::string_view> Scalar();
  // A line number, and whether an execution count says "executed" (parse_error.h).
  absl::StatusOr<uint32_t> LineNumber();
  absl::StatusOr<bool> Count();
  // A whole value as written, brackets matched; at most kMaxValueBytes.
  absl::StatusOr<absl::string_view> RawValue();
  absl::Status SkipValue();
  // Whether only white space is left: for texts of several values, one after the other.
  absl::StatusOr<bool> AtEnd();
  // Ok if only white space is left.
  absl::Status ExpectEnd();

  uint64_t offset() const { return base_ + at_; }
  absl::Status Error(absl::string_view what) const;       // at offset()
  absl::Status AtByte(const absl::Status& status) const;  // the same for a status

  // For readers with a loop of their own over the window (ContextArrayReader). `data()` has
  // `available()` bytes.
  const char* data() const { return buffer_.data() + at_; }
  size_t available() const { return end_ - at_; }
  void Consume(size_t n) { at_ += n; }
  // Reads more behind the available bytes, which may move; false at the end of the text.
  absl::StatusOr<bool> Fill();
  // Advances *end (an offset into the window) past the string whose opening quote is at *end.
  absl::Status FindStringEnd(size_t* end);

 private:
  absl::Status SkipSpace();
  absl::Status SkipString();
  absl::Status FindValueEnd(size_t* end);
  absl::Status SkipNested();

  ReportSource* const source_;
  const std::string format_;
  std::vector<char> buffer_;
  size_t at_ = 0, end_ = 0;
  uint64_t base_ = 0;  // of buffer_ in the text
  bool eof_ = false;
};

template <typename F>
absl::Status JsonReader::ForEachMember(F f) {
  TS_RETURN_IF_ERROR(Expect('{'));
  bool first = true;
  absl::string_view key;
  for (;;) {
    TS_ASSIGN_OR_RETURN(const bool more, NextMember(&first, &key));
    if (!more) return absl::OkStatus();
    TS_RETURN_IF_ERROR(f(key));
  }
}

template <typename F>
absl::Status JsonReader::ForEachElement(F f) {
  TS_RETURN_IF_ERROR(Expect('['));
  bool first = true;
  for (;;) {
    TS_ASSIGN_OR_RETURN(const bool more, NextElement(&first));
    if (!more) return absl::OkStatus();
    TS_RETURN_IF_ERROR(f());
  }
}

// The text of a JSON string: escapes resolved. A lone surrogate U+DC80..U+DCFF becomes the byte it
// stands for in Python's file names; kInvalidArgument for any other, for unknown escapes and for
// raw control characters.
absl::StatusOr<std::string> UnescapeJson(absl::string_view raw);

}  // namespace testselect
