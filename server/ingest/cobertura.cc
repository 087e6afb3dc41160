// Cobertura XML, as coverage.py, gcovr, cargo-llvm-cov, PHPUnit, Istanbul and coverlet write it.
//
//   <coverage><sources><source>/build/app</source></sources>
//     <packages><package><classes><class filename="a.py">
//       <methods>...</methods><lines><line number="3" hits="1"/>...
//
// A file name is relative to one of the sources, or absolute. The lines of a class count, any
// mention of one with hits; those of its methods only where the class has none of its own, because
// some writers (Istanbul) give a method's line the number of its calls, though nothing of it was
// executed. The report names no test. Memory: one class.
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/ingest/formats.h"
#include "server/ingest/line_bits.h"
#include "server/ingest/parse_error.h"
#include "server/ingest/xml_reader.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::string_view kName = "cobertura";

class Handler : public XmlHandler {
 public:
  Handler(ContextId context, EvidenceSink* sink) : context_(context), sink_(sink) {}

  bool wants_text() const override { return in_source_; }
  void Text(absl::string_view piece) override {
    if (source_.size() < 64 << 10) absl::StrAppend(&source_, piece);
  }

  absl::Status Begin(absl::string_view element, const XmlAttributes& attributes,
                     int depth) override {
    if (depth == 0 && element != "coverage") {
      return absl::InvalidArgumentError(
          absl::StrCat("the root element is ", Quoted(element), ", not 'coverage'"));
    }
    if (element == "source") {
      in_source_ = true;
      source_.clear();
    } else if (element == "packages") {
      saw_packages_ = true;
    } else if (element == "class") {
      return BeginClass(attributes);
    } else if (element == "methods") {
      in_methods_ = true;
    } else if (element == "line" && in_class_) {
      return TakeLine(attributes);
    }
    return absl::OkStatus();
  }

  absl::Status End(absl::string_view element, int depth) override {
    if (element == "source") {
      in_source_ = false;
      const absl::string_view path = absl::StripAsciiWhitespace(source_);
      if (!path.empty() && path != ".") sources_.emplace_back(path);
    } else if (element == "methods") {
      in_methods_ = false;
    } else if (element == "class" && in_class_) {
      const LineBits& lines = own_lines_ ? bits_ : method_bits_;
      sink_->AddLineBits(file_, context_, lines.bits());
      bits_.Clear();
      method_bits_.Clear();
      in_class_ = own_lines_ = false;
    } else if (depth == 0 && !saw_packages_) {
      return absl::InvalidArgumentError("the report has no 'packages'");
    }
    return absl::OkStatus();
  }

 private:
  absl::Status BeginClass(const XmlAttributes& attributes) {
    const char* const name = attributes.Find("filename");
    if (name == nullptr) return absl::InvalidArgumentError("a class has no filename");
    if (in_class_) return absl::InvalidArgumentError("a class lies inside a class");
    in_class_ = true;
    std::vector<std::string> spellings;
    if (name[0] != '\0' && name[0] != '/' && !IsDrivePath(name)) {
      for (const std::string& source : sources_) {
        spellings.push_back(absl::StrCat(absl::StripSuffix(source, "/"), "/", name));
      }
    }
    spellings.emplace_back(name);
    TS_ASSIGN_OR_RETURN(file_, sink_->FileAmong(spellings));
    return absl::OkStatus();
  }

  static bool IsDrivePath(absl::string_view path) {
    return path.size() > 2 && path[1] == ':' && (path[2] == '\\' || path[2] == '/');
  }

  absl::Status TakeLine(const XmlAttributes& attributes) {
    TS_ASSIGN_OR_RETURN(const uint32_t line, ParseLine(attributes.Get("number")));
    TS_ASSIGN_OR_RETURN(const bool executed, ParseCount(attributes.Get("hits")));
    own_lines_ |= !in_methods_;
    if (executed) (in_methods_ ? method_bits_ : bits_).Add(line);
    return absl::OkStatus();
  }

  const ContextId context_;
  EvidenceSink* const sink_;
  std::vector<std::string> sources_;
  std::string source_;
  bool in_source_ = false, in_class_ = false, in_methods_ = false, saw_packages_ = false;
  bool own_lines_ = false;  // the class has lines outside its methods
  FileId file_ = kIgnoredFile;
  LineBits bits_, method_bits_;
};

class Parser : public ReportParser {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view summary() const override { return "Cobertura XML, --label"; }
  bool names_labels() const override { return false; }
  bool is_outcomes() const override { return false; }
  bool Recognises(absl::string_view head) const override {
    const XmlRoot root = FindXmlRoot(head);
    // Clover's root has the same name, but other attributes.
    return root.name == "coverage" && !absl::StrContains(root.tag, "clover=") &&
           !absl::StrContains(root.tag, "generated=");
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

const ReportParser* CoberturaParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
