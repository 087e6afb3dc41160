// What `go test -json` prints (also gotestsum --jsonfile): outcomes, one event a line.
//
//   {"Action":"pass","Package":"example.com/m/pkg","Test":"TestX/sub","Elapsed":0.1}
//
// A package that fails though none of its tests did (it does not build, TestMain fails) is an error
// of all of its tests; so is a test that began and has no end when its package ends (os.Exit, a
// time limit). A test that failed and passes in a later run of the same package (a retry: gotestsum
// --rerun-fails) is flaky. Output is not read; lines that are no event are counted, because what
// builds packages writes between them. Memory: the tests that run, and those that failed.
#include <simdjson.h>

#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/ingest/formats.h"
#include "server/ingest/line_reader.h"
#include "server/ingest/parse_error.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::string_view kName = "go-test-json";

struct Event {
  std::string action, package, test;
  double seconds = -1;
};

class Report {
 public:
  Report(ReportSource* source, EvidenceSink* sink) : sink_(sink), lines_(source, kName) {}

  absl::Status Parse() {
    absl::string_view line;
    for (;;) {
      TS_ASSIGN_OR_RETURN(const bool more, lines_.Next(&line));
      if (!more) break;
      TS_RETURN_IF_ERROR(lines_.AtLine(TakeLine(line)));
    }
    if (events_ == 0) return lines_.Error("the report has no event");
    // The stream was cut off before these packages ended.
    while (!packages_.empty()) {
      const std::string name = packages_.begin()->first;
      TS_RETURN_IF_ERROR(EndPackage(name, /*failed=*/true));
    }
    for (const auto& [test, outcome] : failed_) {
      TS_RETURN_IF_ERROR(sink_->AddOutcome({test.first, test.second, ""}, outcome));
    }
    if (others_ > 0) {
      sink_->Warn(absl::StrCat("go-test-json: ", others_, " lines are no test events"));
    }
    return absl::OkStatus();
  }

 private:
  // A package between its start and its end.
  struct Package {
    std::set<std::string> running;
    bool test_failed = false;
  };

  absl::Status TakeLine(absl::string_view line) {
    if (line.empty()) return absl::OkStatus();
    if (line[0] != '{') return TakeOther(line);
    // Nine lines of ten, and nothing in them matters.
    if (absl::StrContains(line, "\"Action\":\"output\"")) {
      ++events_;
      return absl::OkStatus();
    }
    TS_ASSIGN_OR_RETURN(const Event event, ParseEvent(line));
    ++events_;
    return Take(event);
  }

  // Before Go 1.24 a package that does not build is told in plain text.
  absl::Status TakeOther(absl::string_view line) {
    ++others_;
    if (!absl::ConsumePrefix(&line, "FAIL\t") || !absl::ConsumeSuffix(&line, " failed]")) {
      return absl::OkStatus();
    }
    return FailSuite(line.substr(0, line.find_last_of('[')));
  }

  absl::StatusOr<Event> ParseEvent(absl::string_view line) {
    const simdjson::padded_string padded(line.data(), line.size());
    simdjson::dom::object object;
    if (const auto code = parser_.parse(padded).get_object().get(object);
        code != simdjson::SUCCESS) {
      return absl::InvalidArgumentError(
          absl::StrCat("the line is no JSON object: ", simdjson::error_message(code)));
    }
    Event event;
    for (const auto& [key, text] :
         {std::pair("Action", &event.action), std::pair("Package", &event.package),
          std::pair("Test", &event.test)}) {
      simdjson::dom::element value;
      if (object[key].get(value) != simdjson::SUCCESS) continue;
      std::string_view view;
      if (value.get_string().get(view) != simdjson::SUCCESS) {
        return absl::InvalidArgumentError(absl::StrCat("'", key, "' is no text"));
      }
      *text = std::string(view);
    }
    simdjson::dom::element elapsed;
    if (object["Elapsed"].get(elapsed) == simdjson::SUCCESS &&
        (elapsed.get_double().get(event.seconds) != simdjson::SUCCESS || event.seconds < 0)) {
      return absl::InvalidArgumentError("'Elapsed' is no number of seconds");
    }
    if (event.action.empty()) return absl::InvalidArgumentError("an event has no 'Action'");
    return event;
  }

  absl::Status Take(const Event& event) {
    if (event.package.empty()) return absl::OkStatus();  // of a build
    const bool ended = event.action == "pass" || event.action == "fail" || event.action == "skip";
    if (event.test.empty()) {
      if (ended) return EndPackage(event.package, event.action == "fail");
      packages_[event.package];
      return absl::OkStatus();
    }
    Package& package = packages_[event.package];
    if (event.action == "run") package.running.insert(event.test);
    if (!ended) return absl::OkStatus();
    package.running.erase(event.test);
    package.test_failed |= event.action == "fail";
    return EndTest(event);
  }

  absl::Status EndTest(const Event& event) {
    const std::pair<std::string, std::string> test(event.package, event.test);
    LabelOutcome outcome{.seconds = event.seconds};
    outcome.outcome = event.action == "pass"   ? Outcome::kPassed
                      : event.action == "skip" ? Outcome::kSkipped
                                               : Outcome::kFailed;
    if (outcome.outcome == Outcome::kFailed) {
      // Told at the end: a retry may follow.
      failed_now_.insert(test);
      failed_[test] = outcome;
      return absl::OkStatus();
    }
    if (failed_now_.contains(test)) return absl::OkStatus();  // -count: nothing hides the failure
    outcome.flaky = outcome.outcome == Outcome::kPassed && failed_.erase(test) > 0;
    return sink_->AddOutcome({test.first, test.second, ""}, outcome);
  }

  absl::Status EndPackage(const std::string& name, bool failed) {
    const Package package = std::exchange(packages_[name], Package());
    packages_.erase(name);
    for (const std::string& test : package.running) {
      failed_[{name, test}] = {.outcome = Outcome::kError};
    }
    std::erase_if(failed_now_, [&](const auto& test) { return test.first == name; });
    if (!failed || package.test_failed || !package.running.empty()) return absl::OkStatus();
    return FailSuite(name);
  }

  absl::Status FailSuite(absl::string_view package) {
    package = absl::StripTrailingAsciiWhitespace(package);
    if (package.empty()) return absl::OkStatus();
    return sink_->AddOutcome({package, "", ""}, {.outcome = Outcome::kError});
  }

  EvidenceSink* const sink_;
  LineReader lines_;
  simdjson::dom::parser parser_;
  std::map<std::string, Package> packages_;
  std::map<std::pair<std::string, std::string>, LabelOutcome> failed_;  // by package and test
  std::set<std::pair<std::string, std::string>> failed_now_;  // in this run of their package
  uint64_t events_ = 0, others_ = 0;
};

class Parser : public ReportParser {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view summary() const override { return "go test -json: outcomes and durations"; }
  bool names_labels() const override { return true; }
  bool is_outcomes() const override { return true; }
  bool Recognises(absl::string_view head) const override {
    return absl::StrContains(head, "\"Action\":\"") &&
           (absl::StrContains(head, "\"Package\":\"") ||
            absl::StrContains(head, "\"ImportPath\":\""));
  }
  absl::Status Parse(ReportSource& source, const ParseOptions& options,
                     EvidenceSink& sink) const override {
    (void)options;
    return Report(&source, &sink).Parse();
  }
};

}  // namespace

const ReportParser* GoTestJsonParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
