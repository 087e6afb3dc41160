// Collects what a plan says about one label (ExplainTest).
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "server/selection/history_columns.h"
#include "server/selection/selection_plan.h"
#include "server/selection/selector.h"

namespace testselect {

// Listens while a plan is made and keeps every mark that hits the label, equal ones once, up to
// a limit.
class ExplanationCollector final : public MarkObserver {
 public:
  static constexpr size_t kMaxEvidence = 100;

  explicit ExplanationCollector(absl::string_view label) : label_(label) {}

  void OnMark(const Mark& mark, const ObjectId& evidence_commit, const DenseLabelSet& labels,
              const LabelUniverse& universe) override;

  void OnCanary(const Mark& mark, const ObjectId& evidence_commit,
                const SelectionPlan::CanaryGroup& group, const LabelUniverse& universe) override;

  // The explanation under the finished plan; `forced` and `run_all` are the request's. `history` is
  // of the plan's labels, or null.
  Explanation Finish(const SelectionPlan& plan, bool forced, bool run_all,
                     const HistoryColumns* history) &&;

 private:
  const std::string label_;
  Explanation explanation_;
  std::vector<ReasonEvidence> canary_;  // groups that hold the label
};

}  // namespace testselect
