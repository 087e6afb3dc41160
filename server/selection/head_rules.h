// What the rules of a commit say about paths, for people who ask (`testselect rules`).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/git/repository.h"
#include "server/selection/path_rules.h"

namespace testselect {

// One rule in the words of Describe. In the order of the file, the last that matches decides.
struct RuleText {
  std::string rule;    // "run_all: go.mod"
  std::string origin;  // ".testselect.yml:12" or "built-in"
};
// The project's rules, all sections; then the built-in ones.
std::vector<RuleText> ListRules(const RuleSet& rules);

struct CheckedPath {
  std::string path;
  RuleVerdict verdict;
};
// What `rules` say about a change of each of `paths`. Keys are compared between `base` and `head`;
// without a base, a rule about keys cannot tell them. Evidence is not asked: it may know better
// than a built-in rule. Errors: those of git.
absl::StatusOr<std::vector<CheckedPath>> CheckPaths(const GitRepository& git, const RuleSet& rules,
                                                    const std::optional<CommitInfo>& base,
                                                    const CommitInfo& head,
                                                    const std::vector<std::string>& paths,
                                                    bool environment_same);

}  // namespace testselect
