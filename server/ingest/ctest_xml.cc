// CTest's Testing/TAG/Test.xml, which `ctest -T Test` writes for CDash: outcomes. What `ctest
// --output-junit` writes is read as JUnit XML.
//
//   <Site><Testing><Test Status="passed"><Name>n</Name><Results>
//     <NamedMeasurement name="Execution Time"><Value>0.1</Value></NamedMeasurement>
//     <NamedMeasurement name="Completion Status"><Value>Completed</Value></NamedMeasurement>
//
// A test that did not run is skipped where it is disabled or says so itself (SKIP_RETURN_CODE,
// SKIP_REGULAR_EXPRESSION), else an error: its program, or a file that it requires, is missing.
// Output, command lines and what the root tells of the machine are not read. Memory: one test.
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/ingest/formats.h"
#include "server/ingest/parse_error.h"
#include "server/ingest/xml_reader.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::string_view kName = "ctest-xml";
constexpr size_t kMaxTextBytes = 64 << 10;

class Handler : public XmlHandler {
 public:
  explicit Handler(EvidenceSink* sink) : sink_(sink) {}

  absl::Status Begin(absl::string_view element, const XmlAttributes& attributes,
                     int depth) override {
    if (depth == 0 && element != "Site") {
      return absl::InvalidArgumentError(
          absl::StrCat("the root element is ", Quoted(element), ", not 'Site'"));
    }
    // The list of the tests' names has elements of this name, too; they have no status.
    if (element == "Test" && attributes.Find("Status") != nullptr) {
      if (test_depth_ >= 0) return absl::InvalidArgumentError("a Test lies inside a Test");
      test_depth_ = depth;
      status_ = std::string(attributes.Get("Status"));
      name_.clear();
      seconds_.clear();
      completion_.clear();
    }
    if (element == "NamedMeasurement") measurement_ = std::string(attributes.Get("name"));
    text_ = test_depth_ < 0 ? nullptr : Wanted(element, depth);
    return absl::OkStatus();
  }

  absl::Status End(absl::string_view element, int depth) override {
    text_ = nullptr;
    if (element == "NamedMeasurement") measurement_.clear();
    if (depth != test_depth_) return absl::OkStatus();
    test_depth_ = -1;
    return Tell();
  }

  bool wants_text() const override { return text_ != nullptr; }
  void Text(absl::string_view piece) override {
    if (text_->size() < kMaxTextBytes + 1) text_->append(piece.data(), piece.size());
  }

 private:
  // Where the text of an element goes; nullptr: nowhere.
  std::string* Wanted(absl::string_view element, int depth) {
    if (element == "Name" && depth == test_depth_ + 1) return &name_;
    if (element != "Value") return nullptr;
    if (measurement_ == "Execution Time") return &seconds_;
    if (measurement_ == "Completion Status") return &completion_;
    return nullptr;
  }

  absl::Status Tell() {
    if (name_.empty()) return absl::InvalidArgumentError("a Test has no Name");
    LabelOutcome outcome;
    if (status_ == "passed") {
      outcome.outcome = Outcome::kPassed;
    } else if (status_ == "failed") {
      outcome.outcome = Outcome::kFailed;
    } else if (status_ == "notrun") {
      const bool skipped = completion_ == "Disabled" || absl::StartsWith(completion_, "SKIP_");
      outcome.outcome = skipped ? Outcome::kSkipped : Outcome::kError;
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("Status ", Quoted(status_), " is none of passed, failed, notrun"));
    }
    const absl::string_view seconds = absl::StripAsciiWhitespace(seconds_);
    if (!seconds.empty()) {
      TS_ASSIGN_OR_RETURN(outcome.seconds, ParseSeconds(seconds));
    }
    return sink_->AddOutcome({"", name_, ""}, outcome);
  }

  EvidenceSink* const sink_;
  int test_depth_ = -1;  // of the Test that is being read; -1: none
  std::string status_, name_, seconds_, completion_;
  std::string measurement_;  // the name of the one that is being read
  std::string* text_ = nullptr;
};

class Parser : public ReportParser {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view summary() const override {
    return "CTest's Test.xml (ctest -T Test): outcomes and durations";
  }
  bool names_labels() const override { return true; }
  bool is_outcomes() const override { return true; }
  bool Recognises(absl::string_view head) const override {
    return FindXmlRoot(head).name == "Site";
  }
  absl::Status Parse(ReportSource& source, const ParseOptions& options,
                     EvidenceSink& sink) const override {
    (void)options;
    Handler handler(&sink);
    return ReadXml(&source, kName, &handler);
  }
};

}  // namespace

const ReportParser* CTestXmlParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
