#include "server/ingest/printed_json.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

// An opening brace, white space and a key are not longer.
constexpr size_t kBeginBytes = 64;

bool BeginsWithKey(absl::string_view text, absl::Span<const absl::string_view> keys) {
  text = absl::StripLeadingAsciiWhitespace(text.substr(0, kBeginBytes));
  if (!absl::ConsumePrefix(&text, "\"")) return false;
  return std::any_of(keys.begin(), keys.end(), [text](absl::string_view key) {
    return absl::StartsWith(text, absl::StrCat(key, "\""));
  });
}

}  // namespace

size_t FindPrintedObject(absl::string_view head, absl::Span<const absl::string_view> keys) {
  for (size_t at = head.find('{'); at != absl::string_view::npos; at = head.find('{', at + 1)) {
    if (BeginsWithKey(head.substr(at + 1), keys)) return at;
  }
  return absl::string_view::npos;
}

bool MayHoldPrintedObject(absl::string_view head, absl::Span<const absl::string_view> keys) {
  return head.find('{') < 8 || FindPrintedObject(head, keys) != absl::string_view::npos;
}

absl::Status StartPrinted(ReportSource* source, JsonReader* json,
                          absl::Span<const absl::string_view> keys) {
  TS_ASSIGN_OR_RETURN(const absl::string_view head, source->Peek());
  const size_t found = FindPrintedObject(head, keys);
  TS_RETURN_IF_ERROR(json->Start());
  if (found == absl::string_view::npos) return absl::OkStatus();
  while (json->offset() < found) {
    if (json->available() == 0) {
      TS_ASSIGN_OR_RETURN(const bool more, json->Fill());
      if (!more) break;
    }
    json->Consume(std::min<size_t>(json->available(), found - json->offset()));
  }
  return absl::OkStatus();
}

absl::Status EndPrinted(JsonReader* json, absl::Span<const absl::string_view> keys) {
  for (;;) {
    const absl::string_view rest(json->data(), json->available());
    const size_t another = FindPrintedObject(rest, keys);
    if (another != absl::string_view::npos) {
      json->Consume(another);
      return json->Error("a second report follows");
    }
    if (rest.size() > kBeginBytes) json->Consume(rest.size() - kBeginBytes);
    TS_ASSIGN_OR_RETURN(const bool more, json->Fill());
    if (!more) return absl::OkStatus();
  }
}

}  // namespace testselect
