#include "server/selection/change_rules.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/selection/evidence_view.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

absl::string_view FolderOf(absl::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == absl::string_view::npos ? absl::string_view() : path.substr(0, slash);
}

bool HasExecutedLines(const FileEvidence& file) {
  return !file.global_lines.empty() ||
         std::any_of(file.sections.begin(), file.sections.end(),
                     [](const auto& s) { return IsExecution(s.kind); });
}

// Whether a set-up or tear-down phase executed a line of `range`.
bool SeenInSetup(const FileEvidence& file, LineRange range) {
  return std::any_of(file.sections.begin(), file.sections.end(), [&](const auto& s) {
    return s.phase != Phase::kRun && IsExecution(s.kind) &&
           std::any_of(s.runs.begin(), s.runs.end(), [&](const EvidenceRun& run) {
             return run.first <= range.last && run.last >= range.first;
           });
  });
}

}  // namespace

void ReportedLines::Add(const FileEvidence& file) {
  std::vector<LineRange> all = std::move(ranges_);
  all.insert(all.end(), file.global_lines.begin(), file.global_lines.end());
  for (const EvidenceSection& section : file.sections) {
    if (!IsExecution(section.kind)) continue;
    for (const EvidenceRun& run : section.runs) all.push_back({run.first, run.last});
  }
  std::sort(all.begin(), all.end(),
            [](const LineRange& a, const LineRange& b) { return a.first < b.first; });
  ranges_.clear();
  for (const LineRange& r : all) {
    if (!ranges_.empty() && r.first <= ranges_.back().last + 1) {
      ranges_.back().last = std::max(ranges_.back().last, r.last);
    } else {
      ranges_.push_back(r);
    }
  }
}

bool ReportedLines::Covers(LineRange range) const {
  const auto after =
      std::upper_bound(ranges_.begin(), ranges_.end(), range.first,
                       [](uint32_t line, const LineRange& r) { return line < r.first; });
  return after != ranges_.begin() && std::prev(after)->last >= range.last;
}

absl::Status ChangeRules::Apply(const FileChange& change, const ReportedLines& reported) {
  RulesSaid said = RulesSaid::kNothing;
  if (verdicts_ != nullptr) {
    TS_ASSIGN_OR_RETURN(said,
                        verdicts_->Apply(change, *segment_.labels(), environment_same_, sink_));
  }
  if (said == RulesSaid::kAll) return absl::OkStatus();
  explained_ = said == RulesSaid::kMore;
  const std::string& path = change.old_path.empty() ? change.new_path : change.old_path;
  if (change.old_type == FileType::kSubmodule || change.new_type == FileType::kSubmodule) {
    ApplyUnknown(ReasonCode::kSubmodule, path, "a submodule changed; its files are not indexed");
    return absl::OkStatus();
  }
  if (options_.ByFolder()) ApplyPackage(change);
  switch (change.kind) {
    case ChangeKind::kAdded:
      ApplyUnknown(ReasonCode::kNewFile, path, "a file was added; nothing says who depends on it");
      return absl::OkStatus();
    case ChangeKind::kDeleted:
      ApplyGone(ReasonCode::kDeletedFile, path, "the file was deleted");
      return absl::OkStatus();
    case ChangeKind::kRenamed:
      ApplyGone(ReasonCode::kRenamedFile, path,
                absl::StrCat("the file was renamed to ", change.new_path));
      return absl::OkStatus();
    case ChangeKind::kTypeChanged:
      ApplyGone(ReasonCode::kModeChange, path, "the file's mode or type changed");
      return absl::OkStatus();
    case ChangeKind::kModified:
      break;
  }
  if (change.old_type != change.new_type) {
    ApplyGone(ReasonCode::kModeChange, path, "the file's mode or type changed");
  }
  if (change.old_blob == change.new_blob) return absl::OkStatus();
  const auto file = segment_.FindFile(change.old_path);
  if (!file.ok()) {
    LoseData(path, file.status());
    return absl::OkStatus();
  }
  if (*file == nullptr) {
    ApplyUnknown(ReasonCode::kUnknownFile, path,
                 "no evidence mentions the file, so nobody knows who depends on it");
    return absl::OkStatus();
  }
  if (!HasExecutedLines(**file)) {
    ApplyData(**file, ReasonCode::kOpenedFile);
    return absl::OkStatus();
  }
  SelectOpaque(path);
  if (options_.Widens()) ApplyWholeFile(**file);
  return options_.names_explain ? absl::OkStatus() : ApplyHunks(change, **file, reported);
}

void ChangeRules::ApplyUnknown(ReasonCode code, absl::string_view path, absl::string_view message) {
  if (explained_ || !options_.unknown_change_selects_all) return;
  sink_.SelectAll({code, AnswerList::kGlobalLevel, path, {}, message});
}

void ChangeRules::ApplyGone(ReasonCode code, absl::string_view path, absl::string_view message) {
  ApplyUnknown(code, path, message);
  if (options_.unknown_change_selects_all && !explained_) return;
  const auto file = segment_.FindFile(path);
  if (!file.ok()) return LoseData(path, file.status());
  if (*file == nullptr) return;
  const Mark mark{code, AnswerList::kGlobalLevel, path, {}, message};
  SelectLabelsOf(**file, mark);
  if (!(*file)->global_lines.empty()) sink_.SelectAll(mark);
  if (HasExecutedLines(**file)) SelectOpaque(path);
}

void ChangeRules::LoseData(absl::string_view path, const absl::Status& why) {
  sink_.SelectAll({ReasonCode::kDataLoss,
                   AnswerList::kGlobalLevel,
                   path,
                   {},
                   absl::StrCat("the evidence about the file cannot be read: ", why.message())});
}

void ChangeRules::SelectLabelsOf(const FileEvidence& file, const Mark& mark) {
  DenseLabelSet labels;
  if (absl::Status s = LabelsOfFile(file, universe(), &labels); !s.ok()) {
    LoseData(file.path, s);
    return;
  }
  sink_.Select(mark, labels);
}

// Labels that did more than the evidence shows may have run any code.
void ChangeRules::SelectOpaque(absl::string_view path) {
  if (!opaque_.has_value()) {
    opaque_ = OpaqueLabels(segment_);
    if (opaque_->ok() && verdicts_ != nullptr) {
      **opaque_ |= verdicts_->OpaqueIn(*segment_.labels());
    }
  }
  if (!opaque_->ok()) return LoseData(path, opaque_->status());
  if ((*opaque_)->Empty()) return;
  sink_.Select({ReasonCode::kOpaque,
                AnswerList::kGlobalLevel,
                path,
                {},
                "it does more than was recorded, and code changed"},
               **opaque_);
}

void ChangeRules::ApplyData(const FileEvidence& file, ReasonCode code) {
  SelectLabelsOf(file, {code, AnswerList::kGlobalLevel, file.path, {}, "it opened the file"});
}

void ChangeRules::ApplyWholeFile(const FileEvidence& file) {
  SelectLabelsOf(file, {ReasonCode::kFile,
                        AnswerList::kPresentDiff,
                        file.path,
                        {},
                        "it executed a line of the changed file"});
  if (!file.global_lines.empty()) {
    sink_.SelectAll({ReasonCode::kGlobalLines,
                     AnswerList::kGlobalLevel,
                     file.path,
                     {},
                     "the changed file has code that runs outside tests"});
  }
}

void ChangeRules::ApplyPackage(const FileChange& change) {
  if (!by_folder_.has_value()) {
    by_folder_.emplace();
    absl::Status read;
    const absl::Status walked = segment_.ForEachFile([&](const FileEvidence& file) {
      read = LabelsOfFile(file, universe(), &(*by_folder_)[FolderOf(file.path)]);
      return read.ok();
    });
    if (!walked.ok() || !read.ok()) LoseData(change.old_path, walked.ok() ? read : walked);
  }
  for (const std::string& path : {change.old_path, change.new_path}) {
    const auto it = by_folder_->find(FolderOf(path));
    if (path.empty() || it == by_folder_->end()) continue;
    sink_.Select({ReasonCode::kPackage,
                  AnswerList::kPresentDiff,
                  path,
                  {},
                  "it executed a file in the changed file's folder"},
                 it->second);
  }
}

absl::Status ChangeRules::ApplyHunks(const FileChange& change, const FileEvidence& file,
                                     const ReportedLines& reported) {
  TS_ASSIGN_OR_RETURN(const auto diff, git_.DiffBlobs(change.old_blob, change.new_blob));
  if (diff->binary) {
    sink_.SelectAll({ReasonCode::kBinaryChange,
                     AnswerList::kGlobalLevel,
                     file.path,
                     {},
                     "a file with executed lines changed, and it is binary"});
    return absl::OkStatus();
  }
  for (const Hunk& hunk : diff->hunks) ApplyHunk(file, hunk, reported);
  return absl::OkStatus();
}

void ChangeRules::ApplyHunk(const FileEvidence& file, const Hunk& hunk,
                            const ReportedLines& reported) {
  if (hunk.old_count > 0) {
    ApplyChangedLines(file, {hunk.old_start, hunk.old_start + hunk.old_count - 1}, reported);
  }
  // More lines than before: what is new may be anything, a definition or an import included.
  if (hunk.new_count > hunk.old_count) ApplyInsertion(file, hunk, reported);
}

void ChangeRules::ApplyChangedLines(const FileEvidence& file, LineRange range,
                                    const ReportedLines& reported) {
  DenseLabelSet labels;
  if (absl::Status s = LabelsTouching(file, range, universe(), &labels); !s.ok()) {
    LoseData(file.path, s);
    return;
  }
  sink_.Select({ReasonCode::kCoveredChange, AnswerList::kPresentDiff, file.path, range,
                "it executed a line that changed"},
               labels);
  if (HasGlobalLine(file, range)) {
    sink_.SelectAll({ReasonCode::kGlobalLines, AnswerList::kGlobalLevel, file.path, range,
                     "code that runs outside tests changed"});
  }
  if (options_.granularity == Granularity::kLine) return;
  if (segment_.info().header.isolation != Isolation::kProcessPerLabel && SeenInSetup(file, range)) {
    sink_.SelectAll({ReasonCode::kSharedSetup, AnswerList::kGlobalLevel, file.path, range,
                     "set-up or tear-down code changed, which may serve tests that it was not "
                     "seen in"});
  }
  if (!reported.Covers(range)) {
    const Mark mark{ReasonCode::kUncoveredChange, AnswerList::kGlobalLevel, file.path, range,
                    "lines changed that no test was seen to execute, in a file it executed"};
    SelectLabelsOf(file, mark);
    if (!file.global_lines.empty()) sink_.SelectAll(mark);
  }
}

void ChangeRules::ApplyInsertion(const FileEvidence& file, const Hunk& hunk,
                                 const ReportedLines& reported) {
  const LineRange at{hunk.old_start, hunk.old_start + std::max(hunk.old_count, 1u) - 1};
  if (options_.granularity == Granularity::kLine) return ApplyInsertionByLine(file, at, reported);
  SelectLabelsOf(file, {ReasonCode::kInsertion, AnswerList::kPresentDiff, file.path, at,
                        "lines were inserted into a file it executed"});
  if (!file.global_lines.empty()) {
    sink_.SelectAll({ReasonCode::kGlobalLines, AnswerList::kGlobalLevel, file.path, at,
                     "lines were inserted into a file with code that runs outside tests"});
  }
}

// The statement that surely runs just before the insertion stands for it.
void ChangeRules::ApplyInsertionByLine(const FileEvidence& file, LineRange at,
                                       const ReportedLines& reported) {
  uint32_t line = at.first;
  while (line > 0 && !reported.Covers({line, line})) --line;
  if (line == 0) {
    sink_.SelectAll({ReasonCode::kGlobalLines, AnswerList::kGlobalLevel, file.path, at,
                     "lines were inserted before the first executed line"});
    return;
  }
  DenseLabelSet labels;
  if (absl::Status s = LabelsTouching(file, {line, line}, universe(), &labels); !s.ok()) {
    LoseData(file.path, s);
    return;
  }
  sink_.Select({ReasonCode::kInsertion,
                AnswerList::kPresentDiff,
                file.path,
                {line, line},
                "it executed the line just before the inserted ones"},
               labels);
  if (HasGlobalLine(file, {line, line})) {
    sink_.SelectAll({ReasonCode::kGlobalLines,
                     AnswerList::kGlobalLevel,
                     file.path,
                     {line, line},
                     "the line just before the inserted ones runs outside tests"});
  }
}

}  // namespace testselect
