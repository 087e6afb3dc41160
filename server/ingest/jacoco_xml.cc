// JaCoCo's XML report, as its Maven and Gradle plug-ins, its command line and Kover write it.
//
//   <report name="app"><sessioninfo id="..." start="..." dump="..."/>
//     <group name="module"><package name="com/example"><class ...>...</class>
//       <sourcefile name="A.java"><line nr="3" mi="0" ci="4" mb="0" cb="0"/>...
//
// A line counts if some of its instructions were executed (ci). A file is the package's folder and
// the source's name; the lines of all sessions are one, so sessions are no labels. The report names
// no test. Memory: one source file.
// https://www.jacoco.org/jacoco/trunk/coverage/report.dtd
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/ingest/formats.h"
#include "server/ingest/line_bits.h"
#include "server/ingest/parse_error.h"
#include "server/ingest/xml_reader.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::string_view kName = "jacoco-xml";

// The names under which a source of `package` may lie in the repository. Kotlin's style leaves the
// package that all files share out of the folders.
std::vector<std::string> Spellings(absl::string_view package, absl::string_view name) {
  std::vector<std::string> out;
  while (!package.empty()) {
    out.push_back(absl::StrCat(package, "/", name));
    if (!absl::EndsWith(name, ".kt")) return out;
    const size_t slash = package.find('/');
    package = slash == absl::string_view::npos ? "" : package.substr(slash + 1);
  }
  out.emplace_back(name);
  return out;
}

class Handler : public XmlHandler {
 public:
  Handler(ContextId context, EvidenceSink* sink) : context_(context), sink_(sink) {}

  absl::Status Begin(absl::string_view element, const XmlAttributes& attributes,
                     int depth) override {
    if (depth == 0 && element != "report") {
      return absl::InvalidArgumentError(
          absl::StrCat("the root element is ", Quoted(element), ", not 'report'"));
    }
    if (element == "package") {
      package_ = std::string(attributes.Get("name"));
    } else if (element == "sourcefile") {
      return BeginFile(attributes);
    } else if (element == "line" && in_file_) {
      return TakeLine(attributes);
    }
    return absl::OkStatus();
  }

  absl::Status End(absl::string_view element, int depth) override {
    (void)depth;
    if (element == "sourcefile" && in_file_) {
      sink_->AddLineBits(file_, context_, bits_.bits());
      bits_.Clear();
      in_file_ = false;
    }
    return absl::OkStatus();
  }

 private:
  absl::Status BeginFile(const XmlAttributes& attributes) {
    const absl::string_view name = attributes.Get("name");
    if (name.empty()) return absl::InvalidArgumentError("a sourcefile has no name");
    if (in_file_) return absl::InvalidArgumentError("a sourcefile lies inside a sourcefile");
    in_file_ = true;
    TS_ASSIGN_OR_RETURN(file_, sink_->FileAmong(Spellings(package_, name)));
    return absl::OkStatus();
  }

  absl::Status TakeLine(const XmlAttributes& attributes) {
    TS_ASSIGN_OR_RETURN(const uint32_t line, ParseLine(attributes.Get("nr")));
    if (attributes.Find("ci") == nullptr) {
      return absl::InvalidArgumentError(
          "a line has no 'ci', so that it is not known whether it ran (gcovr's JaCoCo report is "
          "one "
          "of those: use its JSON)");
    }
    TS_ASSIGN_OR_RETURN(const bool executed, ParseCount(attributes.Get("ci")));
    if (executed) bits_.Add(line);
    return absl::OkStatus();
  }

  const ContextId context_;
  EvidenceSink* const sink_;
  std::string package_;
  bool in_file_ = false;
  FileId file_ = kIgnoredFile;
  LineBits bits_;
};

class Parser : public ReportParser {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view summary() const override { return "JaCoCo XML, --label"; }
  bool names_labels() const override { return false; }
  bool is_outcomes() const override { return false; }
  bool Recognises(absl::string_view head) const override {
    const XmlRoot root = FindXmlRoot(head);
    return root.name == "report" && absl::StrContains(root.tag, "name=");
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

const ReportParser* JacocoXmlParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
