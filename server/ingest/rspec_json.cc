// The results of RSpec's JSON formatter (--format json): outcomes.
//
//   {"version": "3.12.0", "messages": ["An error occurred while loading ./spec/b_spec.rb.\n..."],
//    "examples": [{"id": "./spec/a_spec.rb[1:1]", "full_description": "Ledger adds",
//                  "status": "passed", "file_path": "./spec/a_spec.rb", "line_number": 6,
//                  "run_time": 0.0002}], "summary": {...}}
//
// The label is the full description, or what coverage calls it: the id (which `testselect run
// rspec` uses), "spec/a_spec.rb:6" (SimpleCov's track_tests), or the file. A pending example is
// skipped. A file that does not load keeps RSpec from running any: it failed as a whole. Memory:
// one example, without its failure.
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "server/ingest/formats.h"
#include "server/ingest/json_reader.h"
#include "server/ingest/parse_error.h"
#include "server/ingest/printed_json.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::string_view kName = "rspec-json";
constexpr absl::string_view kFirstKeys[] = {"version"};
constexpr absl::string_view kLoadError = "An error occurred while loading ";

struct Example {
  std::string id, description, status, file, line;
  double seconds = -1;
};

absl::StatusOr<Outcome> ParseStatus(absl::string_view status) {
  if (status == "passed") return Outcome::kPassed;
  if (status == "failed") return Outcome::kFailed;
  if (status == "pending") return Outcome::kSkipped;
  return absl::InvalidArgumentError(
      absl::StrCat("status ", Quoted(status), " is none of passed, failed, pending"));
}

class Report {
 public:
  Report(ReportSource* source, EvidenceSink* sink)
      : source_(source), sink_(sink), json_(source, kName) {}

  absl::Status Parse() {
    bool examples = false;
    TS_RETURN_IF_ERROR(StartPrinted(source_, &json_, kFirstKeys));
    TS_RETURN_IF_ERROR(json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      if (key == "messages") return json_.ForEachElement([this] { return ReadMessage(); });
      if (key != "examples") return json_.SkipValue();
      examples = true;
      return json_.ForEachElement([this] { return ReadExample(); });
    }));
    if (!examples) return json_.Error("the object has no 'examples'");
    return EndPrinted(&json_, kFirstKeys);
  }

 private:
  // "\nAn error occurred while loading ./spec/a_spec.rb.\nFailure/Error: ..."
  absl::Status ReadMessage() {
    TS_ASSIGN_OR_RETURN(const std::string text, json_.TextOrNone());
    absl::string_view file = text;
    const size_t at = file.find(kLoadError);
    if (at == absl::string_view::npos) return absl::OkStatus();
    file.remove_prefix(at + kLoadError.size());
    file = absl::StripSuffix(file.substr(0, file.find('\n')), ".");
    if (file.empty()) return absl::OkStatus();
    ReportedTest whole{"", "", absl::StripPrefix(file, "./")};
    whole.whole_file = true;
    return json_.AtByte(sink_->AddOutcome(whole, {.outcome = Outcome::kError}));
  }

  absl::Status ReadExample() {
    Example example;
    TS_RETURN_IF_ERROR(json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      std::string* const text = key == "id"                 ? &example.id
                                : key == "full_description" ? &example.description
                                : key == "status"           ? &example.status
                                : key == "file_path"        ? &example.file
                                                            : nullptr;
      if (text != nullptr) {
        TS_ASSIGN_OR_RETURN(*text, json_.TextOrNone());
        return absl::OkStatus();
      }
      if (key == "line_number") {
        TS_ASSIGN_OR_RETURN(const absl::string_view line, json_.Scalar());
        example.line = std::string(line);
        return absl::OkStatus();
      }
      if (key != "run_time") return json_.SkipValue();
      TS_ASSIGN_OR_RETURN(const absl::string_view number, json_.Scalar());
      if (number == "null") return absl::OkStatus();
      const absl::StatusOr<double> seconds = ParseSeconds(number);
      if (!seconds.ok()) return json_.AtByte(seconds.status());
      example.seconds = *seconds;
      return absl::OkStatus();
    }));
    return json_.AtByte(Tell(example));
  }

  absl::Status Tell(const Example& example) {
    const absl::string_view name = example.description.empty() ? example.id : example.description;
    if (name.empty()) {
      return absl::InvalidArgumentError("an example has neither 'full_description' nor 'id'");
    }
    LabelOutcome outcome;
    TS_ASSIGN_OR_RETURN(outcome.outcome, ParseStatus(example.status));
    outcome.seconds = example.seconds;
    const absl::string_view file = absl::StripPrefix(example.file, "./");
    const std::vector<std::string> aliases = {
        example.id, std::string(absl::StripPrefix(example.id, "./")),
        absl::StrCat(file, ":", example.line), absl::StrCat("./", file, ":", example.line)};
    ReportedTest test{"", name, file};
    test.aliases = aliases;
    return sink_->AddOutcome(test, outcome);
  }

  ReportSource* const source_;
  EvidenceSink* const sink_;
  JsonReader json_;
};

class Parser : public ReportParser {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view summary() const override {
    return "RSpec's --format json: outcomes and durations";
  }
  bool names_labels() const override { return true; }
  bool is_outcomes() const override { return true; }
  bool Recognises(absl::string_view head) const override {
    return MayHoldPrintedObject(head, kFirstKeys) && absl::StrContains(head, "\"examples\"") &&
           (absl::StrContains(head, "\"full_description\"") ||
            absl::StrContains(head, "\"summary_line\""));
  }
  absl::Status Parse(ReportSource& source, const ParseOptions& options,
                     EvidenceSink& sink) const override {
    (void)options;
    return Report(&source, &sink).Parse();
  }
};

}  // namespace

const ReportParser* RspecJsonParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
