// GoogleTest's own JSON (--gtest_output=json:FILE): outcomes. Its XML is read as JUnit XML.
//
//   {"testsuites": [{"name": "S", "testsuite": [{"name": "T", "classname": "S", "time": "0.1s",
//                                                "result": "COMPLETED", "failures": [...]}]}]}
//
// The test's label is S.T, with the numbers of its parameters (Sorts/S.T/0). A disabled test
// (SUPPRESSED) did not run. Memory: one test, without the text of its failures.
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/ingest/formats.h"
#include "server/ingest/json_reader.h"
#include "server/ingest/parse_error.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::string_view kName = "gtest-json";

class Report {
 public:
  Report(ReportSource* source, EvidenceSink* sink) : sink_(sink), json_(source, kName) {}

  absl::Status Parse() {
    TS_RETURN_IF_ERROR(json_.Start());
    bool suites = false;
    TS_RETURN_IF_ERROR(json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      if (key != "testsuites") return json_.SkipValue();
      suites = true;
      return json_.ForEachElement([this] { return ReadSuite(); });
    }));
    if (!suites) return json_.Error("the object has no 'testsuites'");
    return json_.ExpectEnd();
  }

 private:
  absl::Status ReadSuite() {
    suite_.clear();
    return json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      if (key == "name") {
        TS_ASSIGN_OR_RETURN(suite_, json_.Text());
        return absl::OkStatus();
      }
      if (key != "testsuite") return json_.SkipValue();
      return json_.ForEachElement([this] { return ReadTest(); });
    });
  }

  absl::Status ReadTest() {
    std::string name, suite = suite_, result, time;
    bool failed = false;
    TS_RETURN_IF_ERROR(json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      std::string* const text = key == "name"        ? &name
                                : key == "classname" ? &suite
                                : key == "result"    ? &result
                                : key == "time"      ? &time
                                                     : nullptr;
      if (text != nullptr) {
        TS_ASSIGN_OR_RETURN(*text, json_.Text());
        return absl::OkStatus();
      }
      failed |= key == "failures";
      return json_.SkipValue();
    }));
    return json_.AtByte(Tell(suite, name, result, time, failed));
  }

  absl::Status Tell(const std::string& suite, const std::string& name, const std::string& result,
                    absl::string_view time, bool failed) {
    if (name.empty() || suite.empty()) {
      return absl::InvalidArgumentError("a test has no 'name' or no 'classname'");
    }
    LabelOutcome outcome;
    if (failed) {
      outcome.outcome = Outcome::kFailed;
    } else if (result == "COMPLETED") {
      outcome.outcome = Outcome::kPassed;
    } else if (result == "SKIPPED" || result == "SUPPRESSED") {
      outcome.outcome = Outcome::kSkipped;
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("result ", Quoted(result), " is none of COMPLETED, SKIPPED, SUPPRESSED"));
    }
    absl::ConsumeSuffix(&time, "s");
    if (!time.empty()) {
      TS_ASSIGN_OR_RETURN(outcome.seconds, ParseSeconds(time));
    }
    return sink_->AddOutcome({suite, name, ""}, outcome);
  }

  EvidenceSink* const sink_;
  JsonReader json_;
  std::string suite_;
};

class Parser : public ReportParser {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view summary() const override {
    return "GoogleTest JSON (--gtest_output=json:): outcomes and durations";
  }
  bool names_labels() const override { return true; }
  bool is_outcomes() const override { return true; }
  bool Recognises(absl::string_view head) const override {
    return head.find('{') < 8 && absl::StrContains(head, "\"testsuites\"");
  }
  absl::Status Parse(ReportSource& source, const ParseOptions& options,
                     EvidenceSink& sink) const override {
    (void)options;
    return Report(&source, &sink).Parse();
  }
};

}  // namespace

const ReportParser* GTestJsonParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
