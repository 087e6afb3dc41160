// Walks over the members and elements that a JsonReader comes to, with a function for each.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/ingest/json_reader.h"
#include "storage/model/status_macros.h"

namespace testselect {

// An object: calls `member(key)` for each member, which must consume its value. Keys are as
// written, escapes and all, and valid until the value is read.
template <typename F>
absl::Status ForEachMember(JsonReader& json, F member) {
  TS_RETURN_IF_ERROR(json.Expect('{'));
  bool first = true;
  absl::string_view key;
  for (;;) {
    TS_ASSIGN_OR_RETURN(const bool more, json.NextMember(&first, &key));
    if (!more) return absl::OkStatus();
    TS_RETURN_IF_ERROR(member(key));
  }
}

// An array: calls `element()` for each element, which must consume it.
template <typename F>
absl::Status ForEachElement(JsonReader& json, F element) {
  TS_RETURN_IF_ERROR(json.Expect('['));
  bool first = true;
  for (;;) {
    TS_ASSIGN_OR_RETURN(const bool more, json.NextElement(&first));
    if (!more) return absl::OkStatus();
    TS_RETURN_IF_ERROR(element());
  }
}

// A string, escapes resolved. kInvalidArgument naming the byte.
inline absl::StatusOr<std::string> ReadText(JsonReader& json) {
  TS_ASSIGN_OR_RETURN(const absl::string_view raw, json.RawString());
  absl::StatusOr<std::string> text = UnescapeJson(raw);
  if (!text.ok()) return json.AtByte(text.status());
  return text;
}

// A string as ReadText; any other value is skipped and read as "" (null stands for none).
inline absl::StatusOr<std::string> ReadTextOrNone(JsonReader& json) {
  TS_ASSIGN_OR_RETURN(const char c, json.PeekChar());
  if (c == '"') return ReadText(json);
  TS_RETURN_IF_ERROR(json.SkipValue());
  return std::string();
}

}  // namespace testselect
