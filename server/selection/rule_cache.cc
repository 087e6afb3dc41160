#include "server/selection/rule_cache.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/model/status_macros.h"

namespace testselect {

absl::StatusOr<std::shared_ptr<const RuleSet>> RuleCache::Load(const GitRepository& git,
                                                               const ObjectId& tree) {
  TS_ASSIGN_OR_RETURN(const std::optional<TreeEntry> entry, git.FindInTree(tree, kRuleFileName));
  if (!entry.has_value()) {
    static const auto* const kNone =
        new std::shared_ptr<const RuleSet>(std::make_shared<const RuleSet>());
    return *kNone;
  }
  if (entry->type != FileType::kRegular && entry->type != FileType::kExecutable) {
    return absl::InvalidArgumentError(
        absl::StrCat(kRuleFileName, ":1: a link or a submodule: expected a file"));
  }
  {
    MutexLock lock(&mutex_);
    if (const auto known = parsed_.Find(entry->blob)) return *known;
  }
  TS_ASSIGN_OR_RETURN(const std::string text, git.ReadBlob(entry->blob));
  absl::StatusOr<RuleSet> rules = RuleSet::Parse(text, kRuleFileName);
  const Parsed parsed =
      rules.ok() ? Parsed(std::make_shared<const RuleSet>(*std::move(rules))) : rules.status();
  MutexLock lock(&mutex_);
  parsed_.Insert(entry->blob, std::make_shared<const Parsed>(parsed), 1);
  return parsed;
}

}  // namespace testselect
