#include "server/selection/suite_selection.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "server/selection/head_policy.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

bool IsSpec(const TreeEntry& entry) {
  const bool named =
      entry.path == kSuiteSpecName || absl::EndsWith(entry.path, absl::StrCat("/", kSuiteSpecName));
  return named && (entry.type == FileType::kRegular || entry.type == FileType::kExecutable);
}

constexpr absl::string_view kAskedFor = "circleci:";

// The suites that messages name as dd-trace-py's do: a word "circleci:a,b". In lower case.
std::set<std::string> AskedFor(const std::vector<std::string>& messages) {
  std::set<std::string> names;
  for (const std::string& message : messages) {
    const std::string lower = absl::AsciiStrToLower(message);
    for (absl::string_view word : absl::StrSplit(lower, absl::ByAnyChar(" \t\r\n"))) {
      if (!absl::ConsumePrefix(&word, kAskedFor)) continue;
      for (absl::string_view name : absl::StrSplit(word, ',', absl::SkipEmpty())) {
        names.emplace(name);
      }
    }
  }
  return names;
}

// Whether a message means `suite`, by its whole name or by the part behind its folders.
bool IsCalled(const Suite& suite, absl::string_view name) {
  const std::string lower = absl::AsciiStrToLower(suite.name);
  return lower == name || absl::EndsWith(lower, absl::StrCat("::", name));
}

std::string Said(absl::string_view name) {
  return absl::StrCat("The message of the head commit says '", kAskedFor, name, "'");
}

// Adds what `names` ask for to `run`, which is sorted by name, and leaves it so.
void AddAskedFor(const SuiteSpec& spec, const std::set<std::string>& names,
                 std::vector<SuiteChoice>* run) {
  for (const std::string& name : names) {
    bool known = false;
    for (const Suite& suite : spec.suites()) {
      if (!IsCalled(suite, name)) continue;
      known = true;
      const auto at = std::lower_bound(
          run->begin(), run->end(), suite.name,
          [](const SuiteChoice& choice, const std::string& n) { return choice.name < n; });
      const std::string reason = absl::StrCat(Said(name), ".");
      if (at != run->end() && at->name == suite.name) {
        at->reasons.push_back(reason);
      } else {
        run->insert(at, {suite.name, {reason}});
      }
    }
    if (known) continue;
    *run = AllSuites(
        spec, name == "all" ? absl::StrCat(Said(name), ", so everything runs.")
                            : absl::StrCat(Said(name), ", which is no suite, so everything runs."));
    return;
  }
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
  TS_ASSIGN_OR_RETURN(const std::vector<std::string> messages, MessagesOf(git, head));
  SuiteAnswer answer{ChooseSuites(spec, paths), spec.errors(), spec.suites().size()};
  AddAskedFor(spec, AskedFor(messages), &answer.run);
  return answer;
}

absl::StatusOr<SuiteAnswer> SelectAllSuites(const GitRepository& git, const CommitInfo& head,
                                            absl::string_view reason) {
  TS_ASSIGN_OR_RETURN(const SuiteSpec spec, ReadSuiteSpec(git, head.tree));
  return SuiteAnswer{AllSuites(spec, reason), spec.errors(), spec.suites().size()};
}

}  // namespace testselect
