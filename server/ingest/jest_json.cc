// The JSON results of Jest (--json) and of Vitest (--reporter=json): outcomes.
//
//   {"numTotalTests": 18, ...,
//    "testResults": [{"assertionResults": [{"ancestorTitles": ["Oven"], "title": "is cold",
//                                           "fullName": "Oven is cold", "status": "passed",
//                                           "duration": 8, "invocations": 1, ...}],
//                     "status": "passed", "name": "/app/test/oven.test.js"}]}
//
// A label is "test/oven.test.js > Oven > is cold", or what coverage calls it: the full name, or the
// file as a whole. Titles may be empty, and tests of one file may share a name. A file that fails
// to load lists no tests: all that are known of it failed. Durations are milliseconds, null where
// the test did not run. Flaky: passed with earlier attempts or messages of their failures.
// Memory: the results of one file, without messages.
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/ingest/formats.h"
#include "server/ingest/json_reader.h"
#include "server/ingest/parse_error.h"
#include "server/ingest/printed_json.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::string_view kName = "jest-json";
constexpr double kMillisecondsPerSecond = 1000;

// Jest's and Vitest's.
constexpr absl::string_view kFirstKeys[] = {"numFailedTestSuites", "numTotalTestSuites"};

struct Test {
  std::vector<std::string> titles;  // of its suites, and its own
  std::string full_name;
  LabelOutcome outcome;
};

absl::StatusOr<Outcome> ParseStatus(absl::string_view status) {
  if (status == "passed") return Outcome::kPassed;
  if (status == "failed") return Outcome::kFailed;
  for (const absl::string_view not_run : {"pending", "todo", "skipped", "disabled"}) {
    if (status == not_run) return Outcome::kSkipped;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "status ", Quoted(status), " is none of passed, failed, pending, todo, skipped, disabled"));
}

class Report {
 public:
  Report(ReportSource* source, EvidenceSink* sink)
      : source_(source), sink_(sink), json_(source, kName) {}

  absl::Status Parse() {
    bool results = false;
    TS_RETURN_IF_ERROR(StartPrinted(source_, &json_, kFirstKeys));
    TS_RETURN_IF_ERROR(json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      if (key != "testResults") return json_.SkipValue();
      results = true;
      return json_.ForEachElement([this] { return ReadFile(); });
    }));
    if (!results) return json_.Error("the object has no 'testResults'");
    return json_.ExpectEnd();
  }

 private:
  absl::Status ReadFile() {
    std::string name, status;
    std::vector<Test> tests;
    TS_RETURN_IF_ERROR(json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      if (key == "name" || key == "status") {
        std::string* const text = key == "name" ? &name : &status;
        TS_ASSIGN_OR_RETURN(*text, json_.Text());
        return absl::OkStatus();
      }
      if (key != "assertionResults") return json_.SkipValue();
      return json_.ForEachElement([&]() -> absl::Status {
        tests.emplace_back();
        return ReadTest(&tests.back());
      });
    }));
    if (name.empty()) return json_.Error("an element of 'testResults' has no 'name'");
    return json_.AtByte(Tell(name, status, tests));
  }

  absl::Status Tell(const std::string& file, absl::string_view status,
                    const std::vector<Test>& tests) {
    bool failed = false;
    for (const Test& test : tests) {
      const std::string name = absl::StrJoin(test.titles, " > ");
      const std::vector<std::string> aliases = {name, test.full_name};
      ReportedTest told{"", name, file};
      told.file_leads = true;
      told.aliases = aliases;
      TS_RETURN_IF_ERROR(sink_->AddOutcome(told, test.outcome));
      failed |= test.outcome.outcome == Outcome::kFailed;
    }
    if (status != "failed" || failed) return absl::OkStatus();
    ReportedTest whole{"", "", file};
    whole.whole_file = true;
    return sink_->AddOutcome(whole, {.outcome = Outcome::kError});
  }

  absl::Status ReadTest(Test* test) {
    std::string title, status;
    bool attempts = false;
    TS_RETURN_IF_ERROR(json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      if (key == "ancestorTitles") {
        return json_.ForEachElement([&]() -> absl::Status {
          TS_ASSIGN_OR_RETURN(test->titles.emplace_back(), json_.Text());
          return absl::OkStatus();
        });
      }
      std::string* const text = key == "title"      ? &title
                                : key == "fullName" ? &test->full_name
                                : key == "status"   ? &status
                                                    : nullptr;
      if (text != nullptr) {
        TS_ASSIGN_OR_RETURN(*text, json_.Text());
        return absl::OkStatus();
      }
      if (key == "duration") return ReadDuration(&test->outcome.seconds);
      if (key == "invocations") {
        TS_ASSIGN_OR_RETURN(const absl::string_view count, json_.Scalar());
        attempts |= count != "1" && count != "0" && count != "null";
        return absl::OkStatus();
      }
      if (key == "retryReasons" || key == "failureMessages") {
        TS_ASSIGN_OR_RETURN(const bool any, ReadWhetherAny());
        attempts |= any;
        return absl::OkStatus();
      }
      return json_.SkipValue();
    }));
    test->titles.push_back(std::move(title));
    const absl::StatusOr<Outcome> outcome = ParseStatus(status);
    if (!outcome.ok()) return json_.AtByte(outcome.status());
    test->outcome.outcome = *outcome;
    test->outcome.flaky = attempts && *outcome == Outcome::kPassed;
    return absl::OkStatus();
  }

  absl::Status ReadDuration(double* seconds) {
    TS_ASSIGN_OR_RETURN(const absl::string_view number, json_.Scalar());
    if (number == "null") return absl::OkStatus();
    const absl::StatusOr<double> milliseconds = ParseSeconds(number);
    if (!milliseconds.ok()) return json_.AtByte(milliseconds.status());
    *seconds = *milliseconds / kMillisecondsPerSecond;
    return absl::OkStatus();
  }

  // Whether a list, which may be null, has elements.
  absl::StatusOr<bool> ReadWhetherAny() {
    TS_ASSIGN_OR_RETURN(const char c, json_.PeekChar());
    bool any = false;
    if (c != '[') {
      TS_RETURN_IF_ERROR(json_.SkipValue());
      return any;
    }
    TS_RETURN_IF_ERROR(json_.ForEachElement([&]() -> absl::Status {
      any = true;
      return json_.SkipValue();
    }));
    return any;
  }

  ReportSource* const source_;
  EvidenceSink* const sink_;
  JsonReader json_;
};

class Parser : public ReportParser {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view summary() const override {
    return "Jest's --json, Vitest's --reporter=json: outcomes and durations";
  }
  bool names_labels() const override { return true; }
  bool is_outcomes() const override { return true; }
  bool Recognises(absl::string_view head) const override {
    return MayHoldPrintedObject(head, kFirstKeys) &&
           absl::StrContains(head, "\"numTotalTestSuites\"");
  }
  absl::Status Parse(ReportSource& source, const ParseOptions& options,
                     EvidenceSink& sink) const override {
    (void)options;
    return Report(&source, &sink).Parse();
  }
};

}  // namespace

const ReportParser* JestJsonParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
