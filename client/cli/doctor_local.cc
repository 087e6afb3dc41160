// doctor: what lies in the checkout.
#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cli/branch_name.h"
#include "client/cli/doctor.h"
#include "client/files.h"
#include "server/git/open_repository.h"
#include "server/selection/path_rules.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

constexpr char kFetchAll[] =
    "git fetch --unshallow; in CI ask for the whole history (fetch-depth: 0)";

std::string Short(const ObjectId& id) { return id.ToHex().substr(0, 12); }

std::optional<ObjectId> Find(const Diagnosis& diagnosis, const std::string& revision) {
  const absl::StatusOr<ObjectId> id = ResolveRevision(diagnosis.top, revision);
  if (!id.ok() || !diagnosis.git->Commit(*id).ok()) return std::nullopt;
  return *id;
}

// The name of the commit that changes are most likely compared with; "" where there is none.
std::string LikelyBase(const Diagnosis& diagnosis) {
  for (const char* name : {"origin/HEAD", "origin/main", "origin/master", "main", "master"}) {
    const std::optional<ObjectId> id = Find(diagnosis, name);
    if (id.has_value() && *id != *diagnosis.head) return name;
  }
  const absl::StatusOr<CommitInfo> info = diagnosis.git->Commit(*diagnosis.head);
  return info.ok() && !info->parents.empty() ? info->parents.front().ToHex() : "";
}

void CheckBase(Diagnosis& diagnosis) {
  const std::string& given = diagnosis.options.base;
  const std::string name = given.empty() ? LikelyBase(diagnosis) : given;
  if (name.empty()) {
    return diagnosis.Skip("base", "HEAD has no parent and there is no other main branch");
  }
  const std::optional<ObjectId> base = Find(diagnosis, name);
  if (!base.has_value()) {
    return diagnosis.Problem(
        "base", absl::StrCat("'", Shorten(name), "' is not in this clone: everything would run"),
        diagnosis.git->IsShallow() ? kFetchAll : "fetch it: git fetch origin BASE");
  }
  const std::string shown =
      name == base->ToHex() ? Short(*base) : absl::StrCat(Shorten(name), " (", Short(*base), ")");
  if (*base == *diagnosis.head) {
    return diagnosis.Skip("base", absl::StrCat(shown, " is HEAD: there is nothing to compare"));
  }
  diagnosis.base = *base;
  const absl::StatusOr<bool> ancestor = diagnosis.git->IsAncestor(*base, *diagnosis.head);
  if (!ancestor.ok()) {
    return diagnosis.Problem("base", std::string(ancestor.status().message()), kFetchAll);
  }
  if (*ancestor) return diagnosis.Ok("base", absl::StrCat(shown, " is an ancestor of HEAD"));
  diagnosis.Warn(
      "base", absl::StrCat(shown, " is no ancestor of HEAD: changes on both sides count"),
      diagnosis.git->IsShallow()
          ? kFetchAll
          : absl::StrCat("give select --base \"$(git merge-base ", Shorten(name), " HEAD)\""));
}

// The rule file at HEAD; nothing where there is none.
absl::StatusOr<std::optional<std::string>> CommittedRules(const Diagnosis& diagnosis) {
  TS_ASSIGN_OR_RETURN(const CommitInfo info, diagnosis.git->Commit(*diagnosis.head));
  TS_ASSIGN_OR_RETURN(const std::optional<TreeEntry> entry,
                      diagnosis.git->FindInTree(info.tree, kRuleFileName));
  if (!entry.has_value()) return std::optional<std::string>();
  TS_ASSIGN_OR_RETURN(std::string text, diagnosis.git->ReadBlob(entry->blob));
  return std::optional<std::string>(std::move(text));
}

void CheckBranches(const RuleSet& rules, Diagnosis& diagnosis) {
  const bool has_policy =
      std::any_of(rules.branches().begin(), rules.branches().end(),
                  [](const BranchRule& rule) { return rule.policy != BranchPolicy::kSelect; });
  if (!has_policy) return;
  const absl::StatusOr<std::string> branch = BranchOf(diagnosis.common, "");
  if (!branch.ok() || branch->empty()) {
    return diagnosis.Warn("branch",
                          "the rules have policies for branches, and the branch is not known here: "
                          "everything runs",
                          "give select --branch NAME");
  }
  const BranchRule* const rule = rules.FindBranch(*branch);
  if (rule == nullptr || rule->policy == BranchPolicy::kSelect) {
    return diagnosis.Ok("branch", absl::StrCat("selections are made on ", Shorten(*branch)));
  }
  diagnosis.Warn(
      "branch",
      absl::StrCat("everything runs on ", Shorten(*branch), " (", rules.Origin(rule->line), ")"),
      rule->policy == BranchPolicy::kShadow
          ? "nothing, while you try it; the answer's shadow says what would be skipped"
          : "nothing, if it is meant so");
}

}  // namespace

void CheckCheckout(Diagnosis& diagnosis) {
  const bool remote = !diagnosis.common.remote.server.empty();
  absl::StatusOr<std::string> top = remote ? FindRepositoryTop(".") : LocalTop(diagnosis.common);
  if (!top.ok()) {
    const std::string found(top.status().message());
    if (!remote) return diagnosis.Problem("repository", found, "give --repo a folder of a clone");
    return diagnosis.Warn("repository", found,
                          "start it in a clone: history, rules and reports are not checked");
  }
  while (top->size() > 1 && top->back() == '/') top->pop_back();
  diagnosis.top = *top;
  absl::StatusOr<std::shared_ptr<GitRepository>> git = OpenGitRepository(*top);
  if (!git.ok()) {
    return diagnosis.Problem("repository", std::string(git.status().message()), "mend the clone");
  }
  const absl::StatusOr<ObjectId> head = ResolveRevision(*top, "HEAD");
  if (!head.ok()) {
    return diagnosis.Problem("repository", absl::StrCat(*top, " has no commit"),
                             "commit something");
  }
  diagnosis.git = *std::move(git);
  diagnosis.head = *head;
  diagnosis.Ok("repository", absl::StrCat(*top, " at ", Short(*head)));
}

void CheckHistory(Diagnosis& diagnosis) {
  if (!diagnosis.head.has_value()) {
    diagnosis.Skip("history", "no commit is checked out");
    return diagnosis.Skip("base", "no commit is checked out");
  }
  uint64_t commits = 0;
  bool shallow_end = false;
  const absl::Status walked = diagnosis.git->WalkAncestors(
      *diagnosis.head,
      [&commits](const CommitInfo&, uint32_t) {
        ++commits;
        return true;
      },
      &shallow_end);
  if (!walked.ok()) {
    diagnosis.Problem("history", std::string(walked.message()), "git fsck; fetch what is missing");
  } else if (shallow_end) {
    diagnosis.Warn("history", absl::StrCat("a shallow clone of ", commits, " commits"), kFetchAll);
  } else {
    diagnosis.Ok("history", absl::StrCat(commits, " commits, complete"));
  }
  CheckBase(diagnosis);
}

void CheckRuleFile(Diagnosis& diagnosis) {
  if (diagnosis.top.empty()) return diagnosis.Skip("rules", "not in a clone");
  const std::string file = absl::StrCat(diagnosis.top, "/", kRuleFileName);
  const absl::StatusOr<std::string> text = ReadFile(file);
  if (absl::IsNotFound(text.status())) {
    return diagnosis.Ok("rules",
                        "no .testselect.yml: the built-in rules hold (`testselect init` "
                        "writes a first one)");
  }
  if (!text.ok()) {
    return diagnosis.Problem("rules", std::string(text.status().message()), "make it readable");
  }
  const absl::StatusOr<RuleSet> rules = RuleSet::Parse(*text, kRuleFileName);
  if (!rules.ok()) {
    return diagnosis.Problem(
        "rules", absl::StrCat(rules.status().message(), ": everything would run (RULE_ERROR)"),
        "mend that line");
  }
  if (diagnosis.head.has_value()) {
    const auto committed = CommittedRules(diagnosis);
    if (!committed.ok() || *committed != *text) {
      diagnosis.Warn("rules", ".testselect.yml is not as it is at HEAD",
                     "commit it: selections read the head commit's");
      return CheckBranches(*rules, diagnosis);
    }
  }
  diagnosis.Ok("rules", absl::StrCat(kRuleFileName, ": ", rules->rules().size(), " rules"));
  CheckBranches(*rules, diagnosis);
}

}  // namespace testselect::client
