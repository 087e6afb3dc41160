// SimpleCov's .resultset.json: one entry per run.
//
//   {"Ledger adds": {"coverage": {"/app/lib/a.rb": {"lines": [null, 1, 0], "branches": {...}}},
//                    "timestamp": 1795327026,
//                    "contexts": {"version": 1, "contexts": ["spec/a_spec.rb:4"],
//                                 "files": {"/app/lib/a.rb": {"0": "1f"}}}}}
//
// The name of the run (`command_name`) is the label, if one process ran per test and gave it; a
// name that SimpleCov found by itself ("RSpec") stands for the upload's label. Where there are
// contexts (SimpleCov 1.1 with `track_tests`), they name the tests, and what no test executed ran
// outside of tests. Before 0.18 a file's value was the array of lines itself. Branches and methods
// are not read. Memory: the lines of one entry (a bit each), where it has contexts those twice.
// https://github.com/simplecov-ruby/simplecov (lib/simplecov/result.rb, context_map.rb)
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
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

constexpr absl::string_view kName = "simplecov-resultset";
constexpr absl::string_view kContextsVersion = "1";

class Report {
 public:
  Report(ReportSource* source, const ParseOptions& options, EvidenceSink* sink)
      : source_(source), options_(options), sink_(sink), json_(source, kName) {}

  absl::Status Parse() {
    TS_RETURN_IF_ERROR(json_.Start());
    TS_RETURN_IF_ERROR(json_.ForEachMember([this](absl::string_view raw) -> absl::Status {
      const absl::StatusOr<std::string> name = UnescapeJson(raw);
      if (!name.ok()) return json_.AtByte(name.status());
      TS_ASSIGN_OR_RETURN(const char c, json_.PeekChar());
      return c == '{' ? ReadEntry(*name) : json_.SkipValue();
    }));
    return json_.ExpectEnd();
  }

 private:
  using LinesByFile = std::vector<std::pair<FileId, LineBits>>;

  absl::Status ReadEntry(const std::string& name) {
    LinesByFile executed;
    absl::flat_hash_map<FileId, LineBits> covered;
    bool coverage = false, contexts = false;
    TS_RETURN_IF_ERROR(json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      if (key == "coverage") {
        coverage = true;
        return ReadCoverage(&executed);
      }
      if (key != "contexts") return json_.SkipValue();
      TS_ASSIGN_OR_RETURN(const char c, json_.PeekChar());
      if (c != '{') return json_.SkipValue();
      contexts = true;
      return ReadContexts(&covered);
    }));
    if (!coverage) return json_.Error(absl::StrCat("run ", Quoted(name), " has no 'coverage'"));
    ContextId context = kGlobalContext;
    if (!contexts) {
      TS_ASSIGN_OR_RETURN(context, ContextOfRun(name));
    }
    for (auto& [file, lines] : executed) {
      if (contexts) lines.Remove(covered[file]);
      sink_->AddLineBits(file, context, lines.bits());
    }
    return absl::OkStatus();
  }

  absl::StatusOr<ContextId> ContextOfRun(const std::string& name) {
    absl::string_view label = name;
    if (IsSimpleCovDefaultName(name)) {
      TS_RETURN_IF_ERROR(RequireLabel(source_->name(), kName, options_.label));
      label = options_.label;
    }
    const absl::StatusOr<ContextId> context = sink_->Context(label, Phase::kRun);
    if (!context.ok()) return json_.AtByte(context.status());
    return context;
  }

  absl::StatusOr<FileId> FileOf(absl::string_view raw) {
    const absl::StatusOr<std::string> path = UnescapeJson(raw);
    if (!path.ok()) return json_.AtByte(path.status());
    const absl::StatusOr<FileId> file = sink_->File(*path);
    if (!file.ok()) return json_.AtByte(file.status());
    return file;
  }

  absl::Status ReadCoverage(LinesByFile* executed) {
    return json_.ForEachMember([&](absl::string_view raw) -> absl::Status {
      TS_ASSIGN_OR_RETURN(const FileId file, FileOf(raw));
      LineBits lines;
      TS_ASSIGN_OR_RETURN(const char c, json_.PeekChar());
      if (c == '[') {
        TS_RETURN_IF_ERROR(ReadSimpleCovLines(json_, &lines));
      } else {
        TS_RETURN_IF_ERROR(ReadFile(&lines));
      }
      if (file != kIgnoredFile) executed->emplace_back(file, std::move(lines));
      return absl::OkStatus();
    });
  }

  absl::Status ReadFile(LineBits* lines) {
    bool found = false;
    TS_RETURN_IF_ERROR(json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      if (key != "lines") return json_.SkipValue();
      TS_ASSIGN_OR_RETURN(const char c, json_.PeekChar());
      if (c != '[') return json_.SkipValue();
      found = true;
      return ReadSimpleCovLines(json_, lines);
    }));
    if (found) return absl::OkStatus();
    return json_.Error("a file has no 'lines': was line coverage switched off?");
  }

  absl::Status ReadContexts(absl::flat_hash_map<FileId, LineBits>* covered) {
    SimpleCovContexts contexts(sink_);
    return json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      if (key == "version") {
        TS_ASSIGN_OR_RETURN(const absl::string_view version, json_.Scalar());
        if (version == kContextsVersion) return absl::OkStatus();
        return absl::UnimplementedError(absl::StrCat(source_->name(), ": ", kName, ": contexts of ",
                                                     "version ", Quoted(version),
                                                     " are not known (", kContextsVersion, " is)"));
      }
      if (key == "contexts") return contexts.ReadList(json_);
      if (key != "files") return json_.SkipValue();
      return json_.ForEachMember([&](absl::string_view raw) -> absl::Status {
        TS_ASSIGN_OR_RETURN(const FileId file, FileOf(raw));
        return contexts.ReadFile(json_, file, &(*covered)[file]);
      });
    });
  }

  ReportSource* const source_;
  const ParseOptions& options_;
  EvidenceSink* const sink_;
  JsonReader json_;
};

class Parser : public ReportParser {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view summary() const override {
    return "SimpleCov: .resultset.json, a run per test or track_tests";
  }
  bool names_labels() const override { return true; }
  bool is_outcomes() const override { return false; }
  bool Recognises(absl::string_view head) const override {
    return head.find('{') < 8 && absl::StrContains(head, "\"coverage\"") &&
           (absl::StrContains(head, "\"lines\"") || absl::StrContains(head, "\"timestamp\"")) &&
           !absl::StrContains(head, "\"meta\"");
  }
  absl::Status Parse(ReportSource& source, const ParseOptions& options,
                     EvidenceSink& sink) const override {
    return Report(&source, options, &sink).Parse();
  }
};

}  // namespace

const ReportParser* SimpleCovResultsetParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
