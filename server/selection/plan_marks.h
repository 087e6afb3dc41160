// Where the verdicts about evidence go: into a plan, and to who explains it. Private to the making
// of plans.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "server/selection/code_rules.h"
#include "server/selection/live_evidence.h"
#include "server/selection/marks.h"
#include "server/selection/selection_plan.h"

namespace testselect {

// A live segment, and how its tree differs from head's.
struct ComparedSegment : LiveSegment {
  explicit ComparedSegment(LiveSegment live_segment) : LiveSegment(std::move(live_segment)) {}

  std::shared_ptr<const std::vector<FileChange>> changes;
  absl::flat_hash_map<absl::string_view, const FileChange*> change_of;  // by old path
  DenseLabelSet without_own_code;  // labels that executed nothing beyond the baseline
};

// Translates marks of one segment into the plan.
class PlanMarks final : public MarkSink {
 public:
  PlanMarks(const ComparedSegment& segment, SelectionPlan* plan, MarkObserver* observer)
      : segment_(segment), plan_(*plan), observer_(observer) {}

  void Select(const Mark& mark, const DenseLabelSet& labels) override {
    DenseLabelSet hit = labels;
    hit &= segment_.live;
    if (hit.Empty()) return;
    DenseLabelSet here;
    plan_.labels->Translate(*segment_.labels, hit, &here);
    Record(mark, here);
  }
  void SelectAll(const Mark& mark) override { Record(mark, segment_.live_here); }

 private:
  void Record(const Mark& mark, const DenseLabelSet& here) {
    plan_.by_reason[static_cast<size_t>(mark.code)] |= here;
    (mark.list == AnswerList::kPresentDiff ? plan_.present_diff : plan_.global_level) |= here;
    if (observer_ != nullptr) {
      observer_->OnMark(mark, segment_.segment->info().header.commit, here, *plan_.labels);
    }
  }

  const ComparedSegment& segment_;
  SelectionPlan& plan_;
  MarkObserver* const observer_;
};

// Takes verdicts about all segments of one commit.
class PlanUniverseMarks final : public UniverseMarks {
 public:
  PlanUniverseMarks(const ObjectId& commit, SelectionPlan* plan, MarkObserver* observer)
      : commit_(commit), plan_(*plan), observer_(observer) {}

  void SelectHere(const Mark& mark, const DenseLabelSet& labels) override {
    plan_.by_reason[static_cast<size_t>(mark.code)] |= labels;
    (mark.list == AnswerList::kPresentDiff ? plan_.present_diff : plan_.global_level) |= labels;
    if (observer_ != nullptr) observer_->OnMark(mark, commit_, labels, *plan_.labels);
  }
  void AddCanaries(const Mark& mark, std::vector<SelectionPlan::CanaryGroup> groups) override {
    if (observer_ != nullptr) {
      for (const auto& group : groups) observer_->OnCanary(mark, commit_, group, *plan_.labels);
    }
    for (auto& group : groups) plan_.canaries.push_back(std::move(group));
  }
  bool WantsMessages() const override { return observer_ != nullptr; }

 private:
  const ObjectId commit_;
  SelectionPlan& plan_;
  MarkObserver* const observer_;
};

}  // namespace testselect
