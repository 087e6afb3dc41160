// pytest's report log (JSON lines of pytest-reportlog, `pytest --report-log=FILE`): outcomes.
//
//   {"$report_type": "TestReport", "nodeid": "tests/test_a.py::test_x", "when": "call",
//    "outcome": "passed", "duration": 0.1}
//
// A test has a report for its set-up, its call and its tear-down; those of several tests may be
// mixed (xdist). Its time is the sum. An attempt that pytest-rerunfailures repeats has the outcome
// "rerun": a test that passes afterwards is flaky. "wasxfail" tells expected failures. A test whose
// run ends before its tear-down (the process died) is an error. A file that cannot be collected is
// an error of all of its tests. A test fails with any of its subtests, whose time it includes.
// Captured output, which holds secrets at times, is not read. Memory: the tests that run at one
// time, and the longest text that is not output.
#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/ingest/formats.h"
#include "server/ingest/json_reader.h"
#include "server/ingest/parse_error.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::string_view kName = "pytest-report-log";

// The members of one line that matter.
struct Line {
  std::string type, nodeid, when, outcome;
  double seconds = -1;
  bool expected_to_fail = false;
};

class Report {
 public:
  Report(ReportSource* source, EvidenceSink* sink) : sink_(sink), json_(source, kName) {}

  absl::Status Parse() {
    TS_RETURN_IF_ERROR(json_.Start());
    for (;;) {
      TS_ASSIGN_OR_RETURN(const bool at_end, json_.AtEnd());
      if (at_end) break;
      TS_ASSIGN_OR_RETURN(const Line line, ReadLine());
      TS_RETURN_IF_ERROR(json_.AtByte(Take(line)));
    }
    while (!running_.empty()) TS_RETURN_IF_ERROR(json_.AtByte(End(running_.begin()->first)));
    return absl::OkStatus();
  }

 private:
  // A test between its set-up and its tear-down.
  struct Test {
    LabelOutcome result;
    bool failed = false, error = false, rerun_now = false;
    bool flaky = false;  // an earlier attempt failed
  };

  absl::StatusOr<Line> ReadLine() {
    Line line;
    TS_RETURN_IF_ERROR(json_.Expect('{'));
    bool first = true;
    absl::string_view key;
    for (;;) {
      TS_ASSIGN_OR_RETURN(const bool more, json_.NextMember(&first, &key));
      if (!more) return line;
      std::string* text = key == "$report_type" ? &line.type
                          : key == "nodeid"     ? &line.nodeid
                          : key == "when"       ? &line.when
                          : key == "outcome"    ? &line.outcome
                                                : nullptr;
      if (text != nullptr) {
        TS_ASSIGN_OR_RETURN(*text, json_.Text());
      } else if (key == "duration") {
        TS_ASSIGN_OR_RETURN(const absl::string_view number, json_.Scalar());
        const absl::StatusOr<double> seconds = ParseSeconds(number);
        if (!seconds.ok()) return json_.AtByte(seconds.status());
        line.seconds = *seconds;
      } else {
        line.expected_to_fail |= key == "wasxfail";
        TS_RETURN_IF_ERROR(json_.SkipValue());
      }
    }
  }

  absl::Status Take(const Line& line) {
    if (line.type.empty()) return absl::InvalidArgumentError("a line has no '$report_type'");
    if (line.type == "CollectReport" && line.outcome == "failed" && !line.nodeid.empty()) {
      return sink_->AddOutcome({line.nodeid, "", ""}, {.outcome = Outcome::kError});
    }
    const bool part = line.type == "SubTestReport";
    if (!part && line.type != "TestReport") return absl::OkStatus();
    if (line.nodeid.empty()) return absl::InvalidArgumentError("a report has no 'nodeid'");
    Test* const test = &running_[line.nodeid];
    if (!part) return TakeTest(line, test);
    test->failed |= line.outcome == "failed";
    return absl::OkStatus();
  }

  absl::Status TakeTest(const Line& line, Test* test) {
    if (line.seconds >= 0) {
      test->result.seconds = std::max(test->result.seconds, 0.0) + line.seconds;
    }
    if (line.outcome == "rerun") {
      test->rerun_now = test->flaky = true;
    } else if (line.outcome == "failed") {
      (line.when == "call" ? test->failed : test->error) = true;
    } else if (line.outcome == "skipped") {
      test->result.outcome = line.expected_to_fail ? Outcome::kXfailed : Outcome::kSkipped;
    } else if (line.outcome != "passed") {
      return absl::InvalidArgumentError(absl::StrCat("outcome ", Quoted(line.outcome),
                                                     " is none of passed, failed, skipped, rerun"));
    } else if (line.when == "call") {
      test->result.outcome = line.expected_to_fail ? Outcome::kXpassed : Outcome::kPassed;
    }
    // "???": a worker died.
    return line.when == "teardown" || line.when == "???" ? End(line.nodeid) : absl::OkStatus();
  }

  // Tells the result of a test, unless it is tried again.
  absl::Status End(const std::string& nodeid) {
    auto at = running_.find(nodeid);
    Test& test = at->second;
    if (std::exchange(test.rerun_now, false)) {
      test = Test();
      test.flaky = true;
      return absl::OkStatus();
    }
    LabelOutcome result = test.result;
    if (test.error || result.outcome == Outcome::kUnknown) result.outcome = Outcome::kError;
    if (test.failed) result.outcome = Outcome::kFailed;
    result.flaky = test.flaky && result.outcome == Outcome::kPassed;
    const absl::Status told = sink_->AddOutcome({"", nodeid, ""}, result);
    running_.erase(at);
    return told;
  }

  EvidenceSink* const sink_;
  JsonReader json_;
  std::map<std::string, Test> running_;
};

class Parser : public ReportParser {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view summary() const override {
    return "pytest's report log (--report-log): outcomes and durations";
  }
  bool names_labels() const override { return true; }
  bool is_outcomes() const override { return true; }
  bool Recognises(absl::string_view head) const override {
    return head.find('{') < 8 && absl::StrContains(head, "\"$report_type\"");
  }
  absl::Status Parse(ReportSource& source, const ParseOptions& options,
                     EvidenceSink& sink) const override {
    (void)options;
    return Report(&source, &sink).Parse();
  }
};

}  // namespace

const ReportParser* PytestReportLogParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
