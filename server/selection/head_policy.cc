#include "server/selection/head_policy.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect {
namespace {

// Whether `text` holds `phrase` with no letter, digit, '_' or '-' beside it. Both in lower case.
bool HasPhrase(absl::string_view text, absl::string_view phrase) {
  const auto is_word = [](char c) { return absl::ascii_isalnum(c) || c == '_' || c == '-'; };
  for (size_t at = text.find(phrase); at != absl::string_view::npos;
       at = text.find(phrase, at + 1)) {
    const size_t end = at + phrase.size();
    if ((at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]))) {
      return true;
    }
  }
  return false;
}

std::string BranchText(const RuleSet& rules, const BranchRule& rule, absl::string_view branch) {
  return absl::StrCat("The branch '", Shorten(branch), "' has the policy ",
                      BranchPolicyName(rule.policy), " (", rules.Origin(rule.line), ")");
}

void ApplyBranch(absl::string_view branch, HeadPolicy& policy) {
  const RuleSet& rules = *policy.rules;
  if (branch.empty()) {
    for (const BranchRule& rule : rules.branches()) {
      if (rule.policy == BranchPolicy::kSelect) continue;
      policy.run_all = Fallback{
          FallbackCode::kRunAll,
          absl::StrCat("The project has policies for branches (", rules.Origin(rule.line),
                       "), and the request names no branch (--branch), so everything runs.")};
      return;
    }
    return;
  }
  const BranchRule* rule = rules.FindBranch(branch);
  if (rule == nullptr || rule->policy == BranchPolicy::kSelect) return;
  policy.shadow = rule->policy == BranchPolicy::kShadow;
  policy.run_all = Fallback{
      FallbackCode::kRunAll,
      absl::StrCat(BranchText(rules, *rule, branch), ", so everything runs",
                   policy.shadow ? "; the answer's shadow says what could have been skipped" : "",
                   ".")};
}

}  // namespace

std::string MessageOverride(absl::string_view message) {
  const std::string lower = absl::AsciiStrToLower(message);
  for (const absl::string_view phrase : {"testselect: all", "testselect:all", "itr:noskip"}) {
    if (HasPhrase(lower, phrase)) {
      return absl::StrCat("The message of the head commit says '", phrase,
                          "', so everything runs.");
    }
  }
  return "";
}

absl::StatusOr<std::vector<std::string>> MessagesOf(const GitRepository& git,
                                                    const CommitInfo& head) {
  std::vector<std::string> messages = {head.message};
  for (size_t i = 1; i < head.parents.size(); ++i) {
    const auto parent = git.Commit(head.parents[i]);
    // A shallow clone ends here: what was merged cannot ask for anything.
    if (absl::IsNotFound(parent.status())) continue;
    TS_RETURN_IF_ERROR(parent.status());
    messages.push_back(parent->message);
  }
  return messages;
}

absl::StatusOr<std::string> FindOverride(const GitRepository& git, const CommitInfo& head) {
  TS_ASSIGN_OR_RETURN(const std::vector<std::string> messages, MessagesOf(git, head));
  for (const std::string& message : messages) {
    if (std::string found = MessageOverride(message); !found.empty()) return found;
  }
  return std::string();
}

absl::StatusOr<HeadPolicy> ReadHeadPolicy(const GitRepository& git, const CommitInfo& head,
                                          absl::string_view branch, RuleCache& cache) {
  HeadPolicy policy;
  policy.rules = std::make_shared<const RuleSet>();
  auto rules = cache.Load(git, head.tree);
  if (rules.ok()) {
    policy.rules = *std::move(rules);
    ApplyBranch(branch, policy);
  } else if (absl::IsInvalidArgument(rules.status())) {
    policy.rule_error = std::string(rules.status().message());
    policy.run_all = Fallback{
        FallbackCode::kRunAll,
        absl::StrCat("The rule file cannot be used: ", *policy.rule_error, "; everything runs.")};
  } else {
    return rules.status();
  }
  TS_ASSIGN_OR_RETURN(const std::string sentence, FindOverride(git, head));
  if (!sentence.empty() && (!policy.run_all.has_value() || policy.shadow)) {
    policy.run_all = Fallback{FallbackCode::kRunAll, sentence};
    policy.shadow = false;
  }
  return policy;
}

}  // namespace testselect
