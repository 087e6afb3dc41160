// The results of Mocha's JSON reporter (--reporter json): outcomes.
//
//   {"stats": {...}, "tests": [...], "pending": [...], "failures": [...], "passes":
//    [{"title": "adds", "fullTitle": "kitchen adds", "file": "/app/test/a.js", "duration": 1,
//      "currentRetry": 0, "err": {}}]}
//
// The label is the full title, or the file as a whole where coverage says so. "tests" is not read:
// its elements do not tell how they ended. A hook that failed is among the failures
// ('kitchen "before all" hook for "adds"'): the tests of its suite failed, whether they ran or not.
// A test that passed in a later attempt is flaky. Durations are milliseconds. What the tests print
// may stand around it (printed_json.h). Memory: one test.
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/ingest/formats.h"
#include "server/ingest/json_reader.h"
#include "server/ingest/parse_error.h"
#include "server/ingest/printed_json.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::string_view kName = "mocha-json";
constexpr absl::string_view kFirstKeys[] = {"stats"};
constexpr double kMillisecondsPerSecond = 1000;

struct Test {
  std::string title, full_title, file;
  double seconds = -1;
  bool retried = false;
};

bool IsHook(absl::string_view title) {
  for (const absl::string_view hook : {"\"before all\" hook", "\"before each\" hook",
                                       "\"after each\" hook", "\"after all\" hook"}) {
    if (absl::StartsWith(title, hook)) return true;
  }
  return false;
}

class Report {
 public:
  Report(ReportSource* source, EvidenceSink* sink)
      : source_(source), sink_(sink), json_(source, kName) {}

  absl::Status Parse() {
    bool lists = false;
    TS_RETURN_IF_ERROR(StartPrinted(source_, &json_, kFirstKeys));
    TS_RETURN_IF_ERROR(json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      const Outcome outcome = key == "passes"     ? Outcome::kPassed
                              : key == "failures" ? Outcome::kFailed
                              : key == "pending"  ? Outcome::kSkipped
                                                  : Outcome::kUnknown;
      if (outcome == Outcome::kUnknown) return json_.SkipValue();
      lists = true;
      return json_.ForEachElement([&]() -> absl::Status {
        TS_ASSIGN_OR_RETURN(const Test test, ReadTest());
        return json_.AtByte(Tell(test, outcome));
      });
    }));
    if (!lists) return json_.Error("the object has none of 'passes', 'failures', 'pending'");
    return EndPrinted(&json_, kFirstKeys);
  }

 private:
  absl::StatusOr<Test> ReadTest() {
    Test test;
    TS_RETURN_IF_ERROR(json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      std::string* const text = key == "title"       ? &test.title
                                : key == "fullTitle" ? &test.full_title
                                : key == "file"      ? &test.file
                                                     : nullptr;
      if (text != nullptr) {
        TS_ASSIGN_OR_RETURN(*text, json_.TextOrNone());
        return absl::OkStatus();
      }
      const bool retry = key == "currentRetry";
      if (key != "duration" && !retry) return json_.SkipValue();
      TS_ASSIGN_OR_RETURN(const absl::string_view number, json_.Scalar());
      if (number == "null") return absl::OkStatus();
      if (retry) {
        test.retried = number != "0";
        return absl::OkStatus();
      }
      const absl::StatusOr<double> milliseconds = ParseSeconds(number);
      if (!milliseconds.ok()) return json_.AtByte(milliseconds.status());
      test.seconds = *milliseconds / kMillisecondsPerSecond;
      return absl::OkStatus();
    }));
    return test;
  }

  absl::Status Tell(const Test& test, Outcome outcome) {
    if (test.full_title.empty()) return absl::InvalidArgumentError("a test has no 'fullTitle'");
    LabelOutcome result;
    result.outcome = outcome;
    result.seconds = test.seconds;
    result.flaky = test.retried && outcome == Outcome::kPassed;
    if (!IsHook(test.title)) return sink_->AddOutcome({"", test.full_title, test.file}, result);
    absl::string_view suite = test.full_title;
    absl::ConsumeSuffix(&suite, test.title);
    suite = absl::StripTrailingAsciiWhitespace(suite);
    if (suite.empty()) {
      sink_->Warn(absl::StrCat(source_->name(), ": ", Quoted(test.title),
                               " failed outside of all suites: tests that it kept from running "
                               "have no outcome"));
      return absl::OkStatus();
    }
    return sink_->AddOutcome({suite, "", test.file}, {.outcome = Outcome::kError});
  }

  ReportSource* const source_;
  EvidenceSink* const sink_;
  JsonReader json_;
};

class Parser : public ReportParser {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view summary() const override {
    return "Mocha's --reporter json: outcomes and durations";
  }
  bool names_labels() const override { return true; }
  bool is_outcomes() const override { return true; }
  bool Recognises(absl::string_view head) const override {
    // Mochawesome's "stats" has more, and other lists.
    return MayHoldPrintedObject(head, kFirstKeys) && absl::StrContains(head, "\"passes\"") &&
           !absl::StrContains(head, "\"testsRegistered\"");
  }
  absl::Status Parse(ReportSource& source, const ParseOptions& options,
                     EvidenceSink& sink) const override {
    (void)options;
    return Report(&source, &sink).Parse();
  }
};

}  // namespace

const ReportParser* MochaJsonParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
