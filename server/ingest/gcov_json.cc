// gcov's own JSON (gcov --json-format), one gzip per object file; with --stdout one JSON text after
// the other.
//
//   {"gcc_version": "12.2.0", "files": [{"file": "../src/a.cc", "lines": [{"line_number": 3,
//     "count": 1, "function_name": "f", ...}, ...], ...}], "format_version": "1",
//    "current_working_directory": "/build/app/out", "data_file": "a.gcda"}
//
// A relative name is relative to the folder in which the compiler ran, which comes last. The report
// names no test; those of one test are one upload of several reports under one label. Memory: the
// lines of one object file.
// https://gcc.gnu.org/onlinedocs/gcc/Invoking-Gcov.html
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/ingest/formats.h"
#include "server/ingest/gcov_files.h"
#include "server/ingest/json_reader.h"
#include "server/ingest/parse_error.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::string_view kName = "gcov-json";

class Report {
 public:
  Report(ReportSource* source, ContextId context, EvidenceSink* sink)
      : context_(context), sink_(sink), json_(source, kName) {}

  absl::Status Parse() {
    TS_RETURN_IF_ERROR(json_.Start());
    for (;;) {
      TS_RETURN_IF_ERROR(ReadObject());
      TS_ASSIGN_OR_RETURN(const bool at_end, json_.AtEnd());
      if (at_end) return absl::OkStatus();
    }
  }

 private:
  absl::Status ReadObject() {
    std::vector<GcovFile> files;
    std::string folder;
    bool is_gcov = false, has_files = false;
    TS_RETURN_IF_ERROR(json_.ForEachMember([&](absl::string_view key) -> absl::Status {
      is_gcov |= key == "gcc_version" || key == "format_version";
      if (key == "current_working_directory") {
        TS_ASSIGN_OR_RETURN(folder, json_.Text());
        return absl::OkStatus();
      }
      if (key != "files") return json_.SkipValue();
      has_files = true;
      return json_.ForEachElement([&] { return ReadGcovFile(&json_, &files.emplace_back()); });
    }));
    if (!is_gcov || !has_files) {
      return json_.Error("the object has no 'gcc_version' or no 'files'");
    }
    for (const GcovFile& file : files) TS_RETURN_IF_ERROR(json_.AtByte(Tell(file, folder)));
    return absl::OkStatus();
  }

  absl::Status Tell(const GcovFile& file, const std::string& folder) {
    std::vector<std::string> spellings;
    if (!folder.empty() && !absl::StartsWith(file.path, "/")) {
      spellings.push_back(absl::StrCat(folder, "/", file.path));
    }
    spellings.push_back(file.path);
    TS_ASSIGN_OR_RETURN(const FileId id, sink_->FileAmong(spellings));
    sink_->AddLineBits(id, context_, file.lines.bits());
    return absl::OkStatus();
  }

  const ContextId context_;
  EvidenceSink* const sink_;
  JsonReader json_;
};

class Parser : public ReportParser {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view summary() const override {
    return "gcov --json-format (.gcov.json.gz), --label";
  }
  bool names_labels() const override { return false; }
  bool is_outcomes() const override { return false; }
  bool Recognises(absl::string_view head) const override {
    // What else tells gcov comes behind the files in its older versions.
    return head.find('{') < 8 && absl::StrContains(head, "\"gcc_version\"") &&
           !absl::StrContains(head, "\"gcovr/");
  }
  absl::Status Parse(ReportSource& source, const ParseOptions& options,
                     EvidenceSink& sink) const override {
    TS_RETURN_IF_ERROR(RequireLabel(source.name(), kName, options.label));
    TS_ASSIGN_OR_RETURN(const ContextId context, sink.Context(options.label, Phase::kRun));
    return Report(&source, context, &sink).Parse();
  }
};

}  // namespace

const ReportParser* GcovJsonParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
