// JsonWriter: JSON text, written as it goes. Output only, so that answers of hundreds of thousands
// of labels cost one string.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace testselect::client {

// Not thread-safe. The caller keeps the nesting right; commas are set here.
class JsonWriter {
 public:
  JsonWriter& BeginObject() { return Open('{'); }
  JsonWriter& EndObject() { return Close('}'); }
  JsonWriter& BeginArray() { return Open('['); }
  JsonWriter& EndArray() { return Close(']'); }
  JsonWriter& Key(absl::string_view key);

  JsonWriter& String(absl::string_view text);
  JsonWriter& Number(uint64_t value);
  // Up to 6 decimals; null where the value is not finite.
  JsonWriter& Number(double value);
  JsonWriter& Bool(bool value);
  JsonWriter& Null();
  // A value that is JSON already.
  JsonWriter& Json(absl::string_view value);

  // Everything so far, followed by a line feed.
  std::string Finish() &&;

 private:
  JsonWriter& Open(char bracket);
  JsonWriter& Close(char bracket);
  void BeforeValue();

  std::string text_;
  bool needs_comma_ = false;
};

// `text` as a JSON string with its quotes. Control characters, '"' and '\' are escaped; a byte that
// is not UTF-8 becomes U+FFFD, so that the output is JSON whatever the input.
void AppendJsonString(absl::string_view text, std::string& out);

}  // namespace testselect::client
