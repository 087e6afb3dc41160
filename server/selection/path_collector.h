// PathCollector: which changed path made which labels run.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "server/selection/label_list.h"
#include "server/selection/selection_plan.h"

namespace testselect {

// Not thread-safe. Of one plan.
class PathCollector final : public MarkObserver {
 public:
  void OnMark(const Mark& mark, const ObjectId& evidence_commit, const DenseLabelSet& labels,
              const LabelUniverse& universe) override;
  void OnCanary(const Mark& mark, const ObjectId& evidence_commit,
                const SelectionPlan::CanaryGroup& group, const LabelUniverse& universe) override;

  // By path (empty: none is to blame), a bit set over `list`: bit i (least significant first) of
  // byte i / 8. Paths that concern no label of the list are left out. Cost: paths times labels.
  std::vector<std::pair<std::string, std::string>> PathsOf(const SelectionPlan& plan,
                                                           const LabelList& list) const;

 private:
  std::map<std::string, DenseLabelSet> by_path_;  // the universe's numbers
};

}  // namespace testselect
