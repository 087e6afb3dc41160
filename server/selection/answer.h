// From a plan and the requested labels to the answer.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "server/selection/history_columns.h"
#include "server/selection/label_list.h"
#include "server/selection/selection_plan.h"
#include "server/selection/selector.h"

namespace testselect {

// For each position of `list`, the label's number in `universe`, or kNoLabel. Cost: one comparison
// per label where the list follows the stored order, a hash lookup elsewhere.
std::vector<LabelNumber> ResolveLabels(const LabelList& list, const LabelUniverse& universe);

// Everything of a request that an answer depends on beside its plan.
struct AnswerOptions {
  bool run_all = false;
  std::vector<std::string> force_labels;
  bool omit_order = false;
  bool labels_requested = true;             // false: the list is what the index knows
  std::string id;                           // the selection's name
  const HistoryColumns* history = nullptr;  // of plan.labels; may be null
};

// Builds the four lists, the run order, the reasons' counts and the durations. `numbers` is
// ResolveLabels(list, *plan.labels). Leaves known_labels empty. Cost: linear in the list, plus
// sorting what runs.
std::shared_ptr<Selection> MakeAnswer(const SelectionPlan& plan, const LabelList& list,
                                      const std::vector<LabelNumber>& numbers,
                                      const AnswerOptions& options);

// The part of `selection`'s run list that a request asks for: the shard first, then as much of it
// as fits the budget. `selection` must be of this plan and list. Shards are made by the durations
// of the evidence, not of the histories: these go on while the shards of one run ask one after the
// other.
RunPart PartOf(const SelectionPlan& plan, const LabelList& list,
               const std::vector<LabelNumber>& numbers, const HistoryColumns* history,
               const Selection& selection, const SelectionRequest& request);

// Whether `label` runs as a canary when all known labels are asked for.
bool IsCanary(const SelectionPlan& plan, LabelNumber label);

// All labels that the plan knows, by number, as a list to choose from.
absl::StatusOr<std::shared_ptr<const LabelList>> KnownLabels(const SelectionPlan& plan);

}  // namespace testselect
