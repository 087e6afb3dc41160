// gcovr's JSON (gcovr --json).
//
//   {"gcovr/format_version": "0.15", "files": [{"file": "src/a.cc", "lines": [{"line_number": 3,
//     "function_name": "f", "count": 1, ...}, ...]}]}
//
// Names are relative to gcovr's root. The report names no test. Memory: one file's lines.
// https://gcovr.com/en/stable/output/json.html
#include "absl/strings/match.h"
#include "server/ingest/formats.h"
#include "server/ingest/gcov_files.h"
#include "server/ingest/json_reader.h"
#include "server/ingest/parse_error.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::string_view kName = "gcovr-json";

class Report {
 public:
  Report(ReportSource* source, ContextId context, EvidenceSink* sink)
      : context_(context), sink_(sink), json_(source, kName) {}

  absl::Status Parse() {
    bool is_gcovr = false, has_files = false;
    TS_RETURN_IF_ERROR(json_.Start());
    TS_RETURN_IF_ERROR(json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      is_gcovr |= key == "gcovr/format_version";
      if (key != "files") return json_.SkipValue();
      has_files = true;
      return json_.ForEachElement([this] { return ReadFile(); });
    }));
    if (!is_gcovr || !has_files) {
      return json_.Error("the object has no 'gcovr/format_version' or no 'files'");
    }
    return json_.ExpectEnd();
  }

 private:
  absl::Status ReadFile() {
    GcovFile file;
    TS_RETURN_IF_ERROR(ReadGcovFile(&json_, &file));
    const absl::StatusOr<FileId> id = sink_->File(file.path);
    if (!id.ok()) return json_.AtByte(id.status());
    sink_->AddLineBits(*id, context_, file.lines.bits());
    return absl::OkStatus();
  }

  const ContextId context_;
  EvidenceSink* const sink_;
  JsonReader json_;
};

class Parser : public ReportParser {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view summary() const override { return "gcovr --json, --label"; }
  bool names_labels() const override { return false; }
  bool is_outcomes() const override { return false; }
  bool Recognises(absl::string_view head) const override {
    return head.find('{') < 8 && absl::StrContains(head, "\"gcovr/format_version\"");
  }
  absl::Status Parse(ReportSource& source, const ParseOptions& options,
                     EvidenceSink& sink) const override {
    TS_RETURN_IF_ERROR(RequireLabel(source.name(), kName, options.label));
    TS_ASSIGN_OR_RETURN(const ContextId context, sink.Context(options.label, Phase::kRun));
    return Report(&source, context, &sink).Parse();
  }
};

}  // namespace

const ReportParser* GcovrJsonParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
