#include "server/selection/rule_labels.h"

#include <algorithm>

#include "server/selection/glob.h"

namespace testselect {
namespace {

bool IsMeant(const std::vector<std::string>& patterns, absl::string_view label) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [label](const std::string& pattern) { return LabelMatch(pattern, label); });
}

}  // namespace

const DenseLabelSet& RuleLabels::In(const LabelDictionary& dictionary,
                                    const std::vector<std::string>& patterns) {
  const auto [it, is_new] = found_.try_emplace({dictionary.id(), patterns});
  if (is_new) {
    for (LabelNumber n = 0; n < dictionary.size(); ++n) {
      if (IsMeant(patterns, dictionary.Name(n))) it->second.Add(n);
    }
  }
  return it->second;
}

bool RuleLabels::AnyKnown(const std::vector<std::string>& patterns) {
  const auto [it, is_new] = known_.try_emplace(patterns, false);
  for (LabelNumber n = 0; is_new && !it->second && n < universe_.size(); ++n) {
    it->second = IsMeant(patterns, universe_.Name(n));
  }
  return it->second;
}

}  // namespace testselect
