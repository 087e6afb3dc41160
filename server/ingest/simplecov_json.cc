// SimpleCov's coverage.json (its JSON formatter, and simplecov_json_formatter before 1.0).
//
//   {"meta": {"simplecov_version": "1.1.1", ...},
//    "coverage": {"lib/a.rb": {"lines": [null, 1, "ignored"], "contexts": {"0": "1f"}, ...}},
//    "groups": {...}, "contexts": ["spec/a_spec.rb:4", ...]}
//
// With `track_tests` (1.1) the list of contexts, which comes last, names the tests: so the report
// is read twice. What no test executed ran outside of tests. Without the list the report names no
// test. The "source" of a file is not read. Memory: the tests' names, and one file's lines.
// https://github.com/simplecov-ruby/simplecov (schemas/coverage-v1.1.schema.json)
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/ingest/formats.h"
#include "server/ingest/json_reader.h"
#include "server/ingest/parse_error.h"
#include "server/ingest/simplecov.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::string_view kName = "simplecov-json";

// Reads the list of contexts at the report's root; false if there is none.
absl::StatusOr<bool> ReadList(ReportSource* source, SimpleCovContexts* contexts) {
  JsonReader json(source, kName);
  bool found = false, coverage = false;
  TS_RETURN_IF_ERROR(json.Start());
  TS_RETURN_IF_ERROR(json.ForEachMember([&](absl::string_view key) -> absl::Status {
    coverage |= key == "coverage";
    if (key != "contexts") return json.SkipValue();
    TS_ASSIGN_OR_RETURN(const char c, json.PeekChar());
    if (c != '[') return json.SkipValue();
    found = true;
    return contexts->ReadList(json);
  }));
  TS_RETURN_IF_ERROR(json.ExpectEnd());
  if (!coverage) return json.Error("the object has no 'coverage'");
  return found;
}

class FilesReader {
 public:
  // `contexts`: null where the report names no test; then all lines are `context`'s.
  FilesReader(ReportSource* source, const SimpleCovContexts* contexts, ContextId context,
              EvidenceSink* sink)
      : contexts_(contexts), context_(context), sink_(sink), json_(source, kName) {}

  absl::Status Read() {
    TS_RETURN_IF_ERROR(json_.Start());
    return json_.ForEachMember([this](absl::string_view key) -> absl::Status {
      if (key != "coverage") return json_.SkipValue();
      return json_.ForEachMember([this](absl::string_view raw) { return ReadFile(raw); });
    });
  }

 private:
  absl::Status ReadFile(absl::string_view raw) {
    const absl::StatusOr<std::string> path = UnescapeJson(raw);
    if (!path.ok()) return json_.AtByte(path.status());
    const absl::StatusOr<FileId> file = sink_->File(*path);
    if (!file.ok()) return json_.AtByte(file.status());
    LineBits executed, covered;
    bool lines = false;
    TS_RETURN_IF_ERROR(json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      if (key == "contexts" && contexts_ != nullptr) {
        return contexts_->ReadFile(json_, *file, &covered);
      }
      if (key != "lines") return json_.SkipValue();
      lines = true;
      return ReadSimpleCovLines(json_, &executed);
    }));
    if (!lines) {
      return json_.Error(
          absl::StrCat("file ", Quoted(*path), " has no 'lines': was line coverage switched off?"));
    }
    executed.Remove(covered);
    sink_->AddLineBits(*file, context_, executed.bits());
    return absl::OkStatus();
  }

  const SimpleCovContexts* const contexts_;
  const ContextId context_;
  EvidenceSink* const sink_;
  JsonReader json_;
};

class Parser : public ReportParser {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view summary() const override {
    return "SimpleCov: coverage.json, with track_tests or --label";
  }
  bool names_labels() const override { return true; }
  bool is_outcomes() const override { return false; }
  bool Recognises(absl::string_view head) const override {
    return head.find('{') < 8 && absl::StrContains(head, "\"simplecov_version\"");
  }
  absl::Status Parse(ReportSource& source, const ParseOptions& options,
                     EvidenceSink& sink) const override {
    SimpleCovContexts contexts(&sink);
    ContextId context = kGlobalContext;
    TS_ASSIGN_OR_RETURN(const bool names_tests, ReadList(&source, &contexts));
    if (!names_tests) {
      TS_RETURN_IF_ERROR(RequireLabel(source.name(), kName, options.label));
      TS_ASSIGN_OR_RETURN(context, sink.Context(options.label, Phase::kRun));
    }
    TS_ASSIGN_OR_RETURN(const auto again, ReopenReport(source));
    return FilesReader(again.get(), names_tests ? &contexts : nullptr, context, &sink).Read();
  }
};

}  // namespace

const ReportParser* SimpleCovJsonParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
