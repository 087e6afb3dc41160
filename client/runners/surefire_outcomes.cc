#include "client/runners/surefire_outcomes.h"

#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "server/ingest/report_parser.h"
#include "server/ingest/xml_reader.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

constexpr uint64_t kMaxReportBytes = uint64_t{4} << 30;

class Handler : public XmlHandler {
 public:
  Handler(const absl::flat_hash_set<std::string>& classes,
          std::map<std::string, ClassOutcome>& outcomes)
      : classes_(classes), outcomes_(outcomes) {}

  absl::Status Begin(absl::string_view element, const XmlAttributes& attributes, int) override {
    if (element == "testsuite") {
      suite_ = Outermost(attributes.Get("name"));
    } else if (element == "testcase") {
      const std::string owner = Outermost(attributes.Get("classname"));
      // The class is in a report of its own; what a test calls itself may be a sentence.
      case_ = &outcomes_[classes_.contains(owner) || !classes_.contains(suite_) ? owner : suite_];
      skipped_ = false;
      double seconds = 0;
      if (absl::SimpleAtod(attributes.Get("time"), &seconds)) case_->seconds += seconds;
    } else if (case_ != nullptr) {
      case_->failed |= element == "failure";
      case_->error |= element == "error";
      case_->flaky |= element == "flakyFailure" || element == "flakyError";
      skipped_ |= element == "skipped";
    }
    return absl::OkStatus();
  }

  absl::Status End(absl::string_view element, int) override {
    if (element != "testcase" || case_ == nullptr) return absl::OkStatus();
    case_->ran |= !skipped_;
    case_ = nullptr;
    return absl::OkStatus();
  }

 private:
  static std::string Outermost(absl::string_view name) {
    return std::string(name.substr(0, name.find('$')));
  }

  const absl::flat_hash_set<std::string>& classes_;
  std::map<std::string, ClassOutcome>& outcomes_;
  std::string suite_;
  ClassOutcome* case_ = nullptr;
  bool skipped_ = false;
};

std::string Testcase(absl::string_view name, absl::string_view seconds, absl::string_view inner) {
  const std::string escaped =
      absl::StrReplaceAll(name, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}});
  return absl::StrCat("<testcase classname=\"\" name=\"", escaped, "\" time=\"", seconds, "\">",
                      inner, "</testcase>\n");
}

}  // namespace

absl::Status AddSurefireReport(const std::string& file,
                               const absl::flat_hash_set<std::string>& classes,
                               const std::string& spool,
                               std::map<std::string, ClassOutcome>& outcomes) {
  TS_ASSIGN_OR_RETURN(const std::unique_ptr<ReportSource> source,
                      OpenReportFile(file, file, spool, kMaxReportBytes));
  Handler handler(classes, outcomes);
  return ReadXml(source.get(), "surefire", &handler);
}

std::string ClassOutcomesXml(const std::map<std::string, ClassOutcome>& outcomes,
                             absl::Span<const std::string> empty) {
  std::string xml = "<testsuites>\n";
  for (const auto& [name, outcome] : outcomes) {
    const absl::string_view inner = outcome.failed  ? "<failure/>"
                                    : outcome.error ? "<error/>"
                                    : !outcome.ran  ? "<skipped/>"
                                    : outcome.flaky ? "<flakyFailure/>"
                                                    : "";
    absl::StrAppend(&xml, Testcase(name, absl::StrCat(outcome.seconds), inner));
  }
  for (const std::string& name : empty) absl::StrAppend(&xml, Testcase(name, "0", "<skipped/>"));
  return absl::StrCat(xml, "</testsuites>\n");
}

}  // namespace testselect::client
