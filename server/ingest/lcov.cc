// lcov's tracefile, as lcov, Istanbul, coverage.py, cargo-llvm-cov and others write it.
//
//   TN:<test>
//   SF:<file>
//   DA:<line>,<count>[,<checksum>]
//   end_of_record
//
// A record without a test's name takes the upload's label, and so does one whose name is the same
// in whatever report the tool writes. A function that was entered without a line of it
// (lcov_functions.h) is told as a function. Memory: one record.
// https://github.com/linux-test-project/lcov, man/geninfo.1
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/ingest/formats.h"
#include "server/ingest/lcov_functions.h"
#include "server/ingest/line_bits.h"
#include "server/ingest/line_reader.h"
#include "server/ingest/parse_error.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::string_view kName = "lcov";

// Records that say nothing about lines executed.
bool IsOtherRecord(absl::string_view tag) {
  for (const absl::string_view known : {"VER", "FNF", "FNH", "BRDA", "BRF", "BRH", "LF", "LH",
                                        "MCDC", "MCF", "MCH", "MRF", "MRH", "BA", "KF", "KH"}) {
    if (tag == known) return true;
  }
  return false;
}

// What tools that know of no tests write into TN:.
bool IsToolsOwnName(absl::string_view test) {
  for (const absl::string_view known : {"GCOVR_report", "verilator_coverage"}) {
    if (test == known) return true;
  }
  return false;
}

class Tracefile {
 public:
  Tracefile(ReportSource* source, const ParseOptions& options, EvidenceSink* sink)
      : source_(source), options_(options), sink_(sink), lines_(source, kName) {}

  absl::Status Parse() {
    absl::string_view line;
    for (;;) {
      TS_ASSIGN_OR_RETURN(const bool more, lines_.Next(&line));
      if (!more) break;
      if (line.empty() || line[0] == '#') continue;
      TS_RETURN_IF_ERROR(TakeLine(line));
    }
    if (in_record_) return lines_.Error("the report ends inside a record (no end_of_record)");
    if (records_ > 0) return absl::OkStatus();
    // Nothing was covered: the label ran all the same.
    TS_RETURN_IF_ERROR(RequireLabel(source_->name(), kName, options_.label));
    return sink_->MarkRan(options_.label);
  }

 private:
  absl::Status TakeLine(absl::string_view line) {
    if (absl::ConsumePrefix(&line, "DA:")) return TakeData(line);  // by far the most
    if (line == "end_of_record") return EndRecord();
    const size_t colon = line.find(':');
    const absl::string_view tag = line.substr(0, colon);
    absl::string_view value = colon == absl::string_view::npos ? "" : line.substr(colon + 1);
    if (tag == "TN") {
      absl::ConsumeSuffix(&value, ",diff");
      test_ = IsToolsOwnName(value) ? "" : std::string(value);
      return absl::OkStatus();
    }
    if (tag == "SF") {
      if (in_record_) return lines_.Error("SF: inside a record (no end_of_record before)");
      return BeginRecord(value);
    }
    if (!functions_.Take(tag, value) && !IsOtherRecord(tag)) {
      return lines_.Error(absl::StrCat("unknown record ", Quoted(line)));
    }
    return absl::OkStatus();
  }

  absl::Status BeginRecord(absl::string_view path) {
    in_record_ = true;
    ++records_;
    const std::string& label = test_.empty() ? options_.label : test_;
    TS_RETURN_IF_ERROR(lines_.AtLine(RequireLabel(source_->name(), kName, label)));
    const absl::StatusOr<ContextId> context = sink_->Context(label, Phase::kRun);
    if (!context.ok()) return lines_.AtLine(context.status());
    WarnOfLabel(label);
    const absl::StatusOr<FileId> file = sink_->File(path);
    if (!file.ok()) return lines_.AtLine(file.status());
    context_ = *context;
    file_ = *file;
    return absl::OkStatus();
  }

  void WarnOfLabel(const std::string& used) {
    if (options_.label.empty() || used == options_.label || warned_) return;
    warned_ = true;
    sink_->Warn(absl::StrCat(source_->name(), ": the report names tests itself (TN:), such as ",
                             Quoted(used), "; the label ", Quoted(options_.label),
                             " gets no evidence of it"));
  }

  absl::Status TakeData(absl::string_view value) {
    if (!in_record_) return lines_.Error("DA: outside of a record (no SF: before)");
    const size_t comma = value.find(',');
    if (comma == absl::string_view::npos) {
      return lines_.Error(absl::StrCat("no count in ", Quoted(value)));
    }
    const absl::StatusOr<uint32_t> line = ParseLine(value.substr(0, comma));
    if (!line.ok()) return lines_.AtLine(line.status());
    absl::string_view count = value.substr(comma + 1);
    count = count.substr(0, count.find(','));  // a checksum may follow
    const absl::StatusOr<bool> executed = ParseCount(count);
    if (!executed.ok()) return lines_.AtLine(executed.status());
    known_.Add(*line);
    if (*executed) bits_.Add(*line);
    return absl::OkStatus();
  }

  absl::Status EndRecord() {
    if (!in_record_) return lines_.Error("end_of_record without SF:");
    in_record_ = false;
    sink_->AddLineBits(file_, context_, bits_.bits());
    for (const LineRange& lines : functions_.TakeEntered(known_)) {
      sink_->AddFunction(file_, context_, lines);
    }
    bits_.Clear();
    known_.Clear();
    return absl::OkStatus();
  }

  ReportSource* const source_;
  const ParseOptions& options_;
  EvidenceSink* const sink_;
  LineReader lines_;
  std::string test_;
  bool in_record_ = false, warned_ = false;
  uint64_t records_ = 0;
  ContextId context_ = kGlobalContext;
  FileId file_ = kIgnoredFile;
  LineBits bits_, known_;  // executed, and all
  LcovFunctions functions_;
};

class Parser : public ReportParser {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view summary() const override { return "lcov: tracefiles (.info), TN: or --label"; }
  bool names_labels() const override { return true; }
  bool is_outcomes() const override { return false; }
  bool Recognises(absl::string_view head) const override {
    absl::ConsumePrefix(&head, "\xEF\xBB\xBF");
    while (absl::StartsWith(head, "#") || absl::StartsWith(head, "\n")) {
      const size_t end = head.find('\n');
      if (end == absl::string_view::npos) return false;
      head.remove_prefix(end + 1);
    }
    return absl::StartsWith(head, "TN:") || absl::StartsWith(head, "SF:");
  }
  absl::Status Parse(ReportSource& source, const ParseOptions& options,
                     EvidenceSink& sink) const override {
    return Tracefile(&source, options, &sink).Parse();
  }
};

}  // namespace

const ReportParser* LcovParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
