#include "server/selection/plan_outcomes.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace testselect {
namespace {

class PlanOutcomes {
 public:
  PlanOutcomes(const std::vector<ComparedSegment>& segments, const RememberedFailures& remembered,
               SelectionPlan* plan, MarkObserver* observer)
      : segments_(segments), remembered_(remembered), plan_(*plan), observer_(observer) {}

  void Collect() {
    plan_.seconds.assign(plan_.labels->size(), -1.0f);
    std::vector<const LiveSegment*> segments;
    for (const ComparedSegment& s : segments_) segments.push_back(&s);
    const auto outcomes = FindLastOutcomes(segments, *plan_.labels);
    for (size_t i = 0; i < segments_.size(); ++i) TakeOutcomes(segments_[i], outcomes[i]);
    RecallOutcomes(outcomes);
  }

 private:
  // Labels of which the evidence of a job does not tell how they ended run if they are remembered
  // to have failed there.
  void RecallOutcomes(const std::vector<absl::StatusOr<std::vector<LastOutcome>>>& outcomes) {
    std::map<JobKey, DenseLabelSet> undecided, decided;
    auto basis = std::make_shared<SelectionBasis>(*plan_.basis);
    for (size_t i = 0; i < segments_.size(); ++i) {
      undecided[segments_[i].job] |= segments_[i].live_here;
      if (!outcomes[i].ok()) continue;
      for (const LastOutcome& last : *outcomes[i]) decided[segments_[i].job].Add(last.label);
    }
    for (auto& [job, labels] : undecided) {
      labels -= decided[job];
      if (labels.Empty()) continue;
      plan_.remembered_version = remembered_.version();
      const auto found = remembered_.Among(labels, job, *plan_.labels);
      plan_.failed |= found.failed;
      Keep(found.failed, job, &basis->failed);
      Keep(found.unreadable, job, &basis->unreadable);
      Recall({ReasonCode::kLastFailed,
              AnswerList::kGlobalLevel,
              "",
              {},
              "it failed when it was last run and told how it ended"},
             found.failed);
      Recall({ReasonCode::kDataLoss,
              AnswerList::kGlobalLevel,
              "",
              {},
              "how its last runs ended cannot be read"},
             found.unreadable);
    }
    plan_.basis = std::move(basis);
  }

  void Keep(const DenseLabelSet& labels, const JobKey& job, LabelsByJob* kept) const {
    if (labels.Empty()) return;
    std::vector<std::string>& of_job = (*kept)[job.ToString()];
    labels.ForEach([&](LabelNumber n) { of_job.emplace_back(plan_.labels->Name(n)); });
    std::sort(of_job.begin(), of_job.end());
  }

  void Recall(const Mark& mark, const DenseLabelSet& labels) {
    if (labels.Empty()) return;
    plan_.remembered |= labels;
    PlanUniverseMarks(ObjectId(), &plan_, observer_).SelectHere(mark, labels);
  }

  void TakeOutcomes(const ComparedSegment& s,
                    const absl::StatusOr<std::vector<LastOutcome>>& outcomes) {
    if (!outcomes.ok()) {
      PlanMarks marks(s, &plan_, observer_);
      marks.SelectAll({ReasonCode::kDataLoss,
                       AnswerList::kGlobalLevel,
                       "",
                       {},
                       "the outcomes of its last run cannot be read"});
      return;
    }
    DenseLabelSet failed;
    for (const LastOutcome& last : *outcomes) {
      if (MustRerun(last.outcome.outcome)) failed.Add(last.label);
      float& seconds = plan_.seconds[last.label];
      if (last.outcome.seconds >= 0 && seconds < 0) {
        seconds = static_cast<float>(last.outcome.seconds);
      }
    }
    SelectFailed(failed, s);
  }

  void SelectFailed(DenseLabelSet failed, const ComparedSegment& s) {
    failed &= plan_.known;
    if (failed.Empty()) return;
    plan_.failed |= failed;
    plan_.global_level |= failed;
    plan_.by_reason[static_cast<size_t>(ReasonCode::kLastFailed)] |= failed;
    if (observer_ == nullptr) return;
    const Mark mark{ReasonCode::kLastFailed,
                    AnswerList::kGlobalLevel,
                    "",
                    {},
                    "it failed when it was last run"};
    observer_->OnMark(mark, s.segment->info().header.commit, failed, *plan_.labels);
  }

  const std::vector<ComparedSegment>& segments_;
  const RememberedFailures& remembered_;
  SelectionPlan& plan_;
  MarkObserver* const observer_;
};

}  // namespace

void CollectOutcomes(const std::vector<ComparedSegment>& segments,
                     const RememberedFailures& remembered, SelectionPlan* plan,
                     MarkObserver* observer) {
  PlanOutcomes(segments, remembered, plan, observer).Collect();
}

}  // namespace testselect
