// Istanbul's coverage-final.json, as nyc, Jest, Vitest, Karma, Cypress and c8 write it.
//
//   {"/build/app/a.js": {"path": "/build/app/a.js",
//     "statementMap": {"0": {"start": {"line": 3, "column": 2}, "end": {...}}, ...}, "s": {"0": 1},
//     "fnMap": {"0": {"loc": {"start": {"line": 2}, "end": {"line": 4}}}}, "f": {"0": 1}, ...},
//     ...}
//
// A line counts if a statement that starts on it was executed. A function that was entered and has
// no statement (its body is empty) is told as a function, else its change would concern nobody. c8
// and the V8 providers write one statement per line. Places in a record with a source map
// (inputSourceMap: counts that no reporter has seen yet) are in the text that a compiler made, and
// are led back to its sources. A member that is a text is no file and is left out. The report names
// no test. Memory: one file's statements and functions. https://github.com/istanbuljs/istanbuljs,
// packages/istanbul-lib-coverage/lib/file-coverage.js
#include <algorithm>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "server/ingest/formats.h"
#include "server/ingest/json_reader.h"
#include "server/ingest/line_bits.h"
#include "server/ingest/parse_error.h"
#include "server/ingest/script_url.h"
#include "server/ingest/source_map.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::string_view kName = "istanbul-json";

struct Position {
  uint32_t line = 0, column = 0;
  auto operator<=>(const Position&) const = default;
};

// Where a statement or the body of a function lies; both ends inclusive.
struct Place {
  Position first, last;
};

// What was counted, and where it lies. Counts may come before the places.
struct Counted {
  absl::flat_hash_map<std::string, Place> places;  // by the report's ids
  std::vector<std::string> executed;

  // The places of what was executed.
  std::vector<Place> Executed() const {
    std::vector<Place> out;
    for (const std::string& id : executed) {
      if (const auto found = places.find(id); found != places.end()) out.push_back(found->second);
    }
    return out;
  }
};

// Whether one of the sorted `starts` lies in the place.
bool AnyIn(const std::vector<Position>& starts, const Place& place) {
  const auto start = std::lower_bound(starts.begin(), starts.end(), place.first);
  return start != starts.end() && *start <= place.last;
}

struct FileRecord {
  std::string path;
  bool has_statements = false, has_counts = false, has_map = false;
  SourceMap map;
  Counted statements, functions;
};

const MappedPiece* FindPiece(const SourcePieces& pieces, const Position& position) {
  return position.line == 0 ? nullptr : pieces.Find(position.line - 1, position.column);
}

Position SourceOf(const MappedPiece& piece) {
  return {std::min(piece.source_line, kMaxLine - 1) + 1, piece.source_column};
}

class Report {
 public:
  Report(ReportSource* source, ContextId context, EvidenceSink* sink)
      : context_(context), sink_(sink), json_(source, kName) {}

  absl::Status Parse() {
    TS_RETURN_IF_ERROR(json_.Start());
    TS_RETURN_IF_ERROR(
        json_.ForEachMember([this](absl::string_view path) { return ReadFile(path); }));
    if (members_ > 0 && files_ == 0) return json_.Error("the object holds no file");
    return json_.ExpectEnd();
  }

 private:
  absl::Status ReadFile(absl::string_view raw_path) {
    FileRecord file;
    absl::StatusOr<std::string> path = UnescapeJson(raw_path);
    if (!path.ok()) return json_.AtByte(path.status());
    file.path = *std::move(path);
    ++members_;
    TS_ASSIGN_OR_RETURN(const char begin, json_.PeekChar());
    if (begin == '"') return json_.SkipValue();
    ++files_;
    TS_RETURN_IF_ERROR(ReadRecord(&file));
    if (!file.has_statements || !file.has_counts) {
      return json_.Error("a file has no 'statementMap' or no 's'");
    }
    return json_.AtByte(file.has_map ? TellBySource(file) : Tell(file));
  }

  absl::Status ReadRecord(FileRecord* file) {
    return json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      if (key == "data") return ReadRecord(file);  // older versions wrap it
      if (key == "path") {
        TS_ASSIGN_OR_RETURN(file->path, json_.Text());
        return absl::OkStatus();
      }
      if (key == "statementMap") {
        file->has_statements = true;
        return ReadPlaces(&file->statements);
      }
      if (key == "fnMap") return ReadPlaces(&file->functions);
      if (key == "s") {
        file->has_counts = true;
        return ReadCounts(&file->statements);
      }
      if (key == "f") return ReadCounts(&file->functions);
      const bool is_map = key == "inputSourceMap";
      TS_ASSIGN_OR_RETURN(const char begin, json_.PeekChar());
      if (!is_map || begin != '{') return json_.SkipValue();
      file->has_map = true;
      return ReadSourceMap(&json_, &file->map);
    });
  }

  absl::Status ReadPlaces(Counted* counted) {
    return json_.ForEachMember([&](absl::string_view id) -> absl::Status {
      Place& place = counted->places[std::string(id)];
      return ReadPlace(&place);
    });
  }

  // A statement's {"start": ..., "end": ...}, or a function's {"loc": {the same}, ...}.
  absl::Status ReadPlace(Place* place) {
    return json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      if (key == "start") return ReadPosition(&place->first);
      if (key == "end") return ReadPosition(&place->last);
      if (key == "loc") return ReadPlace(place);
      return json_.SkipValue();
    });
  }

  absl::Status ReadPosition(Position* position) {
    return json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      if (key == "line") {
        TS_ASSIGN_OR_RETURN(position->line, json_.LineNumber());
        return absl::OkStatus();
      }
      if (key != "column") return json_.SkipValue();
      TS_ASSIGN_OR_RETURN(const absl::string_view column, json_.Scalar());
      // Source maps leave null for "to the end of the line".
      if (!absl::SimpleAtoi(column, &position->column)) position->column = UINT32_MAX;
      return absl::OkStatus();
    });
  }

  absl::Status ReadCounts(Counted* counted) {
    return json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      std::string id(key);
      TS_ASSIGN_OR_RETURN(const bool executed, json_.Count());
      if (executed) counted->executed.push_back(std::move(id));
      return absl::OkStatus();
    });
  }

  // Splits the record into one for each source of its map, and tells those.
  absl::Status TellBySource(const FileRecord& record) {
    TS_ASSIGN_OR_RETURN(const SourcePieces pieces, SourcePieces::Of(record.map));
    std::vector<FileRecord> sources(record.map.sources.size());
    const auto lead_back = [&](const Counted& counted, Counted FileRecord::*to) {
      for (const auto& [id, place] : counted.places) {
        const MappedPiece* const first = FindPiece(pieces, place.first);
        if (first == nullptr || first->source >= sources.size()) continue;
        const MappedPiece* last = FindPiece(pieces, place.last);
        if (last == nullptr || last->source != first->source) last = first;
        (sources[first->source].*to).places[id] = {SourceOf(*first), SourceOf(*last)};
      }
      for (FileRecord& source : sources) (source.*to).executed = counted.executed;
    };
    lead_back(record.statements, &FileRecord::statements);
    lead_back(record.functions, &FileRecord::functions);
    for (size_t i = 0; i < sources.size(); ++i) {
      sources[i].path = PathOfSource(record.map.sources[i], record.map.root, record.path);
      if (!sources[i].path.empty()) TS_RETURN_IF_ERROR(Tell(sources[i]));
    }
    return absl::OkStatus();
  }

  absl::Status Tell(const FileRecord& record) {
    TS_ASSIGN_OR_RETURN(const FileId file, sink_->File(record.path));
    LineBits bits;
    for (const Place& statement : record.statements.Executed()) bits.Add(statement.first.line);
    sink_->AddLineBits(file, context_, bits.bits());
    std::vector<Position> starts;
    for (const auto& statement : record.statements.places) starts.push_back(statement.second.first);
    std::sort(starts.begin(), starts.end());
    for (const Place& body : record.functions.Executed()) {
      const LineRange lines{body.first.line, body.last.line};
      if (lines.first == 0 || lines.last < lines.first || AnyIn(starts, body)) continue;
      sink_->AddFunction(file, context_, lines);
    }
    return absl::OkStatus();
  }

  const ContextId context_;
  EvidenceSink* const sink_;
  JsonReader json_;
  uint64_t members_ = 0, files_ = 0;
};

class Parser : public ReportParser {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view summary() const override {
    return "Istanbul: coverage-final.json (nyc, Jest, Vitest, c8), --label";
  }
  bool names_labels() const override { return false; }
  bool is_outcomes() const override { return false; }
  bool Recognises(absl::string_view head) const override {
    absl::ConsumePrefix(&head, "\xEF\xBB\xBF");
    head = absl::StripAsciiWhitespace(head);
    if (!absl::ConsumePrefix(&head, "{")) return false;
    head = absl::StripLeadingAsciiWhitespace(head);
    if (head == "}") return true;  // the test covered nothing
    // The first member is a file's: other reports that hold statement maps begin with a number.
    const size_t statements = head.find("\"statementMap\"");
    const size_t value = head.find_first_of("{[0123456789", head.find("\":"));
    return statements != absl::string_view::npos && value < statements && head[value] == '{';
  }
  absl::Status Parse(ReportSource& source, const ParseOptions& options,
                     EvidenceSink& sink) const override {
    TS_RETURN_IF_ERROR(RequireLabel(source.name(), kName, options.label));
    TS_ASSIGN_OR_RETURN(const ContextId context, sink.Context(options.label, Phase::kRun));
    return Report(&source, context, &sink).Parse();
  }
};

}  // namespace

const ReportParser* IstanbulJsonParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
