// JUnit XML: outcomes and durations, in the dialects of pytest, Surefire, gotestsum, CTest,
// GoogleTest, nextest, PHPUnit, Jest, Vitest, Mocha and others.
//
//   <testsuites><testsuite name="s"><testcase classname="c" name="n" time="0.1">
//     <failure/> <error/> <skipped/>
//
// One result per testcase element, in the report's order. <flakyFailure> and <flakyError>
// (Surefire, nextest) mean: passed in the end. Elements of one name are namesakes or attempts,
// nothing tells which, so that a failed one stands (MergeOutcomes). Properties and output, which
// hold secrets at times, are not read. A testcase with an empty name is a suite whose set-up
// failed. Memory: one testcase.
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/ingest/formats.h"
#include "server/ingest/parse_error.h"
#include "server/ingest/xml_reader.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::string_view kName = "junit-xml";

class Handler : public XmlHandler {
 public:
  explicit Handler(EvidenceSink* sink) : sink_(sink) {}

  absl::Status Begin(absl::string_view element, const XmlAttributes& attributes,
                     int depth) override {
    if (depth == 0 && element != "testsuites" && element != "testsuite") {
      return absl::InvalidArgumentError(absl::StrCat("the root element is ", Quoted(element),
                                                     ", not 'testsuites' or 'testsuite'"));
    }
    if (element == "testsuite") {
      suites_.push_back({std::string(attributes.Get("name")), std::string(attributes.Get("file"))});
    } else if (element == "testcase") {
      return BeginCase(attributes, depth);
    } else if (in_case_ && depth == case_depth_ + 1) {
      TakeResult(element, attributes);
    }
    return absl::OkStatus();
  }

  absl::Status End(absl::string_view element, int depth) override {
    if (element == "testsuite") {
      suites_.pop_back();
    } else if (in_case_ && depth == case_depth_) {
      in_case_ = false;
      return EndCase();
    }
    return absl::OkStatus();
  }

 private:
  struct Suite {
    std::string name, file;
  };

  absl::Status BeginCase(const XmlAttributes& attributes, int depth) {
    if (in_case_) return absl::InvalidArgumentError("a testcase lies inside a testcase");
    if (attributes.Find("name") == nullptr) {
      return absl::InvalidArgumentError("a testcase has no name");
    }
    in_case_ = true;
    case_depth_ = depth;
    name_ = std::string(attributes.Get("name"));
    class_ = std::string(attributes.Get("classname"));
    file_ = std::string(attributes.Get("file"));
    for (auto suite = suites_.rbegin(); suite != suites_.rend(); ++suite) {
      if (file_.empty()) file_ = suite->file;
      if (class_.empty() && attributes.Find("classname") == nullptr) class_ = suite->name;
    }
    result_ = LabelOutcome();
    failed_ = error_ = skipped_ = xfailed_ = false;
    const absl::string_view status = attributes.Get("status"), result = attributes.Get("result");
    if (status == "notrun" || status == "disabled" || result == "suppressed") skipped_ = true;
    if (status == "fail" || status == "failed") failed_ = true;
    if (const char* const time = attributes.Find("time"); time != nullptr && *time != '\0') {
      TS_ASSIGN_OR_RETURN(result_.seconds, ParseSeconds(time));
    }
    return absl::OkStatus();
  }

  void TakeResult(absl::string_view element, const XmlAttributes& attributes) {
    if (element == "failure") failed_ = true;
    if (element == "error") error_ = true;
    if (element == "skipped") {
      skipped_ = true;
      xfailed_ = attributes.Get("type") == "pytest.xfail";
    }
    if (element == "flakyFailure" || element == "flakyError") result_.flaky = true;
  }

  absl::Status EndCase() {
    result_.outcome = failed_    ? Outcome::kFailed
                      : error_   ? Outcome::kError
                      : xfailed_ ? Outcome::kXfailed
                      : skipped_ ? Outcome::kSkipped
                                 : Outcome::kPassed;
    if (result_.outcome != Outcome::kPassed) result_.flaky = false;
    if (name_.empty() && class_.empty()) {
      return absl::InvalidArgumentError("a testcase has neither a name nor a classname");
    }
    return sink_->AddOutcome({class_, name_, file_}, result_);
  }

  EvidenceSink* const sink_;
  std::vector<Suite> suites_;
  bool in_case_ = false;
  int case_depth_ = 0;
  std::string name_, class_, file_;
  LabelOutcome result_;
  bool failed_ = false, error_ = false, skipped_ = false, xfailed_ = false;
};

class Parser : public ReportParser {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view summary() const override { return "JUnit XML: outcomes and durations"; }
  bool names_labels() const override { return true; }
  bool is_outcomes() const override { return true; }
  bool Recognises(absl::string_view head) const override {
    const std::string root = FindXmlRoot(head).name;
    return root == "testsuites" || root == "testsuite";
  }
  absl::Status Parse(ReportSource& source, const ParseOptions& options,
                     EvidenceSink& sink) const override {
    (void)options;
    Handler handler(&sink);
    return ReadXml(&source, kName, &handler);
  }
};

}  // namespace

const ReportParser* JUnitXmlParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
