#include "server/selection/suite_selection.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/selection/head_policy.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

bool IsSpec(const TreeEntry& entry) {
  const bool named =
      entry.path == kSuiteSpecName || absl::EndsWith(entry.path, absl::StrCat("/", kSuiteSpecName));
  return named && (entry.type == FileType::kRegular || entry.type == FileType::kExecutable);
}

}  // namespace

absl::StatusOr<SuiteSpec> ReadSuiteSpec(const GitRepository& git, const ObjectId& tree) {
  TS_ASSIGN_OR_RETURN(const auto entries, git.ListTree(tree));
  std::vector<SpecFile> files;
  for (const TreeEntry& entry : *entries) {
    if (!IsSpec(entry)) continue;
    TS_ASSIGN_OR_RETURN(std::string text, git.ReadBlob(entry.blob));
    files.push_back({entry.path, std::move(text)});
  }
  if (files.empty()) {
    return absl::NotFoundError(absl::StrCat("there is no ", kSuiteSpecName, " in the head commit"));
  }
  return SuiteSpec::Read(files);
}

absl::StatusOr<SuiteAnswer> SelectSuites(const GitRepository& git, const CommitInfo& base,
                                         const CommitInfo& head) {
  const auto changes = git.DiffTrees(base.tree, head.tree);
  if (!changes.ok()) {
    return SelectAllSuites(
        git, head, absl::StrCat("git cannot compare base with head: ", changes.status().message()));
  }
  std::vector<std::string> paths;
  for (const FileChange& change : **changes) {
    if (!change.old_path.empty()) paths.push_back(change.old_path);
    if (!change.new_path.empty() && change.new_path != change.old_path) {
      paths.push_back(change.new_path);
    }
  }
  return SelectSuites(git, head, paths);
}

absl::StatusOr<SuiteAnswer> SelectSuites(const GitRepository& git, const CommitInfo& head,
                                         const std::vector<std::string>& paths) {
  TS_ASSIGN_OR_RETURN(const std::string asked_for, FindOverride(git, head));
  if (!asked_for.empty()) return SelectAllSuites(git, head, asked_for);
  TS_ASSIGN_OR_RETURN(const SuiteSpec spec, ReadSuiteSpec(git, head.tree));
  return SuiteAnswer{ChooseSuites(spec, paths), spec.errors(), spec.suites().size()};
}

absl::StatusOr<SuiteAnswer> SelectAllSuites(const GitRepository& git, const CommitInfo& head,
                                            absl::string_view reason) {
  TS_ASSIGN_OR_RETURN(const SuiteSpec spec, ReadSuiteSpec(git, head.tree));
  return SuiteAnswer{AllSuites(spec, reason), spec.errors(), spec.suites().size()};
}

}  // namespace testselect
