// coverage.py's JSON report, with or without contexts.
//
//   {"meta": {"format": 3, "show_contexts": true, ...},
//    "files": {"a.py": {"executed_lines": [...], ..., "contexts": {"12": ["id|run", ...], ...},
//                       "functions": {...}, "classes": {...}}, ...}, "totals": {...}}
//
// The entries of "functions" and "classes" repeat the contexts of their whole file, each of them,
// so both are skipped unread. Memory: the names, one line's array, and the lines outside tests.
// Written against coverage.py 5.0 to 7.17 (https://github.com/nedbat/coveragepy,
// coverage/jsonreport.py).
#include <simdjson.h>

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/ingest/context_array.h"
#include "server/ingest/coveragepy_dialect.h"
#include "server/ingest/formats.h"
#include "server/ingest/json_reader.h"
#include "server/ingest/line_bits.h"
#include "server/ingest/parse_error.h"
#include "server/ingest/static_contexts.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::string_view kName = "coveragepy-json";
constexpr int64_t kNewestFormat = 3;

class JsonReport {
 public:
  JsonReport(ReportSource* source, const ParseOptions& options, EvidenceSink* sink)
      : source_(source),
        options_(options),
        sink_(sink),
        json_(source, kName),
        contexts_(&json_, sink) {}

  absl::Status Parse() {
    TS_RETURN_IF_ERROR(json_.Start());
    TS_RETURN_IF_ERROR(json_.Expect('{'));
    bool first = true, files = false, totals = false, meta = false;
    absl::string_view key;
    for (;;) {
      TS_ASSIGN_OR_RETURN(const bool more, json_.NextMember(&first, &key));
      if (!more) break;
      if (key == "meta") {
        meta = true;
        TS_RETURN_IF_ERROR(ReadMeta());
      } else if (key == "files") {
        files = true;
        TS_RETURN_IF_ERROR(ReadFiles());
      } else if (key == "labels_table") {
        return absl::UnimplementedError(absl::StrCat(
            source_->name(), ": ", kName,
            ": this is Codecov's compressed form ('labels_table'): --format codecov-labelled"));
      } else {
        totals = totals || key == "totals";
        TS_RETURN_IF_ERROR(json_.SkipValue());
      }
    }
    TS_RETURN_IF_ERROR(json_.ExpectEnd());
    if (!files || !(meta || totals)) {
      return json_.Error("the object has no 'files', or neither 'meta' nor 'totals'");
    }
    return Finish();
  }

 private:
  absl::Status ReadMeta() {
    TS_ASSIGN_OR_RETURN(const absl::string_view raw, json_.RawValue());
    const simdjson::padded_string padded(raw.data(), raw.size());
    simdjson::dom::parser parser;
    simdjson::dom::object meta;
    if (parser.parse(padded).get_object().get(meta) != simdjson::SUCCESS) {
      return json_.Error("'meta' is no object");
    }
    int64_t format = 0;
    if (meta["format"].get_int64().get(format) == simdjson::SUCCESS &&
        (format < 1 || format > kNewestFormat)) {
      return absl::UnimplementedError(absl::StrCat(source_->name(), ": ", kName, ": meta.format ",
                                                   format, " is not known (1 to ", kNewestFormat,
                                                   ")"));
    }
    bool shows = false;
    if (meta["show_contexts"].get_bool().get(shows) == simdjson::SUCCESS) has_contexts_ = shows;
    return absl::OkStatus();
  }

  absl::Status ReadFiles() {
    TS_RETURN_IF_ERROR(json_.Expect('{'));
    bool first = true;
    absl::string_view key;
    for (;;) {
      TS_ASSIGN_OR_RETURN(const bool more, json_.NextMember(&first, &key));
      if (!more) return absl::OkStatus();
      absl::StatusOr<std::string> path = UnescapeJson(key);
      if (!path.ok()) return json_.AtByte(path.status());
      const absl::StatusOr<FileId> file = sink_->File(*path);
      if (!file.ok()) return json_.AtByte(file.status());
      TS_RETURN_IF_ERROR(ReadFile(*file, *path));
    }
  }

  absl::Status ReadFile(FileId file, const std::string& path) {
    TS_RETURN_IF_ERROR(json_.Expect('{'));
    bool first = true, contexts = false, any = false;
    LineBits executed;
    absl::string_view key;
    for (;;) {
      TS_ASSIGN_OR_RETURN(const bool more, json_.NextMember(&first, &key));
      if (!more) break;
      if (key == "contexts") {
        contexts = true;
        TS_RETURN_IF_ERROR(ReadContexts(file));
      } else if (key == "executed_lines") {
        any = true;
        if (has_contexts_.value_or(false)) {
          TS_RETURN_IF_ERROR(json_.SkipValue());
        } else {
          TS_RETURN_IF_ERROR(ReadLines(&executed));
        }
      } else {
        TS_RETURN_IF_ERROR(json_.SkipValue());
      }
    }
    if (!contexts && !any) {
      return json_.Error(
          absl::StrCat("file ", Quoted(path), " has neither 'executed_lines' nor 'contexts'"));
    }
    if (has_contexts_.value_or(contexts) != contexts) {
      return json_.Error(absl::StrCat("file ", Quoted(path), contexts ? " has" : " lacks",
                                      " 'contexts', unlike the rest of the report"));
    }
    has_contexts_ = contexts;
    if (!contexts && file != kIgnoredFile) outside_.emplace_back(file, std::move(executed));
    return absl::OkStatus();
  }

  absl::Status ReadLines(LineBits* lines) {
    TS_RETURN_IF_ERROR(json_.Expect('['));
    bool first = true;
    for (;;) {
      TS_ASSIGN_OR_RETURN(const bool more, json_.NextElement(&first));
      if (!more) return absl::OkStatus();
      TS_ASSIGN_OR_RETURN(const absl::string_view digits, json_.Scalar());
      const absl::StatusOr<uint32_t> line = ParseLine(digits);
      if (!line.ok()) return json_.AtByte(line.status());
      lines->Add(*line);
    }
  }

  absl::Status ReadContexts(FileId file) {
    if (file == kIgnoredFile) return ReadIgnoredContexts();
    LineBits outside;
    TS_RETURN_IF_ERROR(json_.Expect('{'));
    bool first = true;
    absl::string_view key;
    for (;;) {
      TS_ASSIGN_OR_RETURN(const bool more, json_.NextMember(&first, &key));
      if (!more) break;
      const absl::StatusOr<uint32_t> line = ParseLine(key);
      if (!line.ok()) return json_.AtByte(line.status());
      TS_ASSIGN_OR_RETURN(const ContextArray contexts, contexts_.Read());
      if (*line == 0) continue;
      if (contexts.outside_tests) outside.Add(*line);
      if (!contexts.labels.empty()) sink_->AddLine(file, *line, contexts.labels);
    }
    if (!outside.empty()) outside_.emplace_back(file, std::move(outside));
    return absl::OkStatus();
  }

  // The file's evidence is dropped, but a label that executed only dropped files did run.
  absl::Status ReadIgnoredContexts() {
    TS_RETURN_IF_ERROR(json_.Expect('{'));
    bool first = true;
    absl::string_view key;
    for (;;) {
      TS_ASSIGN_OR_RETURN(const bool more, json_.NextMember(&first, &key));
      if (!more) return absl::OkStatus();
      TS_RETURN_IF_ERROR(contexts_.Read().status());
    }
  }

  absl::Status Finish() {
    ContextId context = kGlobalContext;
    if (contexts_.contexts_seen().empty() && !options_.label.empty()) {
      TS_ASSIGN_OR_RETURN(context, sink_->Context(options_.label, Phase::kRun));
    } else if (!has_contexts_.value_or(false)) {
      TS_RETURN_IF_ERROR(RequireLabel(source_->name(), kName, options_.label));
    }
    for (const auto& [file, lines] : outside_) sink_->AddLineBits(file, context, lines.bits());
    return options_.static_context_is_global ? AddStaticContexts() : absl::OkStatus();
  }

  // Which contexts are static is known after all of them, so the report is read a second time where
  // there are any.
  absl::Status AddStaticContexts() {
    absl::flat_hash_set<std::string> statics = StaticContexts(contexts_.contexts_seen());
    if (statics.empty()) return absl::OkStatus();
    TS_ASSIGN_OR_RETURN(const auto again, ReopenReport(*source_));
    StaticContextSink sink(std::move(statics), sink_);
    ParseOptions options;
    options.static_context_is_global = false;
    TS_RETURN_IF_ERROR(JsonReport(again.get(), options, &sink).Parse());
    sink.Flush();
    return absl::OkStatus();
  }

  ReportSource* const source_;
  const ParseOptions& options_;
  EvidenceSink* const sink_;
  JsonReader json_;
  ContextArrayReader contexts_;
  std::optional<bool> has_contexts_;
  // Lines outside tests. Where they belong is known at the end of the report only: to the upload's
  // label if the report names no test, else to nobody.
  std::vector<std::pair<FileId, LineBits>> outside_;
};

class Parser : public ReportParser {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view summary() const override {
    return "coverage.py: coverage json --show-contexts";
  }
  bool names_labels() const override { return true; }
  bool is_outcomes() const override { return false; }
  bool Recognises(absl::string_view head) const override {
    return CoveragePyDialectOf(head) == CoveragePyDialect::kPlain;
  }
  absl::Status Parse(ReportSource& source, const ParseOptions& options,
                     EvidenceSink& sink) const override {
    return JsonReport(&source, options, &sink).Parse();
  }
};

}  // namespace

const ReportParser* CoveragePyJsonParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
