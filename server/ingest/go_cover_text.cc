// Go's text profile (go test -coverprofile, go tool covdata textfmt).
//
//   mode: set
//   example.com/mod/pkg/file.go:12.22,14.2 3 1      first.col,last.col statements count
//
// A block covers all its lines. With -coverpkg a block is listed once per test package: any count
// above zero covers it. File names begin with the module path: PathRules::root takes it off, and so
// does the commit's file list. The profile names no test. Memory: the blocks of one file at a time.
#include <algorithm>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/ingest/formats.h"
#include "server/ingest/line_bits.h"
#include "server/ingest/line_reader.h"
#include "server/ingest/parse_error.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::string_view kName = "go-cover-text";

// Cuts the text behind the last `separator` off *text; "" and no change if there is none.
absl::string_view CutLast(absl::string_view* text, char separator) {
  const size_t at = text->rfind(separator);
  if (at == absl::string_view::npos) return "";
  const absl::string_view tail = text->substr(at + 1);
  *text = text->substr(0, at);
  return tail;
}

class Profile {
 public:
  Profile(ReportSource* source, const ParseOptions& options, EvidenceSink* sink)
      : source_(source), options_(options), sink_(sink), lines_(source, kName) {}

  absl::Status Parse() {
    TS_RETURN_IF_ERROR(RequireLabel(source_->name(), kName, options_.label));
    TS_ASSIGN_OR_RETURN(context_, sink_->Context(options_.label, Phase::kRun));
    absl::string_view line;
    TS_ASSIGN_OR_RETURN(bool more, lines_.Next(&line));
    if (!more) return lines_.Error("the report is empty (a profile begins with 'mode:')");
    TS_RETURN_IF_ERROR(CheckMode(line));
    for (;;) {
      TS_ASSIGN_OR_RETURN(more, lines_.Next(&line));
      if (!more) break;
      if (line.empty()) continue;
      // Profiles that were put behind one another repeat their first line.
      TS_RETURN_IF_ERROR(absl::StartsWith(line, "mode: ") ? CheckMode(line) : TakeBlock(line));
    }
    if (!lines_.ended()) return lines_.Error("the last line has no end: the report is cut off");
    Flush();
    return absl::OkStatus();
  }

 private:
  absl::Status CheckMode(absl::string_view line) {
    if (line == "mode: set" || line == "mode: count" || line == "mode: atomic") {
      return absl::OkStatus();
    }
    return lines_.Error(
        absl::StrCat("expected 'mode: set', 'count' or 'atomic', found ", Quoted(line)));
  }

  // "file.go:12.22,14.2 3 1", from the end, because a file name may hold any of the separators.
  absl::Status TakeBlock(absl::string_view line) {
    absl::string_view rest = line;
    const absl::string_view count = CutLast(&rest, ' ');
    CutLast(&rest, ' ');  // the number of statements
    absl::string_view last = CutLast(&rest, ',');
    absl::string_view first = CutLast(&rest, ':');
    if (CutLast(&last, '.').empty() || CutLast(&first, '.').empty() || rest.empty()) {
      return lines_.Error(
          absl::StrCat("expected 'file:line.col,line.col statements count', found ", Quoted(line)));
    }
    const absl::StatusOr<uint32_t> from = ParseLine(first), to = ParseLine(last);
    if (!from.ok()) return lines_.AtLine(from.status());
    if (!to.ok()) return lines_.AtLine(to.status());
    if (*from > *to) {
      return lines_.Error(absl::StrCat("the block ends before it begins: ", Quoted(line)));
    }
    const absl::StatusOr<bool> executed = ParseCount(count);
    if (!executed.ok()) return lines_.AtLine(executed.status());
    TS_RETURN_IF_ERROR(SelectFile(rest));
    if (*executed) bits_.AddRange(*from, *to);
    return absl::OkStatus();
  }

  absl::Status SelectFile(absl::string_view path) {
    if (path == path_) return absl::OkStatus();
    Flush();
    path_ = std::string(path);
    const auto known = files_.find(path_);
    if (known != files_.end()) {
      file_ = known->second;
      return absl::OkStatus();
    }
    const absl::StatusOr<FileId> file = sink_->File(path);
    if (!file.ok()) return lines_.AtLine(file.status());
    files_.emplace(path_, *file);
    file_ = *file;
    return absl::OkStatus();
  }

  void Flush() {
    if (!bits_.empty()) sink_->AddLineBits(file_, context_, bits_.bits());
    bits_.Clear();
  }

  ReportSource* const source_;
  const ParseOptions& options_;
  EvidenceSink* const sink_;
  LineReader lines_;
  ContextId context_ = kGlobalContext;
  std::string path_;
  FileId file_ = kIgnoredFile;
  absl::flat_hash_map<std::string, FileId> files_;
  LineBits bits_;
};

class Parser : public ReportParser {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view summary() const override {
    return "Go: text profiles (-coverprofile), --label";
  }
  bool names_labels() const override { return false; }
  bool is_outcomes() const override { return false; }
  bool Recognises(absl::string_view head) const override {
    absl::ConsumePrefix(&head, "\xEF\xBB\xBF");
    return absl::StartsWith(head, "mode: ");
  }
  absl::Status Parse(ReportSource& source, const ParseOptions& options,
                     EvidenceSink& sink) const override {
    return Profile(&source, options, &sink).Parse();
  }
};

}  // namespace

const ReportParser* GoCoverTextParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
