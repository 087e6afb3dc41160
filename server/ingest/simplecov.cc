#include "server/ingest/simplecov.h"

#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/ingest/parse_error.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

// -1 if `c` is none of 0-9, a-f, A-F.
int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = absl::ascii_tolower(static_cast<unsigned char>(c));
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

absl::Status ReadSimpleCovLines(JsonReader& json, LineBits* executed) {
  uint32_t line = 0;
  return json.ForEachElement([&]() -> absl::Status {
    if (++line > kMaxLine) {
      return json.Error(absl::StrCat("a file has more than ", kMaxLine, " lines"));
    }
    TS_ASSIGN_OR_RETURN(const char c, json.PeekChar());
    if (c == '"') return json.SkipValue();
    TS_ASSIGN_OR_RETURN(const absl::string_view count, json.Scalar());
    if (count == "null") return absl::OkStatus();
    const absl::StatusOr<bool> ran = ParseCount(count);
    if (!ran.ok()) return json.AtByte(ran.status());
    if (*ran) executed->Add(line);
    return absl::OkStatus();
  });
}

absl::StatusOr<LineBits> ParseSimpleCovBits(absl::string_view hex) {
  LineBits lines;
  if (hex.empty() || hex.size() > kMaxLine / 4) {
    return absl::InvalidArgumentError(
        absl::StrCat("bit map ", Quoted(hex), " is empty or has lines over ", kMaxLine));
  }
  for (size_t i = 0; i < hex.size(); ++i) {
    const int digit = HexDigit(hex[hex.size() - 1 - i]);
    if (digit < 0) {
      return absl::InvalidArgumentError(absl::StrCat("bit map ", Quoted(hex), " is no hex number"));
    }
    for (uint32_t bit = 0; bit < 4; ++bit) {
      if ((digit >> bit & 1) != 0) lines.Add(static_cast<uint32_t>(i * 4 + bit + 1));
    }
  }
  return lines;
}

bool IsSimpleCovDefaultName(absl::string_view command_name) {
  // "RSpec (2/4)": of one of several processes (parallel_tests).
  const size_t part = command_name.rfind(" (");
  if (part != absl::string_view::npos && command_name.back() == ')' &&
      command_name.find_first_not_of("0123456789/)", part + 2) == absl::string_view::npos) {
    command_name = command_name.substr(0, part);
  }
  for (const absl::string_view name :
       {"RSpec", "Unit Tests", "Functional Tests", "Integration Tests", "Cucumber Features",
        "Minitest", "MiniTest", "Unknown Test Framework"}) {
    if (command_name == name) return true;
  }
  return false;
}

absl::Status SimpleCovContexts::ReadList(JsonReader& json) {
  contexts_.clear();
  std::vector<std::string> order;
  TS_RETURN_IF_ERROR(json.ForEachElement([&]() -> absl::Status {
    TS_ASSIGN_OR_RETURN(std::string label, json.Text());
    const absl::StatusOr<ContextId> context = sink_->Context(label, Phase::kRun);
    if (!context.ok()) return json.AtByte(context.status());
    contexts_.push_back(*context);
    order.push_back(std::move(label));
    return absl::OkStatus();
  }));
  sink_->SuiteOrder(order);
  return absl::OkStatus();
}

absl::Status SimpleCovContexts::ReadFile(JsonReader& json, FileId file, LineBits* covered) const {
  return json.ForEachMember([&](absl::string_view key) -> absl::Status {
    size_t index = 0;
    if (!absl::SimpleAtoi(key, &index) || index >= contexts_.size()) {
      return json.Error(absl::StrCat("context ", Quoted(key), " is not in the list of ",
                                     contexts_.size(), " contexts"));
    }
    TS_ASSIGN_OR_RETURN(const std::string hex, json.Text());
    const absl::StatusOr<LineBits> lines = ParseSimpleCovBits(hex);
    if (!lines.ok()) return json.AtByte(lines.status());
    sink_->AddLineBits(file, contexts_[index], lines->bits());
    covered->Add(*lines);
    return absl::OkStatus();
  });
}

}  // namespace testselect
