#include "client/runners/go_events.h"

#include <simdjson.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace testselect::client {
namespace {

std::string Member(simdjson::dom::element event, const char* name) {
  std::string_view text;
  if (event[name].get(text) != simdjson::SUCCESS) return "";
  return std::string(text);
}

bool IsTestName(absl::string_view line) {
  return (absl::StartsWith(line, "Test") || absl::StartsWith(line, "Fuzz") ||
          absl::StartsWith(line, "Example")) &&
         line.find_first_of(" \t") == absl::string_view::npos;
}

}  // namespace

struct GoEvents::Parser {
  simdjson::dom::parser json;
};

GoEvents::GoEvents(std::function<void(absl::string_view)> say, bool verbose, Listed listed)
    : say_(std::move(say)),
      verbose_(verbose),
      listed_(std::move(listed)),
      parser_(std::make_unique<Parser>()) {}

GoEvents::~GoEvents() = default;

void GoEvents::Take(absl::string_view bytes) {
  absl::StrAppend(&line_, bytes);
  size_t begin = 0;
  for (size_t end; (end = line_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    TakeLine(absl::string_view(line_).substr(begin, end - begin));
  }
  line_.erase(0, begin);
}

void GoEvents::Finish() {
  if (!line_.empty()) TakeLine(line_);
  line_.clear();
  for (const auto& [test, output] : output_of_) say_(output);
  output_of_.clear();
}

void GoEvents::TakeLine(absl::string_view line) {
  simdjson::dom::element event;
  if (!absl::StartsWith(line, "{") ||
      parser_->json.parse(line.data(), line.size()).get(event) != simdjson::SUCCESS) {
    say_(absl::StrCat(line, "\n"));  // what builds say, with older versions of Go
    return;
  }
  const std::string action = Member(event, "Action"), output = Member(event, "Output");
  const std::string package = Member(event, "Package"), test = Member(event, "Test");
  if (!test.empty()) {
    TakeTestEvent(absl::StrCat(package, ".", test), action, output);
    return;
  }
  if (!absl::StrContains(action, "output")) return;
  const absl::string_view name = absl::StripSuffix(output, "\n");
  if (listed_ != nullptr && IsTestName(name)) {
    listed_(package, std::string(name));
  } else if (verbose_ || (output != "PASS\n" && !absl::StartsWith(output, "coverage: "))) {
    say_(output);
  }
}

void GoEvents::TakeTestEvent(const std::string& test, absl::string_view action,
                             absl::string_view output) {
  if (verbose_) {
    say_(output);
    return;
  }
  if (action == "output") {
    // Subtests end before their test: what they wrote is shown with it.
    absl::StrAppend(&output_of_[test], output);
  } else if (action == "fail") {
    say_(output_of_[test]);
    output_of_.erase(test);
  } else if (action == "pass" || action == "skip") {
    output_of_.erase(test);
  }
}

}  // namespace testselect::client
