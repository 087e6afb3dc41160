// HeadPolicy: what the head commit itself says about the selection of its tests: its rule file,
// its message, and its branch.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/git/repository.h"
#include "server/selection/path_rules.h"
#include "server/selection/rule_cache.h"
#include "server/selection/selector.h"

namespace testselect {

struct HeadPolicy {
  std::shared_ptr<const RuleSet> rules;   // never null; those of a file that is malformed are empty
  std::optional<std::string> rule_error;  // a sentence: why the rule file cannot be used
  std::optional<Fallback> run_all;        // everything runs whatever changed
  // Everything runs (run_all is set), but the answer says what a selection would have skipped.
  bool shadow = false;
};

// Why the message of a commit asks for everything: it holds "testselect: all" or "ITR:NoSkip", in
// any case, as words of their own. Empty: it does not.
std::string MessageOverride(absl::string_view message);

// The messages that may ask for something: of `head`, and of what it merges into its first parent,
// since CI systems test a pull request as such a commit. Errors: those of git, but for a parent
// that a shallow clone lacks.
absl::StatusOr<std::vector<std::string>> MessagesOf(const GitRepository& git,
                                                    const CommitInfo& head);

// As MessageOverride, of any of MessagesOf `head`. Errors as there.
absl::StatusOr<std::string> FindOverride(const GitRepository& git, const CommitInfo& head);

// Reads the policy of `head`. `branch` may be empty where it is not known: then everything runs if
// the project has another policy than to select for any branch. A rule file that is malformed
// is no error but runs all. Errors: those of git.
absl::StatusOr<HeadPolicy> ReadHeadPolicy(const GitRepository& git, const CommitInfo& head,
                                          absl::string_view branch, RuleCache& cache);

}  // namespace testselect
