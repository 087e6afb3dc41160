// Codecov's compressed form of a coverage.py JSON report with contexts (codecov-cli's plug-in
// compress-pycoverage).
//
//   {"meta": {"format": 3, ...}, "totals": {...},
//    "files": {"a.py": {"executed_lines": [...], ..., "contexts": {"12": [0, 3, 3], ...}}, ...},
//    "labels_table": {"0": "", "3": "tests/test_a.py::test_x", ...}}
//
// The table comes last, so the report is read twice: for the table, then for the files. Its writer
// cuts every label at the first '|', which takes the phase off, but also the end of an id that
// holds a '|': such a test stays without evidence. It does not escape file names. An id may stand
// twice at one line; the one of '' marks lines outside tests. Memory: the table, and one line's
// ids.
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/ingest/context_name.h"
#include "server/ingest/coveragepy_dialect.h"
#include "server/ingest/formats.h"
#include "server/ingest/json_reader.h"
#include "server/ingest/line_bits.h"
#include "server/ingest/parse_error.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::string_view kName = "codecov-labelled";

// The contexts behind the numbers of "contexts".
using Labels = absl::flat_hash_map<uint32_t, ContextId>;

absl::StatusOr<uint32_t> ParseId(absl::string_view digits) {
  uint32_t id = 0;
  if (absl::SimpleAtoi(digits, &id)) return id;
  return absl::InvalidArgumentError(absl::StrCat("label id ", Quoted(digits), " is no number"));
}

// "größe.py" is written as it is, and so is "src\test.py": what only makes sense without escapes
// has none.
std::string FileName(absl::string_view raw) {
  absl::StatusOr<std::string> text = UnescapeJson(raw);
  if (!text.ok()) return std::string(raw);
  for (const char c : *text) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) return std::string(raw);
  }
  return *std::move(text);
}

// Reads the table and nothing else.
class TableReader {
 public:
  TableReader(ReportSource* source, const ParseOptions& options, EvidenceSink* sink)
      : source_(source), options_(options), sink_(sink), json_(source, kName) {}

  absl::StatusOr<Labels> Read() {
    bool found = false, files = false;
    TS_RETURN_IF_ERROR(json_.Start());
    TS_RETURN_IF_ERROR(json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      files |= key == "files";
      if (key != "labels_table") return json_.SkipValue();
      found = true;
      return ReadTable();
    }));
    TS_RETURN_IF_ERROR(json_.ExpectEnd());
    if (!found || !files) return json_.Error("the object has no 'files' or no 'labels_table'");
    TS_RETURN_IF_ERROR(ResolveOutside());
    WarnAboutCuts();
    return std::move(labels_);
  }

 private:
  absl::Status ReadTable() {
    return json_.ForEachMember([this](absl::string_view key) -> absl::Status {
      const absl::StatusOr<uint32_t> id = ParseId(key);
      if (!id.ok()) return json_.AtByte(id.status());
      TS_ASSIGN_OR_RETURN(const std::string text, json_.Text());
      const ContextName name = SplitContext(text);
      if (name.label.empty()) {
        outside_.push_back(*id);
        return absl::OkStatus();
      }
      const absl::StatusOr<ContextId> context = sink_->Context(name.label, name.phase);
      if (!context.ok()) return json_.AtByte(context.status());
      labels_[*id] = *context;
      cuts_ += absl::StrContains(text, "[") && !absl::EndsWith(text, "]") ? 1 : 0;
      return absl::OkStatus();
    });
  }

  // Lines outside tests belong to the upload's label if the report names no test.
  absl::Status ResolveOutside() {
    ContextId context = kGlobalContext;
    if (labels_.empty()) {
      TS_RETURN_IF_ERROR(RequireLabel(source_->name(), kName, options_.label));
      TS_ASSIGN_OR_RETURN(context, sink_->Context(options_.label, Phase::kRun));
    }
    for (const uint32_t id : outside_) labels_[id] = context;
    return absl::OkStatus();
  }

  void WarnAboutCuts() {
    if (cuts_ == 0) return;
    sink_->Warn(absl::StrCat(
        source_->name(), ": ", cuts_,
        " labels end inside their brackets, because Codecov's writer cuts at the first '|': those "
        "tests have no evidence and run every time (coverage json --show-contexts has it)"));
  }

  ReportSource* const source_;
  const ParseOptions& options_;
  EvidenceSink* const sink_;
  JsonReader json_;
  Labels labels_;
  std::vector<uint32_t> outside_;
  int cuts_ = 0;
};

// Reads the files and nothing else.
class FilesReader {
 public:
  FilesReader(ReportSource* source, const Labels& labels, EvidenceSink* sink)
      : labels_(labels), sink_(sink), json_(source, kName) {}

  absl::Status Read() {
    TS_RETURN_IF_ERROR(json_.Start());
    return json_.ForEachMember([this](absl::string_view key) -> absl::Status {
      if (key != "files") return json_.SkipValue();
      return json_.ForEachMember([this](absl::string_view name) { return ReadFile(name); });
    });
  }

 private:
  absl::Status ReadFile(absl::string_view raw_name) {
    const std::string name = FileName(raw_name);
    const absl::StatusOr<FileId> file = sink_->File(name);
    if (!file.ok()) return json_.AtByte(file.status());
    outside_.Clear();
    bool contexts = false;
    TS_RETURN_IF_ERROR(json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      if (key != "contexts") return json_.SkipValue();
      contexts = true;
      return json_.ForEachMember(
          [&](absl::string_view line) { return ReadLineLabels(*file, line); });
    }));
    if (!contexts) return json_.Error(absl::StrCat("file ", Quoted(name), " has no 'contexts'"));
    sink_->AddLineBits(*file, kGlobalContext, outside_.bits());
    return absl::OkStatus();
  }

  absl::Status ReadLineLabels(FileId file, absl::string_view digits) {
    const absl::StatusOr<uint32_t> line = ParseLine(digits);
    if (!line.ok()) return json_.AtByte(line.status());
    contexts_.clear();
    bool outside = false;
    TS_RETURN_IF_ERROR(json_.ForEachElement([&]() -> absl::Status {
      TS_ASSIGN_OR_RETURN(const absl::string_view number, json_.Scalar());
      const absl::StatusOr<uint32_t> id = ParseId(number);
      if (!id.ok()) return json_.AtByte(id.status());
      const auto found = labels_.find(*id);
      if (found == labels_.end()) {
        return json_.Error(absl::StrCat("label id ", *id, " is not in 'labels_table'"));
      }
      if (found->second == kGlobalContext) {
        outside = true;
      } else {
        contexts_.push_back(found->second);
      }
      return absl::OkStatus();
    }));
    if (*line == 0) return absl::OkStatus();
    if (outside) outside_.Add(*line);
    if (!contexts_.empty()) sink_->AddLine(file, *line, contexts_);
    return absl::OkStatus();
  }

  const Labels& labels_;
  EvidenceSink* const sink_;
  JsonReader json_;
  std::vector<ContextId> contexts_;  // of one line
  LineBits outside_;                 // of one file: lines outside tests
};

class Parser : public ReportParser {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view summary() const override {
    return "Codecov's compressed coverage.py JSON (labels_table)";
  }
  bool names_labels() const override { return true; }
  bool is_outcomes() const override { return false; }
  bool Recognises(absl::string_view head) const override {
    return CoveragePyDialectOf(head) == CoveragePyDialect::kLabelled;
  }
  absl::Status Parse(ReportSource& source, const ParseOptions& options,
                     EvidenceSink& sink) const override {
    TS_ASSIGN_OR_RETURN(const Labels labels, TableReader(&source, options, &sink).Read());
    TS_ASSIGN_OR_RETURN(const auto again, ReopenReport(source));
    return FilesReader(again.get(), labels, &sink).Read();
  }
};

}  // namespace

const ReportParser* CodecovLabelledParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
