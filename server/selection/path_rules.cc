#include "server/selection/path_rules.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/selection/built_in_rules.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect {
namespace {

absl::string_view EffectName(RuleEffect effect) {
  switch (effect) {
    case RuleEffect::kHarmless:
      return "harmless";
    case RuleEffect::kRunLabels:
      return "run_labels";
    case RuleEffect::kEnvironment:
      return "environment";
    case RuleEffect::kRunAll:
      return "run_all";
    case RuleEffect::kKeys:
      break;
  }
  return "keys";
}

size_t Parts(absl::string_view keys) {
  return static_cast<size_t>(std::count(keys.begin(), keys.end(), '.')) + 1;
}

RuleEffect EffectOfKey(const PathRule& rule, absl::string_view key) {
  RuleEffect effect = rule.other_keys;
  size_t parts = 0;
  for (const KeyEffect& k : rule.keys) {
    if (!KeyIsUnder(key, k.keys)) continue;
    const size_t here = Parts(k.keys);
    if (here > parts || (here == parts && k.effect > effect)) effect = k.effect;
    parts = std::max(parts, here);
  }
  return effect;
}

// Which effect a change has by the keys that it changed, and a sentence that says which did.
struct KeysVerdict {
  RuleEffect effect = RuleEffect::kRunAll;
  std::string detail;
};

KeysVerdict EffectOfKeys(const PathRule& rule, const std::vector<std::string>& changed) {
  KeysVerdict verdict{RuleEffect::kHarmless, "no key changed"};
  bool first = true;
  for (const std::string& key : changed) {
    const RuleEffect effect = EffectOfKey(rule, key);
    if (!first && effect <= verdict.effect) continue;
    verdict = {effect, absl::StrCat("the key '", Shorten(key, 200), "' changed")};
    first = false;
  }
  return verdict;
}

absl::StatusOr<KeysVerdict> CompareKeys(const PathRule& rule, const RuleQuery& query) {
  if (query.content == nullptr) {
    return KeysVerdict{RuleEffect::kRunAll, "which of its keys changed is not known"};
  }
  TS_ASSIGN_OR_RETURN(const std::optional<std::string> before, query.content(false));
  TS_ASSIGN_OR_RETURN(const std::optional<std::string> after, query.content(true));
  if (!before.has_value() || !after.has_value()) {
    return KeysVerdict{rule.whole_file, "the file came or went"};
  }
  const auto unreadable = [](absl::string_view side, const absl::Status& why) {
    return KeysVerdict{RuleEffect::kRunAll, absl::StrCat("its keys cannot be read ", side,
                                                         " the change: ", why.message())};
  };
  KeyFormat format = KeyFormat::kIni;
  if (rule.format.has_value()) {
    format = *rule.format;
  } else if (const auto by_name = KeyFormatOf(query.path); by_name.ok()) {
    format = *by_name;
  } else {
    return unreadable("before and after", by_name.status());
  }
  const auto old_keys = FlattenKeys(format, *before);
  if (!old_keys.ok()) return unreadable("before", old_keys.status());
  const auto new_keys = FlattenKeys(format, *after);
  if (!new_keys.ok()) return unreadable("after", new_keys.status());
  return EffectOfKeys(rule, ChangedKeys(*old_keys, *new_keys));
}

}  // namespace

absl::string_view BranchPolicyName(BranchPolicy policy) {
  switch (policy) {
    case BranchPolicy::kSelect:
      return "select";
    case BranchPolicy::kShadow:
      return "shadow";
    case BranchPolicy::kFull:
      break;
  }
  return "full";
}

std::string RuleVerdict::ToString() const {
  return absl::StrCat(rule, " (", origin, ")", detail.empty() ? "" : ": ", detail);
}

const RuleSet& RuleSet::BuiltIn() {
  // The text is a constant, and a test reads it: it is always well-formed.
  static const auto* const kSet = new RuleSet(*Parse(kBuiltInRules, ""));
  return *kSet;
}

std::string RuleSet::Origin(int line) const {
  return name_.empty() ? "built-in" : absl::StrCat(name_, ":", line);
}

std::string RuleSet::Describe(const PathRule& rule) {
  std::string text = absl::StrCat(EffectName(rule.effect), ": ", rule.paths.text());
  if (rule.effect == RuleEffect::kRunLabels) {
    absl::StrAppend(&text, " -> ", absl::StrJoin(rule.labels, ", "));
  }
  if (rule.effect == RuleEffect::kKeys) {
    for (const KeyEffect& k : rule.keys) {
      absl::StrAppend(&text, " ", k.keys, "=", EffectName(k.effect));
    }
    absl::StrAppend(&text, " *=", EffectName(rule.other_keys));
    if (!rule.labels.empty()) absl::StrAppend(&text, " -> ", absl::StrJoin(rule.labels, ", "));
  }
  return text;
}

absl::StatusOr<RuleVerdict> RuleSet::Check(const RuleQuery& query) const {
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    if (rule->paths.Matches(query.path)) return Decide(*rule, query);
  }
  if (this != &BuiltIn()) return BuiltIn().Check(query);
  return RuleVerdict();
}

absl::StatusOr<RuleVerdict> RuleSet::Decide(const PathRule& rule, const RuleQuery& query) const {
  RuleVerdict verdict;
  verdict.built_in = name_.empty();
  verdict.origin = Origin(rule.line);
  verdict.rule = absl::StrCat(EffectName(rule.effect), ": ", rule.paths.text());
  RuleEffect effect = rule.effect;
  if (effect == RuleEffect::kKeys) {
    TS_ASSIGN_OR_RETURN(KeysVerdict keys, CompareKeys(rule, query));
    effect = keys.effect;
    verdict.detail = std::move(keys.detail);
  }
  switch (effect) {
    case RuleEffect::kHarmless:
      verdict.action = RuleAction::kHarmless;
      break;
    case RuleEffect::kRunLabels:
      verdict.action = RuleAction::kLabels;
      verdict.code = ReasonCode::kRuleLabels;
      verdict.labels = rule.labels;
      break;
    case RuleEffect::kEnvironment:
      verdict.action = query.environment_same ? RuleAction::kHarmless : RuleAction::kAll;
      verdict.code = ReasonCode::kEnvironmentFile;
      absl::StrAppend(&verdict.detail, verdict.detail.empty() ? "" : "; ",
                      query.environment_same
                          ? "the installed environment is the same"
                          : "the installed environment is not known to be the same");
      break;
    case RuleEffect::kRunAll:
    case RuleEffect::kKeys:
      verdict.action = RuleAction::kAll;
      verdict.code = ReasonCode::kRuleRunAll;
      break;
  }
  return verdict;
}

const BranchRule* RuleSet::FindBranch(absl::string_view branch) const {
  const BranchRule* found = nullptr;
  for (const BranchRule& rule : branches_) {
    if (rule.branches == branch) return &rule;
    if (FnMatch(rule.branches, branch)) found = &rule;
  }
  return found;
}

}  // namespace testselect
