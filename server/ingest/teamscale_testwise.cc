// Teamscale's testwise coverage (JSON): coverage, outcome and duration per test.
//
//   {"partial": false, "tests": [{"uniformPath": "label", "duration": 0.1, "result": "PASSED",
//     "paths": [{"path": "com/example", "files": [{"fileName": "A.java",
//                                                  "coveredLines": "13,20-21"}]}]}]}
//
// A long run is split into files "-1", "-2", ...: give them all, they are one upload. "partial" is
// not read; the upload says whether it is whole. Memory: one test.
// https://docs.teamscale.com/reference/upload-formats-and-samples/testwise-coverage/
#include <simdjson.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/ingest/formats.h"
#include "server/ingest/json_reader.h"
#include "server/ingest/line_bits.h"
#include "server/ingest/parse_error.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::string_view kName = "teamscale-testwise";

absl::StatusOr<Outcome> ParseResult(absl::string_view result) {
  if (result == "PASSED") return Outcome::kPassed;
  if (result == "IGNORED" || result == "SKIPPED") return Outcome::kSkipped;
  if (result == "FAILURE") return Outcome::kFailed;
  if (result == "ERROR") return Outcome::kError;
  return absl::InvalidArgumentError(absl::StrCat(
      "result ", Quoted(result), " is none of PASSED, IGNORED, SKIPPED, FAILURE, ERROR"));
}

// "13,20-21"
absl::Status ParseLines(absl::string_view text, LineBits* lines) {
  for (const absl::string_view part : absl::StrSplit(text, ',', absl::SkipWhitespace())) {
    const std::pair<absl::string_view, absl::string_view> ends =
        absl::StrSplit(absl::StripAsciiWhitespace(part), absl::MaxSplits('-', 1));
    TS_ASSIGN_OR_RETURN(const uint32_t first, ParseLine(ends.first));
    uint32_t last = first;
    if (absl::StrContains(part, '-')) {
      TS_ASSIGN_OR_RETURN(last, ParseLine(ends.second));
    }
    if (last < first) {
      return absl::InvalidArgumentError(
          absl::StrCat("coveredLines ", Quoted(part), " ends before it begins"));
    }
    lines->AddRange(first, last);
  }
  return absl::OkStatus();
}

// A member of an object: its text, "" where it is missing or null; an error where it is no text.
absl::StatusOr<std::string> TextMember(const simdjson::dom::object& object, const char* key) {
  simdjson::dom::element value;
  if (object[key].get(value) != simdjson::SUCCESS || value.is_null()) return std::string();
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS) {
    return absl::InvalidArgumentError(absl::StrCat("'", key, "' is no text"));
  }
  return std::string(text);
}

// Likewise an array; empty where it is missing or null.
absl::StatusOr<std::vector<simdjson::dom::object>> ObjectsMember(
    const simdjson::dom::object& object, const char* key) {
  std::vector<simdjson::dom::object> out;
  simdjson::dom::element value;
  if (object[key].get(value) != simdjson::SUCCESS || value.is_null()) return out;
  simdjson::dom::array array;
  if (value.get_array().get(array) != simdjson::SUCCESS) {
    return absl::InvalidArgumentError(absl::StrCat("'", key, "' is no array"));
  }
  for (const simdjson::dom::element element : array) {
    simdjson::dom::object item;
    if (element.get_object().get(item) != simdjson::SUCCESS) {
      return absl::InvalidArgumentError(absl::StrCat("'", key, "' holds what is no object"));
    }
    out.push_back(item);
  }
  return out;
}

class Report {
 public:
  Report(ReportSource* source, EvidenceSink* sink) : sink_(sink), json_(source, kName) {}

  absl::Status Parse() {
    TS_RETURN_IF_ERROR(json_.Start());
    TS_RETURN_IF_ERROR(json_.Expect('{'));
    bool first = true, tests = false;
    absl::string_view key;
    for (;;) {
      TS_ASSIGN_OR_RETURN(const bool more, json_.NextMember(&first, &key));
      if (!more) break;
      if (key == "tests") {
        tests = true;
        TS_RETURN_IF_ERROR(ReadTests());
      } else {
        TS_RETURN_IF_ERROR(json_.SkipValue());
      }
    }
    TS_RETURN_IF_ERROR(json_.ExpectEnd());
    if (!tests) return json_.Error("the object has no 'tests'");
    sink_->SuiteOrder(order_);
    return absl::OkStatus();
  }

 private:
  absl::Status ReadTests() {
    TS_RETURN_IF_ERROR(json_.Expect('['));
    bool first = true;
    for (;;) {
      TS_ASSIGN_OR_RETURN(const bool more, json_.NextElement(&first));
      if (!more) return absl::OkStatus();
      TS_ASSIGN_OR_RETURN(const absl::string_view raw, json_.RawValue());
      const simdjson::padded_string padded(raw.data(), raw.size());
      simdjson::dom::object test;
      const simdjson::error_code code = parser_.parse(padded).get_object().get(test);
      if (code != simdjson::SUCCESS) {
        return json_.Error(absl::StrCat("the test that ends here is no valid object: ",
                                        simdjson::error_message(code)));
      }
      TS_RETURN_IF_ERROR(json_.AtByte(TakeTest(test)));
    }
  }

  absl::Status TakeTest(const simdjson::dom::object& test) {
    TS_ASSIGN_OR_RETURN(const std::string label, TextMember(test, "uniformPath"));
    if (label.empty()) return absl::InvalidArgumentError("a test has no 'uniformPath'");
    TS_ASSIGN_OR_RETURN(const std::string result, TextMember(test, "result"));
    TS_ASSIGN_OR_RETURN(const auto paths, ObjectsMember(test, "paths"));
    LabelOutcome outcome;
    if (!result.empty()) {
      TS_ASSIGN_OR_RETURN(outcome.outcome, ParseResult(result));
    }
    const bool ran = outcome.outcome != Outcome::kSkipped || !paths.empty();
    if (!result.empty()) {
      TS_RETURN_IF_ERROR(TakeDuration(test, &outcome));
      TS_RETURN_IF_ERROR(sink_->AddOutcome({"", label, "", ran}, outcome));
    }
    if (!ran) return absl::OkStatus();
    TS_ASSIGN_OR_RETURN(const ContextId context, sink_->Context(label, Phase::kRun));
    order_.push_back(label);
    for (const simdjson::dom::object& path : paths) {
      TS_RETURN_IF_ERROR(TakePath(path, context));
    }
    return absl::OkStatus();
  }

  absl::Status TakeDuration(const simdjson::dom::object& test, LabelOutcome* outcome) {
    simdjson::dom::element value;
    if (test["duration"].get(value) != simdjson::SUCCESS || value.is_null()) {
      return absl::OkStatus();
    }
    double seconds = 0;
    if (value.get_double().get(seconds) != simdjson::SUCCESS || seconds < 0) {
      return absl::InvalidArgumentError("'duration' is no number of seconds");
    }
    outcome->seconds = seconds;
    return absl::OkStatus();
  }

  absl::Status TakePath(const simdjson::dom::object& path, ContextId context) {
    TS_ASSIGN_OR_RETURN(const std::string folder, TextMember(path, "path"));
    TS_ASSIGN_OR_RETURN(const auto files, ObjectsMember(path, "files"));
    for (const simdjson::dom::object& file : files) {
      TS_ASSIGN_OR_RETURN(const std::string name, TextMember(file, "fileName"));
      TS_ASSIGN_OR_RETURN(const std::string covered, TextMember(file, "coveredLines"));
      if (name.empty()) return absl::InvalidArgumentError("a file has no 'fileName'");
      TS_ASSIGN_OR_RETURN(const FileId id,
                          sink_->File(folder.empty() ? name : absl::StrCat(folder, "/", name)));
      LineBits lines;
      TS_RETURN_IF_ERROR(ParseLines(covered, &lines));
      sink_->AddLineBits(id, context, lines.bits());
    }
    return absl::OkStatus();
  }

  EvidenceSink* const sink_;
  JsonReader json_;
  simdjson::dom::parser parser_;
  std::vector<std::string> order_;
};

class Parser : public ReportParser {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view summary() const override { return "Teamscale: testwise coverage (JSON)"; }
  bool names_labels() const override { return true; }
  bool is_outcomes() const override { return false; }
  bool Recognises(absl::string_view head) const override {
    const size_t brace = head.find('{');
    return brace < 8 && absl::StrContains(head, "\"tests\"") &&
           absl::StrContains(head, "\"uniformPath\"");
  }
  absl::Status Parse(ReportSource& source, const ParseOptions& options,
                     EvidenceSink& sink) const override {
    (void)options;
    return Report(&source, &sink).Parse();
  }
};

}  // namespace

const ReportParser* TeamscaleTestwiseParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
