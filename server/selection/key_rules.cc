#include "server/selection/key_rules.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/selection/evidence_view.h"
#include "server/selection/glob.h"
#include "storage/model/file_evidence.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

// "" for a file at the top.
absl::string_view FolderOf(absl::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == absl::string_view::npos ? absl::string_view() : path.substr(0, slash);
}

bool IsKey(const FileEvidence& record) {
  return std::any_of(record.sections.begin(), record.sections.end(),
                     [](const auto& s) { return s.kind == EvidenceKind::kIndexKey; });
}

}  // namespace

bool IsKeyPattern(absl::string_view key) {
  return key.find_first_of("*?[") != absl::string_view::npos;
}

absl::Status KeyRules::Apply(const FileChange& change) {
  RulesSaid said = RulesSaid::kNothing;
  if (verdicts_ != nullptr) {
    TS_ASSIGN_OR_RETURN(said,
                        verdicts_->Apply(change, *segment_.labels(), environment_same_, sink_));
  }
  if (said == RulesSaid::kAll) return absl::OkStatus();
  FindPatterns();
  bool explained = true;
  absl::string_view unexplained;
  for (const std::string* path : {&change.old_path, &change.new_path}) {
    if (path->empty() || (path == &change.new_path && change.new_path == change.old_path)) continue;
    SelectOpaque(*path);
    if (ApplyPath(*path)) continue;
    explained = false;
    unexplained = *path;
  }
  if (explained || said == RulesSaid::kMore || !unknown_selects_all_) return absl::OkStatus();
  sink_.SelectAll({ReasonCode::kUnknownFile,
                   AnswerList::kGlobalLevel,
                   unexplained,
                   {},
                   "no key of the imported index matches the path, so nobody knows who depends on "
                   "it"});
  return absl::OkStatus();
}

void KeyRules::FindPatterns() {
  if (has_patterns_) return;
  has_patterns_ = true;
  const size_t universe = segment_.labels()->size();
  absl::Status read;
  const absl::Status walked = segment_.ForEachFile([&](const FileEvidence& record) {
    if (!IsKeyPattern(record.path) || !IsKey(record)) return true;
    Pattern& pattern = patterns_.emplace_back(Pattern{record.path, DenseLabelSet(universe)});
    read = LabelsOfFile(record, universe, &pattern.labels);
    return read.ok();
  });
  if (!walked.ok() || !read.ok()) LoseData("", walked.ok() ? read : walked);
}

bool KeyRules::ApplyPath(absl::string_view path) {
  const absl::string_view folder = FolderOf(path);
  bool matched = ApplyKey(path, path, "an imported index names it under the changed file");
  if (!folder.empty()) {
    matched |= ApplyKey(folder, path, "an imported index names it under the changed file's folder");
  }
  for (const Pattern& pattern : patterns_) {
    if (!FnMatch(pattern.text, path) && (folder.empty() || !FnMatch(pattern.text, folder))) {
      continue;
    }
    matched = true;
    sink_.Select({ReasonCode::kIndexKey,
                  AnswerList::kGlobalLevel,
                  path,
                  {},
                  absl::StrCat("an imported index names it under the pattern ", pattern.text)},
                 pattern.labels);
  }
  return matched;
}

bool KeyRules::ApplyKey(absl::string_view key, absl::string_view path, absl::string_view message) {
  const auto record = segment_.FindFile(key);
  if (!record.ok()) {
    LoseData(path, record.status());
    return true;
  }
  if (*record == nullptr || !IsKey(**record)) return false;
  DenseLabelSet labels;
  if (absl::Status s = LabelsOfFile(**record, segment_.labels()->size(), &labels); !s.ok()) {
    LoseData(path, s);
    return true;
  }
  sink_.Select({ReasonCode::kIndexKey, AnswerList::kPresentDiff, path, {}, message}, labels);
  return true;
}

// Labels that did more than the index shows may have run any code.
void KeyRules::SelectOpaque(absl::string_view path) {
  absl::StatusOr<DenseLabelSet> opaque = OpaqueLabels(segment_);
  if (!opaque.ok()) return LoseData(path, opaque.status());
  if (verdicts_ != nullptr) *opaque |= verdicts_->OpaqueIn(*segment_.labels());
  if (opaque->Empty()) return;
  sink_.Select({ReasonCode::kOpaque,
                AnswerList::kGlobalLevel,
                path,
                {},
                "it does more than was recorded, and code changed"},
               *opaque);
}

void KeyRules::LoseData(absl::string_view path, const absl::Status& why) {
  sink_.SelectAll({ReasonCode::kDataLoss,
                   AnswerList::kGlobalLevel,
                   path,
                   {},
                   absl::StrCat("the imported index cannot be read: ", why.message())});
}

}  // namespace testselect
