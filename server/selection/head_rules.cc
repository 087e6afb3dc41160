#include "server/selection/head_rules.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

absl::StatusOr<std::optional<std::string>> ReadFile(const GitRepository& git, const ObjectId& tree,
                                                    absl::string_view path) {
  TS_ASSIGN_OR_RETURN(const std::optional<TreeEntry> entry, git.FindInTree(tree, path));
  if (!entry.has_value() ||
      (entry->type != FileType::kRegular && entry->type != FileType::kExecutable)) {
    return std::optional<std::string>();
  }
  TS_ASSIGN_OR_RETURN(std::string bytes, git.ReadBlob(entry->blob));
  return std::optional<std::string>(std::move(bytes));
}

void AppendPathRules(const RuleSet& rules, std::vector<RuleText>& texts) {
  for (const PathRule& rule : rules.rules()) {
    texts.push_back({RuleSet::Describe(rule), rules.Origin(rule.line)});
  }
}

}  // namespace

std::vector<RuleText> ListRules(const RuleSet& rules) {
  std::vector<RuleText> texts;
  AppendPathRules(rules, texts);
  for (const std::string& label : rules.always_run()) {
    texts.push_back({absl::StrCat("always_run: ", label), rules.Origin(rules.always_run_line())});
  }
  for (const std::string& label : rules.opaque()) {
    texts.push_back({absl::StrCat("opaque: ", label), rules.Origin(rules.opaque_line())});
  }
  for (const BranchRule& rule : rules.branches()) {
    texts.push_back(
        {absl::StrCat("branches: ", rule.branches, " -> ", BranchPolicyName(rule.policy)),
         rules.Origin(rule.line)});
  }
  const std::optional<bool> all = rules.unknown_change_selects_all();
  texts.push_back({absl::StrCat("unknown_change: ", all.value_or(true) ? "all" : "none"),
                   all.has_value() ? rules.name() : "built-in"});
  const std::optional<bool> always = rules.misses_run_always();
  texts.push_back({absl::StrCat("on_miss: ", always.value_or(false) ? "always_run" : "report"),
                   always.has_value() ? rules.name() : "built-in"});
  AppendPathRules(RuleSet::BuiltIn(), texts);
  return texts;
}

absl::StatusOr<std::vector<CheckedPath>> CheckPaths(const GitRepository& git, const RuleSet& rules,
                                                    const std::optional<CommitInfo>& base,
                                                    const CommitInfo& head,
                                                    const std::vector<std::string>& paths,
                                                    bool environment_same) {
  std::vector<CheckedPath> checked;
  for (const std::string& path : paths) {
    RuleQuery query;
    query.path = path;
    query.environment_same = environment_same;
    if (base.has_value()) {
      query.content = [&](bool after) {
        return ReadFile(git, after ? head.tree : base->tree, path);
      };
    }
    TS_ASSIGN_OR_RETURN(RuleVerdict verdict, rules.Check(query));
    checked.push_back({path, std::move(verdict)});
  }
  return checked;
}

}  // namespace testselect
