// The report of pytest-json-report (--json-report): outcomes.
//
//   {"created": ..., "exitcode": 1, "collectors": [{"nodeid": "tests/test_a.py", "outcome":
//    "failed"}], "tests": [{"nodeid": "tests/test_a.py::test_x", "outcome": "passed",
//    "setup": {"duration": 0.1, "outcome": "passed"}, "call": {...}, "teardown": {...}}]}
//
// A test that pytest-rerunfailures repeated is there once, with the stages of its last attempt; it
// is called "rerun" where it passed in the end. Its time is the sum of its stages. A file that
// cannot be collected is an error of all of its tests. Captured output is not read. Memory: one
// test.
#include <algorithm>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/ingest/formats.h"
#include "server/ingest/json_reader.h"
#include "server/ingest/parse_error.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::string_view kName = "pytest-json-report";

struct Test {
  std::string nodeid, outcome;
  std::string setup, call, teardown;  // the outcomes of its stages
  double seconds = -1;
};

absl::StatusOr<LabelOutcome> OutcomeOf(const Test& test) {
  LabelOutcome out;
  out.seconds = test.seconds;
  const bool stage_failed = test.setup == "failed" || test.teardown == "failed";
  if (test.call == "failed" || (test.outcome == "failed" && !stage_failed)) {
    out.outcome = Outcome::kFailed;
  } else if (stage_failed || test.outcome == "error") {
    out.outcome = Outcome::kError;
  } else if (test.outcome == "xfailed") {
    out.outcome = Outcome::kXfailed;
  } else if (test.outcome == "xpassed") {
    out.outcome = Outcome::kXpassed;
  } else if (test.outcome == "skipped" || test.setup == "skipped" || test.call == "skipped") {
    out.outcome = Outcome::kSkipped;
  } else if (test.outcome == "passed" || test.call == "passed") {
    out.outcome = Outcome::kPassed;
    out.flaky = test.outcome == "rerun";
  } else if (test.outcome == "rerun") {  // its last attempt did not come to its call
    out.outcome = Outcome::kError;
  } else {
    return absl::InvalidArgumentError(
        absl::StrCat("outcome ", Quoted(test.outcome),
                     " is none of passed, failed, error, skipped, xfailed, xpassed, rerun"));
  }
  return out;
}

class Report {
 public:
  Report(ReportSource* source, EvidenceSink* sink) : sink_(sink), json_(source, kName) {}

  absl::Status Parse() {
    bool tests = false;
    TS_RETURN_IF_ERROR(json_.Start());
    TS_RETURN_IF_ERROR(json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      if (key == "collectors") return json_.ForEachElement([this] { return ReadCollector(); });
      if (key != "tests") return json_.SkipValue();
      tests = true;
      return json_.ForEachElement([this] { return TakeTest(); });
    }));
    if (!tests) return json_.Error("the object has no 'tests'");
    return json_.ExpectEnd();
  }

 private:
  absl::Status ReadCollector() {
    TS_ASSIGN_OR_RETURN(const Test collector, ReadTest());
    if (collector.outcome != "failed" || collector.nodeid.empty()) return absl::OkStatus();
    ReportedTest whole{"", "", collector.nodeid};
    whole.whole_file = true;
    return json_.AtByte(sink_->AddOutcome(whole, {.outcome = Outcome::kError}));
  }

  absl::Status TakeTest() {
    TS_ASSIGN_OR_RETURN(const Test test, ReadTest());
    if (test.nodeid.empty()) return json_.Error("a test has no 'nodeid'");
    const absl::StatusOr<LabelOutcome> outcome = OutcomeOf(test);
    if (!outcome.ok()) return json_.AtByte(outcome.status());
    return json_.AtByte(sink_->AddOutcome({"", test.nodeid, ""}, *outcome));
  }

  absl::StatusOr<Test> ReadTest() {
    Test test;
    TS_RETURN_IF_ERROR(json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      if (key == "nodeid" || key == "outcome") {
        std::string* const text = key == "nodeid" ? &test.nodeid : &test.outcome;
        TS_ASSIGN_OR_RETURN(*text, json_.Text());
        return absl::OkStatus();
      }
      std::string* const stage = key == "setup"      ? &test.setup
                                 : key == "call"     ? &test.call
                                 : key == "teardown" ? &test.teardown
                                                     : nullptr;
      return stage != nullptr ? ReadStage(stage, &test.seconds) : json_.SkipValue();
    }));
    return test;
  }

  absl::Status ReadStage(std::string* outcome, double* total) {
    return json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      if (key == "outcome") {
        TS_ASSIGN_OR_RETURN(*outcome, json_.Text());
        return absl::OkStatus();
      }
      if (key != "duration") return json_.SkipValue();
      TS_ASSIGN_OR_RETURN(const absl::string_view number, json_.Scalar());
      const absl::StatusOr<double> seconds = ParseSeconds(number);
      if (!seconds.ok()) return json_.AtByte(seconds.status());
      *total = std::max(*total, 0.0) + *seconds;
      return absl::OkStatus();
    });
  }

  EvidenceSink* const sink_;
  JsonReader json_;
};

class Parser : public ReportParser {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view summary() const override {
    return "pytest-json-report (--json-report): outcomes and durations";
  }
  bool names_labels() const override { return true; }
  bool is_outcomes() const override { return true; }
  bool Recognises(absl::string_view head) const override {
    return head.find('{') < 8 && absl::StrContains(head, "\"created\"") &&
           absl::StrContains(head, "\"exitcode\"");
  }
  absl::Status Parse(ReportSource& source, const ParseOptions& options,
                     EvidenceSink& sink) const override {
    (void)options;
    return Report(&source, &sink).Parse();
  }
};

}  // namespace

const ReportParser* PytestJsonReportParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
