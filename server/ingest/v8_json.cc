// V8's own coverage, as Node.js writes it (NODE_V8_COVERAGE=DIR); one file per process.
//
//   {"result": [{"scriptId": "9", "url": "file:///build/app/a.js", "functions": [{"functionName":
//   "",
//      "ranges": [{"startOffset": 0, "endOffset": 544, "count": 1}, ...], ...}, ...]}, ...],
//    "source-map-cache": {"file:///build/app/b.ts": {"lineLengths": [12, 0, 3], "data": {...}}}}
//
// Offsets count UTF-16 units of the text that was run. Lines come of them by the source map where
// the report has one (Node keeps those of TypeScript loaders and bundlers), else by the lengths of
// lines in the report, else by the file's text at the commit, if it is as long as what was run.
// A script whose text is not known counts as executed as a whole, with a warning. Node's own
// scripts and those of packages are left out. The report names no test. Memory: the ranges of the
// scripts that are the project's, and their source maps.
// https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-ScriptCoverage
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/ingest/formats.h"
#include "server/ingest/json_reader.h"
#include "server/ingest/line_bits.h"
#include "server/ingest/parse_error.h"
#include "server/ingest/script_url.h"
#include "server/ingest/source_map.h"
#include "server/ingest/text_lines.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::string_view kName = "v8-json";

struct Script {
  std::string url, path;
  std::vector<TextRange> ranges;
  uint32_t length = 0;  // of its text; 0 where the report does not say
};

// What Node kept of a script that names a source map.
struct CachedMap {
  std::vector<uint32_t> line_lengths;
  bool has_map = false;  // else the text is the file's own
  SourceMap map;
};

class Report {
 public:
  Report(ReportSource* source, ContextId context, EvidenceSink* sink)
      : context_(context), source_(source), sink_(sink), json_(source, kName) {}

  absl::Status Parse() {
    bool has_result = false;
    TS_RETURN_IF_ERROR(json_.Start());
    TS_RETURN_IF_ERROR(json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      if (key == "result") {
        has_result = true;
        return json_.ForEachElement([this] { return ReadScript(); });
      }
      if (key != "source-map-cache") return json_.SkipValue();
      return json_.ForEachMember([this](absl::string_view url) { return ReadCached(url); });
    }));
    if (!has_result) return json_.Error("the object has no 'result'");
    TS_RETURN_IF_ERROR(json_.ExpectEnd());
    for (const Script& script : scripts_) TS_RETURN_IF_ERROR(json_.AtByte(Tell(script)));
    if (whole_ > 0) {
      sink_->Warn(absl::StrCat(
          source_->name(), ": ", whole_, " scripts count as executed as a whole, such as ",
          Quoted(example_),
          ": V8 tells offsets, and the text that was run is neither in the report nor at the "
          "commit"));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status ReadScript() {
    Script script;
    bool foreign = false;
    TS_RETURN_IF_ERROR(json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      if (key == "url") {
        TS_ASSIGN_OR_RETURN(script.url, json_.Text());
        script.path = PathOfScript(script.url);
        foreign = script.path.empty() || absl::StrContains(script.path, "/node_modules/");
        return absl::OkStatus();
      }
      if (key != "functions" || foreign) return json_.SkipValue();
      return json_.ForEachElement([&] { return ReadFunction(&script); });
    }));
    if (!script.path.empty() && !foreign) scripts_.push_back(std::move(script));
    return absl::OkStatus();
  }

  absl::Status ReadFunction(Script* script) {
    bool is_first = script->ranges.empty();
    return json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      if (key != "ranges") return json_.SkipValue();
      return json_.ForEachElement([&]() -> absl::Status {
        TextRange range;
        TS_RETURN_IF_ERROR(ReadRange(&range));
        // The first function is the script itself.
        if (std::exchange(is_first, false) && range.first == 0) script->length = range.last;
        script->ranges.push_back(range);
        return absl::OkStatus();
      });
    });
  }

  absl::Status ReadRange(TextRange* range) {
    return json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      if (key == "startOffset") return ReadNumber(&range->first);
      if (key == "endOffset") return ReadNumber(&range->last);
      if (key != "count") return json_.SkipValue();
      TS_ASSIGN_OR_RETURN(range->executed, json_.Count());
      return absl::OkStatus();
    });
  }

  absl::Status ReadNumber(uint32_t* number) {
    TS_ASSIGN_OR_RETURN(const absl::string_view text, json_.Scalar());
    if (absl::SimpleAtoi(text, number) && *number <= INT32_MAX) return absl::OkStatus();
    return json_.Error(absl::StrCat(Quoted(text), " is no number from 0 to ", INT32_MAX));
  }

  absl::Status ReadCached(absl::string_view raw_url) {
    absl::StatusOr<std::string> url = UnescapeJson(raw_url);
    if (!url.ok()) return json_.AtByte(url.status());
    if (absl::StrContains(*url, "/node_modules/")) return json_.SkipValue();
    CachedMap& cached = maps_[*url];
    TS_ASSIGN_OR_RETURN(const char begin, json_.PeekChar());
    if (begin != '{') return json_.SkipValue();  // Node found none
    return json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      const bool is_lengths = key == "lineLengths", is_data = key == "data";
      TS_ASSIGN_OR_RETURN(const char value, json_.PeekChar());
      if (is_lengths && value == '[') {
        return json_.ForEachElement(
            [&] { return ReadNumber(&cached.line_lengths.emplace_back()); });
      }
      if (!is_data || value != '{') return json_.SkipValue();
      cached.has_map = true;
      return ReadSourceMap(&json_, &cached.map);
    });
  }

  absl::Status Tell(const Script& script) {
    const auto found = maps_.find(script.url);
    const CachedMap* const cached = found == maps_.end() ? nullptr : &found->second;
    if (cached != nullptr && cached->has_map) {
      TS_ASSIGN_OR_RETURN(const bool told, TellByMap(script, *cached));
      if (told) return absl::OkStatus();
    }
    TS_ASSIGN_OR_RETURN(const FileId file, sink_->File(script.path));
    if (file == kIgnoredFile) return absl::OkStatus();
    // With a map, the lines in the report are not those of the file where a loader made the text.
    if (cached != nullptr && !cached->has_map && !cached->line_lengths.empty()) {
      return TellLines(file, script, TextLines::OfLengths(cached->line_lengths));
    }
    TS_ASSIGN_OR_RETURN(const std::optional<std::string> text, sink_->SourceText(file));
    // Node takes a byte order mark off before it runs the text.
    absl::string_view rest;
    if (text.has_value()) rest = *text;
    while (!rest.empty()) {
      const TextLines lines = TextLines::OfText(rest);
      if (lines.units() == script.length) return TellLines(file, script, lines);
      if (!absl::ConsumePrefix(&rest, "\xEF\xBB\xBF")) break;
    }
    TellWhole(file, script);
    return absl::OkStatus();
  }

  absl::Status TellLines(FileId file, const Script& script, const TextLines& lines) {
    sink_->AddLineBits(file, context_, lines.Executed(script.ranges).bits());
    return absl::OkStatus();
  }

  // As many lines as the text can have at most.
  void TellWhole(FileId file, const Script& script) {
    uint32_t length = 0;
    for (const TextRange& range : script.ranges) length = std::max(length, range.last);
    sink_->AddFunction(file, context_, {1, std::min(length, kMaxLine - 1) + 1});
    if (++whole_ == 1) example_ = script.path;
  }

  // False where the map leads to no file of the repository.
  absl::StatusOr<bool> TellByMap(const Script& script, const CachedMap& cached) {
    const TextLines lines = TextLines::OfLengths(cached.line_lengths);
    const ExecutedParts parts(script.ranges);
    std::vector<LineBits> bits(cached.map.sources.size());
    MappedPiece last;
    const auto end_piece = [&](uint32_t column) {
      if (!last.has_source || last.line >= lines.size() || last.source >= bits.size()) return;
      const uint32_t first = lines.OffsetOf(last.line, last.column);
      // The last piece of a line may be its end.
      const uint32_t end = std::max(lines.OffsetOf(last.line, column), first + 1);
      if (last.source_line < kMaxLine && parts.AnyIn(first, end)) {
        bits[last.source].Add(last.source_line + 1);
      }
    };
    const absl::Status read = ForEachPiece(cached.map.mappings, [&](const MappedPiece& piece) {
      end_piece(piece.line == last.line ? piece.column : UINT32_MAX);
      last = piece;
    });
    end_piece(UINT32_MAX);
    bool told = false;
    for (size_t i = 0; i < bits.size(); ++i) {
      const std::string path = PathOfSource(cached.map.sources[i], cached.map.root, script.path);
      if (path.empty()) continue;
      TS_ASSIGN_OR_RETURN(const FileId file, sink_->File(path));
      if (file == kIgnoredFile) continue;
      told = true;
      if (read.ok()) sink_->AddLineBits(file, context_, bits[i].bits());
      if (!read.ok()) TellWhole(file, script);
    }
    return told;
  }

  const ContextId context_;
  ReportSource* const source_;
  EvidenceSink* const sink_;
  JsonReader json_;
  std::vector<Script> scripts_;
  absl::flat_hash_map<std::string, CachedMap> maps_;  // by the script's URL
  uint64_t whole_ = 0;                                // scripts told as a whole
  std::string example_;
};

class Parser : public ReportParser {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view summary() const override { return "V8 (NODE_V8_COVERAGE=DIR), --label"; }
  bool names_labels() const override { return false; }
  bool is_outcomes() const override { return false; }
  bool Recognises(absl::string_view head) const override {
    return head.find('{') < 8 && absl::StrContains(head, "\"result\"") &&
           (absl::StrContains(head, "\"scriptId\"") || absl::StrContains(head, "\"result\":[]"));
  }
  absl::Status Parse(ReportSource& source, const ParseOptions& options,
                     EvidenceSink& sink) const override {
    TS_RETURN_IF_ERROR(RequireLabel(source.name(), kName, options.label));
    TS_ASSIGN_OR_RETURN(const ContextId context, sink.Context(options.label, Phase::kRun));
    return Report(&source, context, &sink).Parse();
  }
};

}  // namespace

const ReportParser* V8JsonParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
