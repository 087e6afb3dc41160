#include "server/selection/code_rules.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/source/tree_paths.h"
#include "storage/model/status_macros.h"

namespace testselect {

absl::StatusOr<std::unique_ptr<CodeRules>> CodeRules::Make(CodeRulesInputs inputs,
                                                           UniverseMarks* marks) {
  CodePair code;
  SourceForest& forest = *inputs.forest;
  TS_ASSIGN_OR_RETURN(code.before,
                      forest.Tree(inputs.repository, inputs.git, inputs.before, inputs.deadline));
  TS_ASSIGN_OR_RETURN(code.after,
                      forest.Tree(inputs.repository, inputs.git, inputs.after, inputs.deadline));
  code.names = forest.Names(inputs.before, *code.before);
  code.unstable = inputs.unstable;
  code.homes_before = forest.Homes(inputs.evidence, inputs.universe, inputs.before, code.before);
  code.homes_after = forest.Homes(inputs.evidence, inputs.universe, inputs.after, code.after);
  return std::unique_ptr<CodeRules>(new CodeRules(std::move(inputs), std::move(code), marks));
}

CodeRules::CodeRules(CodeRulesInputs inputs, CodePair code, UniverseMarks* marks)
    : in_(std::move(inputs)),
      code_(std::move(code)),
      marks_(*marks),
      evidence_(in_.segments, in_.universe.get()),
      context_(code_, &evidence_, in_.universe.get()),
      walk_(&context_, this, in_.by_statement) {
  evidence_.SetSeenElsewhere(in_.seen_elsewhere);
  FindAliases(*code_.before);
  FindAliases(*code_.after);
}

void CodeRules::FindAliases(const SourceTree& tree) {
  for (const SourceFile& file : tree.files()) {
    if (file.alias_of.empty()) continue;
    std::vector<std::string>& names = aliases_[file.alias_of];
    if (std::find(names.begin(), names.end(), file.path) == names.end()) names.push_back(file.path);
  }
}

bool CodeRules::IsNamedData(PathId path) const {
  const FileId before = context_.Before(path), after = context_.After(path);
  return (before != kNoFile && !code_.before->Importers(before).empty()) ||
         (after != kNoFile && !code_.after->Importers(after).empty());
}

bool CodeRules::Explains(const FileChange& change) const {
  for (const std::string& name : {change.old_path, change.new_path}) {
    if (name.empty()) continue;
    const PathId path = context_.FindPath(name);
    if (path != kNoFile && (IsCode(path) || IsNamedData(path))) return true;
  }
  return false;
}

bool CodeRules::IsReached(const FileChange& change) {
  for (const std::string& name : {change.old_path, change.new_path}) {
    const PathId path = name.empty() ? kNoFile : context_.FindPath(name);
    if (path == kNoFile) continue;
    if (context_.KnownToAnyone(path) || IsNamedData(path)) return true;
  }
  return false;
}

void CodeRules::Apply(const FileChange& change) {
  const auto apply = [this](const std::string& path) {
    ApplyPath(path);
    const auto it = aliases_.find(path);
    if (it == aliases_.end()) return;
    for (const std::string& alias : it->second) ApplyPath(alias);
  };
  if (!change.old_path.empty()) apply(change.old_path);
  if (!change.new_path.empty() && change.new_path != change.old_path) apply(change.new_path);
}

void CodeRules::ApplyPath(absl::string_view name) {
  const PathId path = context_.FindPath(name);
  if (path == kNoFile) return;
  SelectOpeners(name);
  if (IsCode(path)) {
    walk_.FileChanged(path);
    return;
  }
  if (context_.Before(path) == kNoFile || context_.After(path) == kNoFile) {
    walk_.PathCameOrWent(path);
  }
  if (IsNamedData(path)) walk_.DataChanged(path);
}

void CodeRules::ApplyCameOrWent(const FileChange& change) {
  for (const std::string& name : {change.old_path, change.new_path}) {
    const PathId path = name.empty() ? kNoFile : context_.FindPath(name);
    if (path == kNoFile) continue;
    if (context_.Before(path) == kNoFile || context_.After(path) == kNoFile) {
      walk_.PathCameOrWent(path);
    }
  }
}

void CodeRules::SelectOpeners(absl::string_view path) {
  const DenseLabelSet openers = evidence_.Opened(std::string(path));
  if (openers.Empty()) return;
  marks_.SelectHere(
      {ReasonCode::kOpenedFile, AnswerList::kGlobalLevel, path, {}, "it opened the file"}, openers);
}

template <typename F>
void CodeRules::WithMark(const WalkMark& mark, F f) {
  const std::string message = marks_.WantsMessages() ? walk_.Chain(mark.step) : "";
  const absl::string_view path =
      mark.path == kNoFile ? absl::string_view() : absl::string_view(context_.Path(mark.path));
  f(Mark{mark.code, mark.present_diff ? AnswerList::kPresentDiff : AnswerList::kGlobalLevel, path,
         mark.lines, message});
}

void CodeRules::Select(const WalkMark& mark, const DenseLabelSet& labels) {
  WithMark(mark, [&](const Mark& m) { marks_.SelectHere(m, labels); });
}

void CodeRules::AddCanaries(const WalkMark& mark, const PathSet& test_files) {
  // By what builds, or fails to, at once.
  std::map<absl::string_view, SelectionPlan::CanaryGroup> built;
  for (PathId path = 0; path < test_files.size(); ++path) {
    if (!test_files[path]) continue;
    const absl::string_view name = context_.Path(path);
    const Language* language = context_.LanguageAt(path);
    const bool by_package = language != nullptr && language->traits().built_by_package;
    SelectionPlan::CanaryGroup& group = built[by_package ? FolderOf(name) : name];
    const auto labels = context_.LabelsAt(path);
    group.insert(group.end(), labels.begin(), labels.end());
  }
  std::vector<SelectionPlan::CanaryGroup> groups;
  for (auto& [name, group] : built) groups.push_back(std::move(group));
  WithMark(mark, [&](const Mark& m) { marks_.AddCanaries(m, std::move(groups)); });
}

void CodeRules::Finish() {
  if (!evidence_.status().ok()) {
    marks_.SelectHere({ReasonCode::kDataLoss,
                       AnswerList::kGlobalLevel,
                       "",
                       {},
                       absl::StrCat("evidence cannot be read: ", evidence_.status().message())},
                      evidence_.live());
  }
  if (walk_.exhausted()) {
    marks_.SelectHere({ReasonCode::kTooComplex,
                       AnswerList::kGlobalLevel,
                       "",
                       {},
                       "the change touches names that are used too widely to be followed"},
                      evidence_.live());
  }
}

}  // namespace testselect
