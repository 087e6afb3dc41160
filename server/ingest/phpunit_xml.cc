// PHPUnit's XML coverage (--coverage-xml): index.xml, and one document per source file beside it.
//
//   index.xml   <phpunit><project source="/app/src">
//                 <tests><test name="T::m" status="PASSED"/>...
//                 <directory name="/"><file name="A.php" href="A.php.xml">...
//   A.php.xml   <phpunit><file name="A.php" path="/"><coverage>
//                 <line nr="13"><covered by="T::m"/>...
//
// A file's name is the project's source, the file's path and its name. index.xml also tells how
// tests ended (PHPUnit 9: PASSED, FAILURE ...; later: success, failure, unknown), and which
// documents there are: one that is missing is refused. A document without its index is taken, its
// names below any folder. The text of the source, which every document holds too, is passed over.
// Memory: the names of the documents, and one line's tests.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/ingest/formats.h"
#include "server/ingest/parse_error.h"
#include "server/ingest/report_folder.h"
#include "server/ingest/xml_reader.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::string_view kName = "phpunit-xml";
constexpr absl::string_view kNamespace = "schema.phpunit.de/coverage";
constexpr absl::string_view kIndex = "index.xml";

absl::string_view FolderOf(absl::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == absl::string_view::npos ? "" : path.substr(0, slash + 1);
}

bool IsIndex(absl::string_view path) {
  if (!absl::ConsumeSuffix(&path, ".gz")) absl::ConsumeSuffix(&path, ".zst");
  return path.substr(FolderOf(path).size()) == kIndex;
}

// What every document begins with.
absl::Status CheckRoot(absl::string_view element) {
  if (element == "phpunit") return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the root element is ", Quoted(element), ", not 'phpunit'"));
}

absl::StatusOr<Outcome> ParseStatus(absl::string_view status) {
  static constexpr std::pair<absl::string_view, Outcome> kKnown[] = {
      {"PASSED", Outcome::kPassed},      {"FAILURE", Outcome::kFailed},
      {"ERROR", Outcome::kError},        {"SKIPPED", Outcome::kSkipped},
      {"INCOMPLETE", Outcome::kSkipped}, {"RISKY", Outcome::kError},
      {"WARNING", Outcome::kError},      {"UNKNOWN", Outcome::kUnknown},
      {"success", Outcome::kPassed},     {"failure", Outcome::kFailed},
      {"unknown", Outcome::kUnknown},    {"", Outcome::kUnknown},
  };
  for (const auto& [name, outcome] : kKnown) {
    if (name == status) return outcome;
  }
  return absl::InvalidArgumentError(absl::StrCat("a test's status is ", Quoted(status)));
}

class Index : public XmlHandler {
 public:
  explicit Index(EvidenceSink* sink) : sink_(sink) {}
  const std::string& source() const { return source_; }
  const std::vector<std::string>& documents() const { return documents_; }

  absl::Status Begin(absl::string_view element, const XmlAttributes& attributes,
                     int depth) override {
    if (depth == 0) return CheckRoot(element);
    if (element == "project" && depth == 1) {
      source_ = std::string(attributes.Get("source"));
      saw_project_ = true;
    } else if (element == "test") {
      return TakeTest(attributes);
    } else if (element == "file") {
      documents_.emplace_back(attributes.Get("href"));
    }
    return absl::OkStatus();
  }
  absl::Status End(absl::string_view, int depth) override {
    if (depth > 0 || saw_project_) return absl::OkStatus();
    return absl::InvalidArgumentError("the index has no 'project'");
  }

 private:
  absl::Status TakeTest(const XmlAttributes& attributes) {
    const absl::string_view label = attributes.Get("name");
    LabelOutcome outcome;
    TS_ASSIGN_OR_RETURN(outcome.outcome, ParseStatus(attributes.Get("status")));
    if (attributes.Find("time") != nullptr) {
      TS_ASSIGN_OR_RETURN(outcome.seconds, ParseSeconds(attributes.Get("time")));
    }
    if (outcome.outcome == Outcome::kUnknown && outcome.seconds < 0) return sink_->MarkRan(label);
    return sink_->AddOutcome({"", label, "", true}, outcome);
  }

  EvidenceSink* const sink_;
  std::string source_;
  bool saw_project_ = false;
  std::vector<std::string> documents_;
};

class Document : public XmlHandler {
 public:
  // `source` is null where there is no index.
  Document(const std::string* source, EvidenceSink* sink) : source_(source), sink_(sink) {}

  absl::Status Begin(absl::string_view element, const XmlAttributes& attributes,
                     int depth) override {
    if (depth == 0) return CheckRoot(element);
    if (element == "file" && depth == 1) return BeginFile(attributes);
    if (element == "coverage" && depth == 2) in_coverage_ = true;
    if (!in_coverage_) return absl::OkStatus();
    if (element == "line") {
      tests_.clear();
      TS_ASSIGN_OR_RETURN(line_, ParseLine(attributes.Get("nr")));
    } else if (element == "covered") {
      TS_ASSIGN_OR_RETURN(const ContextId test, sink_->Context(attributes.Get("by"), Phase::kRun));
      tests_.push_back(test);
    }
    return absl::OkStatus();
  }

  absl::Status End(absl::string_view element, int depth) override {
    if (element == "coverage" && depth == 2) in_coverage_ = false;
    if (element == "line" && in_coverage_ && line_ > 0) sink_->AddLine(file_, line_, tests_);
    if (depth > 0 || saw_file_) return absl::OkStatus();
    return absl::InvalidArgumentError("the document has no 'file'");
  }

 private:
  absl::Status BeginFile(const XmlAttributes& attributes) {
    saw_file_ = true;
    const absl::string_view name = attributes.Get("name");
    if (name.empty()) return absl::InvalidArgumentError("a file has no name");
    std::string below = absl::StrCat(attributes.Get("path"), "/", name);
    below.erase(0, below.find_first_not_of("/\\"));
    TS_ASSIGN_OR_RETURN(file_, sink_->File(source_ == nullptr || source_->empty()
                                               ? below
                                               : absl::StrCat(*source_, "/", below)));
    return absl::OkStatus();
  }

  const std::string* const source_;
  EvidenceSink* const sink_;
  FileId file_ = kIgnoredFile;
  bool saw_file_ = false, in_coverage_ = false;
  uint32_t line_ = 0;
  std::vector<ContextId> tests_;  // that covered it
};

class Report {
 public:
  Report(const ReportFolder& folder, EvidenceSink& sink) : folder_(folder), sink_(sink) {}

  absl::Status Parse() {
    for (size_t i = 0; i < paths().size(); ++i) {
      if (IsIndex(paths()[i])) TS_RETURN_IF_ERROR(ReadIndex(i));
    }
    if (sources_.empty()) {
      sink_.Warn(absl::StrCat(folder_.name(),
                              ": phpunit-xml: without index.xml neither the sources' folder nor "
                              "the tests' results are known"));
    }
    for (size_t i = 0; i < paths().size(); ++i) {
      if (!IsIndex(paths()[i])) TS_RETURN_IF_ERROR(ReadDocument(i));
    }
    return absl::OkStatus();
  }

 private:
  const std::vector<std::string>& paths() const { return folder_.paths(); }

  absl::Status ReadIndex(size_t i) {
    TS_ASSIGN_OR_RETURN(const auto source, folder_.Open(i));
    Index index(&sink_);
    TS_RETURN_IF_ERROR(ReadXml(source.get(), kName, &index));
    const std::string folder(FolderOf(paths()[i]));
    for (const std::string& document : index.documents()) {
      const std::string path = absl::StrCat(folder, document);
      if (Has(path) || Has(path + ".gz") || Has(path + ".zst")) continue;
      return ReportError(
          paths()[i], kName, "file",
          absl::StrCat("it names ", Quoted(document), ", which is missing: send the whole folder"));
    }
    sources_[folder] = index.source();
    return absl::OkStatus();
  }

  bool Has(const std::string& path) const {
    return std::binary_search(paths().begin(), paths().end(), path);
  }

  absl::Status ReadDocument(size_t i) {
    TS_ASSIGN_OR_RETURN(const auto source, folder_.Open(i));
    Document document(SourceOf(paths()[i]), &sink_);
    return ReadXml(source.get(), kName, &document);
  }

  // Of the nearest index above a document; null where there is none.
  const std::string* SourceOf(absl::string_view path) const {
    for (absl::string_view folder = FolderOf(path);; folder = FolderOf(folder)) {
      const auto found = sources_.find(std::string(folder));
      if (found != sources_.end()) return &found->second;
      if (folder.empty()) return nullptr;
      folder.remove_suffix(1);
    }
  }

  const ReportFolder& folder_;
  EvidenceSink& sink_;
  std::map<std::string, std::string> sources_;  // of the folder that an index lies in
};

class Parser : public FolderParser {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view summary() const override { return "PHPUnit: --coverage-xml"; }
  bool names_labels() const override { return true; }
  bool is_outcomes() const override { return false; }
  bool Recognises(absl::string_view head) const override {
    const XmlRoot root = FindXmlRoot(head);
    // The root of PHPUnit's configuration has the same name, but no such namespace.
    return root.name == "phpunit" && absl::StrContains(root.tag, kNamespace);
  }
  bool NeedsItsFolder(absl::string_view path) const override { return IsIndex(path); }
  absl::Status ParseFolder(const ReportFolder& folder, const ParseOptions&,
                           EvidenceSink& sink) const override {
    return Report(folder, sink).Parse();
  }
};

}  // namespace

const ReportParser* PhpunitXmlParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
