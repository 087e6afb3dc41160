// The JSON that llvm-cov export writes, also by cargo-llvm-cov and swift test.
//
//   {"data": [{"files": [{"filename": "/build/app/a.cc", "segments": [[12, 39, 1, true, true,
//   false],
//     ...], ...}], "functions": [...], "totals": {...}}], "type": "llvm.coverage.json.export", ...}
//
// A segment is [line, column, count, has count, is the entry of a region, is a gap] (the last is
// missing in older versions) and holds until the next one. Lines are made of them as llvm-cov does
// for its own reports. The report names no test. Memory: one file's lines.
// https://llvm.org/docs/CommandGuide/llvm-cov.html#llvm-cov-export,
// LLVM's lib/ProfileData/Coverage/CoverageMapping.cpp (LineCoverageStats)
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/ingest/formats.h"
#include "server/ingest/json_reader.h"
#include "server/ingest/line_bits.h"
#include "server/ingest/parse_error.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::string_view kName = "llvm-export-json";
constexpr absl::string_view kType = "llvm.coverage.json.export";

struct Segment {
  uint32_t line = 0;
  bool executed = false, has_count = false, is_entry = false, is_gap = false;
};

// Makes lines of a file's segments, which come in the order of their places.
class SegmentLines {
 public:
  // False for a segment that lies before its predecessor.
  bool Add(const Segment& segment) {
    if (segment.line < line_) return false;
    if (segment.line > line_) {
      EndLine();
      // Up to here the last segment holds.
      if (wrapped_.has_count && wrapped_.executed) bits_.AddRange(line_ + 1, segment.line - 1);
      line_ = segment.line;
      starts_skipped_ = segment.is_entry && !segment.has_count;
    }
    last_ = segment;
    const bool counts = segment.has_count && segment.is_entry;
    any_entry_ |= counts;
    any_start_ |= counts && !segment.is_gap;
    start_executed_ |= counts && !segment.is_gap && segment.executed;
    return true;
  }

  const LineBits& Finish() {
    EndLine();
    return bits_;
  }

 private:
  // Counts the line whose segments are all there.
  void EndLine() {
    const bool by_wrapped = wrapped_.has_count;
    const bool mapped = any_entry_ || (!starts_skipped_ && (by_wrapped || any_start_));
    if (mapped && (wrapped_.executed || start_executed_)) bits_.Add(line_);
    wrapped_ = last_;
    any_entry_ = any_start_ = start_executed_ = starts_skipped_ = false;
  }

  LineBits bits_;
  uint32_t line_ = 0;
  Segment wrapped_;  // the last of an earlier line
  Segment last_;
  // Of the segments of the line at hand.
  bool starts_skipped_ = false, any_entry_ = false, any_start_ = false, start_executed_ = false;
};

class Report {
 public:
  Report(ReportSource* source, ContextId context, EvidenceSink* sink)
      : context_(context), sink_(sink), json_(source, kName) {}

  absl::Status Parse() {
    TS_RETURN_IF_ERROR(json_.Start());
    TS_RETURN_IF_ERROR(json_.ForEachMember([this](absl::string_view key) -> absl::Status {
      if (key == "data") {
        has_data_ = true;
        return json_.ForEachElement([this] { return ReadData(); });
      }
      return key == "type" ? CheckType() : json_.SkipValue();
    }));
    if (!has_data_) return json_.Error("the object has no 'data'");
    return json_.ExpectEnd();
  }

 private:
  absl::Status CheckType() {
    TS_ASSIGN_OR_RETURN(const std::string type, json_.Text());
    if (type == kType) return absl::OkStatus();
    return json_.Error(absl::StrCat("type ", Quoted(type), " is not '", kType, "'"));
  }

  absl::Status ReadData() {
    bool files = false;
    TS_RETURN_IF_ERROR(json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      if (key != "files") return json_.SkipValue();
      files = true;
      return json_.ForEachElement([this] { return ReadFile(); });
    }));
    return files ? absl::OkStatus() : json_.Error("an element of 'data' has no 'files'");
  }

  absl::Status ReadFile() {
    std::string path;
    bool has_segments = false;
    SegmentLines lines;
    const absl::Status read = json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      if (key == "filename") {
        TS_ASSIGN_OR_RETURN(path, json_.Text());
        return absl::OkStatus();
      }
      if (key != "segments") return json_.SkipValue();
      has_segments = true;
      return json_.ForEachElement([&] { return ReadSegment(&lines); });
    });
    TS_RETURN_IF_ERROR(read);
    if (!has_segments) {
      return json_.Error("a file has no 'segments' (llvm-cov's --summary-only leaves them out)");
    }
    const absl::StatusOr<FileId> file = sink_->File(path);
    if (!file.ok()) return json_.AtByte(file.status());
    sink_->AddLineBits(*file, context_, lines.Finish().bits());
    return absl::OkStatus();
  }

  absl::Status ReadSegment(SegmentLines* lines) {
    Segment segment;
    size_t field = 0;
    TS_RETURN_IF_ERROR(json_.ForEachElement([&]() -> absl::Status {
      switch (field++) {
        case 0: {
          TS_ASSIGN_OR_RETURN(segment.line, json_.LineNumber());
          return absl::OkStatus();
        }
        case 2: {
          TS_ASSIGN_OR_RETURN(segment.executed, json_.Count());
          return absl::OkStatus();
        }
        case 3:
          return ReadFlag(&segment.has_count);
        case 4:
          return ReadFlag(&segment.is_entry);
        case 5:
          return ReadFlag(&segment.is_gap);
        default:
          return json_.SkipValue();
      }
    }));
    if (field < 5) return json_.Error("a segment has fewer than 5 fields");
    if (!lines->Add(segment)) {
      return json_.Error(absl::StrCat("a segment of line ", segment.line, " follows a later one"));
    }
    return absl::OkStatus();
  }

  // Older versions write 0 and 1.
  absl::Status ReadFlag(bool* flag) {
    TS_ASSIGN_OR_RETURN(const absl::string_view text, json_.Scalar());
    *flag = text == "true" || text == "1";
    if (*flag || text == "false" || text == "0") return absl::OkStatus();
    return json_.Error(absl::StrCat("expected true or false, found ", Quoted(text)));
  }

  const ContextId context_;
  EvidenceSink* const sink_;
  JsonReader json_;
  bool has_data_ = false;
};

class Parser : public ReportParser {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view summary() const override {
    return "llvm-cov export (clang, cargo llvm-cov --json), --label";
  }
  bool names_labels() const override { return false; }
  bool is_outcomes() const override { return false; }
  bool Recognises(absl::string_view head) const override {
    // Its type comes last, behind what may be gigabytes.
    absl::ConsumePrefix(&head, "\xEF\xBB\xBF");
    std::string begin;
    for (const char c : head.substr(0, 64)) {
      if (!absl::ascii_isspace(static_cast<unsigned char>(c))) begin.push_back(c);
    }
    return absl::StartsWith(begin, "{\"data\":[{\"files\":[") ||
           absl::StrContains(head, absl::StrCat("\"", kType, "\""));
  }
  absl::Status Parse(ReportSource& source, const ParseOptions& options,
                     EvidenceSink& sink) const override {
    TS_RETURN_IF_ERROR(RequireLabel(source.name(), kName, options.label));
    TS_ASSIGN_OR_RETURN(const ContextId context, sink.Context(options.label, Phase::kRun));
    return Report(&source, context, &sink).Parse();
  }
};

}  // namespace

const ReportParser* LlvmExportJsonParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
