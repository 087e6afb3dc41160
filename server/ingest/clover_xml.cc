// Clover XML, in the dialects of OpenClover, of Istanbul (Jest, nyc, Vitest) and of PHPUnit.
//
//   <coverage generated="1" clover="5.1.0"><project><package><file name="A.java"
//   path="/src/A.java">
//     <line num="3" type="stmt" count="1"/><line num="4" type="cond" truecount="1" falsecount="0"/>
//
// A line counts if one mention of it was executed: `count` where it is there, because Istanbul's
// conditions have one, and their falsecount is the number of branches that were not taken; else
// truecount or falsecount. A file is its path, or, without one (PHPUnit), its name. The report
// names no test. Memory: one file.
// https://openclover.org/doc/manual/latest/general--about-openclover-reports.html
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/ingest/formats.h"
#include "server/ingest/line_bits.h"
#include "server/ingest/parse_error.h"
#include "server/ingest/xml_reader.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::string_view kName = "clover";

absl::StatusOr<bool> WasExecuted(const XmlAttributes& line) {
  if (line.Find("count") != nullptr) return ParseCount(line.Get("count"));
  if (line.Find("truecount") == nullptr && line.Find("falsecount") == nullptr) {
    return absl::InvalidArgumentError("a line has no count");
  }
  bool executed = false;
  for (const char* const name : {"truecount", "falsecount"}) {
    if (line.Find(name) == nullptr) continue;
    TS_ASSIGN_OR_RETURN(const bool taken, ParseCount(line.Get(name)));
    executed |= taken;
  }
  return executed;
}

class Handler : public XmlHandler {
 public:
  Handler(ContextId context, EvidenceSink* sink) : context_(context), sink_(sink) {}

  absl::Status Begin(absl::string_view element, const XmlAttributes& attributes,
                     int depth) override {
    if (depth == 0 && element != "coverage") {
      return absl::InvalidArgumentError(
          absl::StrCat("the root element is ", Quoted(element), ", not 'coverage'"));
    }
    if (element == "project" || element == "testproject") {
      saw_project_ = true;
    } else if (element == "file") {
      return BeginFile(attributes);
    } else if (element == "line" && in_file_) {
      return TakeLine(attributes);
    }
    return absl::OkStatus();
  }

  absl::Status End(absl::string_view element, int depth) override {
    if (element == "file" && in_file_) {
      sink_->AddLineBits(file_, context_, bits_.bits());
      bits_.Clear();
      in_file_ = false;
    } else if (depth == 0 && !saw_project_) {
      return absl::InvalidArgumentError("the report has no 'project'");
    }
    return absl::OkStatus();
  }

 private:
  absl::Status BeginFile(const XmlAttributes& attributes) {
    const char* path = attributes.Find("path");
    if (path == nullptr) path = attributes.Find("name");
    if (path == nullptr) return absl::InvalidArgumentError("a file has neither path nor name");
    if (in_file_) return absl::InvalidArgumentError("a file lies inside a file");
    in_file_ = true;
    TS_ASSIGN_OR_RETURN(file_, sink_->File(path));
    return absl::OkStatus();
  }

  absl::Status TakeLine(const XmlAttributes& attributes) {
    TS_ASSIGN_OR_RETURN(const uint32_t line, ParseLine(attributes.Get("num")));
    TS_ASSIGN_OR_RETURN(const bool executed, WasExecuted(attributes));
    if (executed) bits_.Add(line);
    return absl::OkStatus();
  }

  const ContextId context_;
  EvidenceSink* const sink_;
  bool in_file_ = false, saw_project_ = false;
  FileId file_ = kIgnoredFile;
  LineBits bits_;
};

class Parser : public ReportParser {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view summary() const override {
    return "Clover XML (OpenClover, Istanbul, PHPUnit), --label";
  }
  bool names_labels() const override { return false; }
  bool is_outcomes() const override { return false; }
  bool Recognises(absl::string_view head) const override {
    const XmlRoot root = FindXmlRoot(head);
    // Cobertura's root has the same name, but neither attribute.
    return root.name == "coverage" &&
           (absl::StrContains(root.tag, "clover=") || absl::StrContains(root.tag, "generated="));
  }
  absl::Status Parse(ReportSource& source, const ParseOptions& options,
                     EvidenceSink& sink) const override {
    TS_RETURN_IF_ERROR(RequireLabel(source.name(), kName, options.label));
    TS_ASSIGN_OR_RETURN(const ContextId context, sink.Context(options.label, Phase::kRun));
    Handler handler(context, &sink);
    return ReadXml(&source, kName, &handler);
  }
};

}  // namespace

const ReportParser* CloverParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
