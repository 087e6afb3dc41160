// OpenCover's XML, with -coverbytest; coverlet writes the same without tests.
//
//   <CoverageSession><Modules><Module>
//     <Files><File uid="1" fullPath="C:\shop\Till.cs"/></Files>
//     <Classes><Class><Methods><Method><FileRef uid="1"/><SequencePoints>
//       <SequencePoint vc="3" sl="7" el="8" fileid="1">
//         <TrackedMethodRefs><TrackedMethodRef uid="9" vc="2"/></TrackedMethodRefs>
//     ...
//     <TrackedMethods><TrackedMethod uid="9" strategy="NUnitTest"
//                                    name="System.Void Shop.TillTests::Adds(System.Int32)"/>
//
// The tests are named behind what mentions them, often in another module, so the report is read
// twice. A label is the test's qualified name, "Shop.TillTests.Adds", as `dotnet test` lists it;
// the cases of one method are one label. A point's lines are sl to el. Visits that no test accounts
// for were made outside of tests. Without any test the report names none. Memory: the names of
// tests and files.
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "server/ingest/formats.h"
#include "server/ingest/line_bits.h"
#include "server/ingest/parse_error.h"
#include "server/ingest/xml_reader.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::string_view kName = "opencover";
constexpr absl::string_view kRoot = "CoverageSession";
constexpr absl::string_view kHiddenLine = "16707566";  // 0xFEEFEE: the compiler's own code

absl::StatusOr<uint64_t> ParseNumber(absl::string_view attribute, absl::string_view text) {
  uint64_t value = 0;
  if (absl::SimpleAtoi(text, &value)) return value;
  return absl::InvalidArgumentError(absl::StrCat(attribute, " ", Quoted(text), " is no number"));
}

// "System.Void Shop.Tests/Inner::Adds(System.Int32)" -> "Shop.Tests+Inner.Adds"
std::string LabelOf(absl::string_view full_name) {
  const size_t colons = full_name.find("::");
  if (colons == absl::string_view::npos) return std::string(full_name);
  absl::string_view type = full_name.substr(0, colons);
  const size_t space = type.rfind(' ');
  if (space != absl::string_view::npos) type.remove_prefix(space + 1);
  absl::string_view method = full_name.substr(colons + 2);
  method = method.substr(0, method.find('('));
  return absl::StrCat(absl::StrReplaceAll(type, {{"/", "+"}}), ".", method);
}

// What the report's numbers stand for.
struct Names {
  absl::flat_hash_map<uint64_t, ContextId> tests;
  absl::flat_hash_map<uint64_t, FileId> files;
};

absl::Status CheckRoot(absl::string_view element, int depth) {
  if (depth > 0 || element == kRoot) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the root element is ", Quoted(element), ", not '", kRoot, "'"));
}

class NamesHandler : public XmlHandler {
 public:
  NamesHandler(EvidenceSink* sink, Names* names) : sink_(sink), names_(names) {}

  absl::Status Begin(absl::string_view element, const XmlAttributes& attributes,
                     int depth) override {
    TS_RETURN_IF_ERROR(CheckRoot(element, depth));
    if (element != "File" && element != "TrackedMethod") return absl::OkStatus();
    TS_ASSIGN_OR_RETURN(const uint64_t uid, ParseNumber("uid", attributes.Get("uid")));
    if (element == "File") {
      TS_ASSIGN_OR_RETURN(names_->files[uid], sink_->File(attributes.Get("fullPath")));
      return absl::OkStatus();
    }
    TS_ASSIGN_OR_RETURN(names_->tests[uid],
                        sink_->Context(LabelOf(attributes.Get("name")), Phase::kRun));
    return absl::OkStatus();
  }
  absl::Status End(absl::string_view, int) override { return absl::OkStatus(); }

 private:
  EvidenceSink* const sink_;
  Names* const names_;
};

class PointsHandler : public XmlHandler {
 public:
  // `outside`: whose the visits are that no test accounts for.
  PointsHandler(const Names& names, ContextId outside, EvidenceSink* sink)
      : names_(names), outside_(outside), sink_(sink) {}

  absl::Status Begin(absl::string_view element, const XmlAttributes& attributes, int) override {
    if (element == "FileRef") return ReadFile(attributes.Get("uid"), &method_file_);
    if (element == "Method") method_file_ = kIgnoredFile;
    if (element == "SequencePoint" || element == "MethodPoint") return BeginPoint(attributes);
    if (element == "TrackedMethodRef" && in_point_) return ReadVisit(attributes);
    return absl::OkStatus();
  }

  absl::Status End(absl::string_view element, int) override {
    if (element != "SequencePoint" && element != "MethodPoint") return absl::OkStatus();
    if (visits_ > visits_by_tests_) Add(outside_);
    in_point_ = false;
    return absl::OkStatus();
  }

 private:
  absl::Status ReadFile(absl::string_view uid_text, FileId* file) const {
    TS_ASSIGN_OR_RETURN(const uint64_t uid, ParseNumber("uid", uid_text));
    const auto found = names_.files.find(uid);
    if (found == names_.files.end()) {
      return absl::InvalidArgumentError(absl::StrCat("file ", uid, " is in no 'Files'"));
    }
    *file = found->second;
    return absl::OkStatus();
  }

  absl::Status BeginPoint(const XmlAttributes& attributes) {
    in_point_ = true;
    visits_ = visits_by_tests_ = 0;
    lines_.Clear();
    const absl::string_view first_line = attributes.Get("sl");
    if (first_line.empty() || first_line == kHiddenLine) return absl::OkStatus();
    TS_ASSIGN_OR_RETURN(const uint32_t first, ParseLine(first_line));
    TS_ASSIGN_OR_RETURN(const uint32_t last, ParseLine(attributes.Get("el")));
    lines_.AddRange(first, last);
    TS_ASSIGN_OR_RETURN(visits_, ParseNumber("vc", attributes.Get("vc")));
    file_ = method_file_;
    const char* const file = attributes.Find("fileid");
    return file == nullptr || visits_ == 0 ? absl::OkStatus() : ReadFile(file, &file_);
  }

  absl::Status ReadVisit(const XmlAttributes& attributes) {
    TS_ASSIGN_OR_RETURN(const uint64_t uid, ParseNumber("uid", attributes.Get("uid")));
    TS_ASSIGN_OR_RETURN(const uint64_t visits, ParseNumber("vc", attributes.Get("vc")));
    const auto test = names_.tests.find(uid);
    if (test == names_.tests.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("tracked method ", uid, " is in no 'TrackedMethods'"));
    }
    visits_by_tests_ += visits;
    if (visits > 0) Add(test->second);
    return absl::OkStatus();
  }

  void Add(ContextId context) { sink_->AddLineBits(file_, context, lines_.bits()); }

  const Names& names_;
  const ContextId outside_;
  EvidenceSink* const sink_;
  FileId method_file_ = kIgnoredFile, file_ = kIgnoredFile;
  bool in_point_ = false;
  uint64_t visits_ = 0, visits_by_tests_ = 0;
  LineBits lines_;
};

class Parser : public ReportParser {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view summary() const override {
    return "OpenCover XML, with -coverbytest or --label";
  }
  bool names_labels() const override { return true; }
  bool is_outcomes() const override { return false; }
  bool Recognises(absl::string_view head) const override { return FindXmlRoot(head).name == kRoot; }
  absl::Status Parse(ReportSource& source, const ParseOptions& options,
                     EvidenceSink& sink) const override {
    Names names;
    NamesHandler first(&sink, &names);
    TS_RETURN_IF_ERROR(ReadXml(&source, kName, &first));
    ContextId outside = kGlobalContext;
    if (names.tests.empty()) {
      TS_RETURN_IF_ERROR(RequireLabel(source.name(), kName, options.label));
      TS_ASSIGN_OR_RETURN(outside, sink.Context(options.label, Phase::kRun));
    }
    TS_ASSIGN_OR_RETURN(const auto again, ReopenReport(source));
    PointsHandler second(names, outside, &sink);
    return ReadXml(again.get(), kName, &second);
  }
};

}  // namespace

const ReportParser* OpenCoverParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
