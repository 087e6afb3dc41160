// Evaluator: judges recorded decisions when it is told how the tests of a run ended.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "server/git/repository.h"
#include "server/selection/decision_log.h"
#include "server/selection/evaluation.h"
#include "server/selection/evaluation_log.h"
#include "server/selection/rule_cache.h"
#include "storage/index_store.h"
#include "storage/model/mutex.h"

namespace testselect {

// A decision with what became of it in one job.
struct JudgedDecision {
  Decision decision;
  std::shared_ptr<const LabelList> list;
  JobKey job;
  RunOutcomes run;
  Evaluation evaluation;
  EvaluationSummary before;            // of the reports before this one; zero: there was none
  absl::Time evaluated;                // when the last report came
  std::vector<std::string> confirmed;  // missed labels that run always from now on, by name
  uint64_t newly_confirmed = 0;        // of these, those that did not before
  absl::Status confirming;             // why missed labels could not be made to run always
};

// Thread-safe: what is told at once is judged one after the other.
class Evaluator {
 public:
  // Whether a label is known to be unsteady, from all that was seen of it.
  using IsKnownFlaky =
      std::function<bool(absl::string_view repository, const JobKey&, absl::string_view label)>;

  // `store` and `repositories` must outlive this. Without `is_known_flaky`, a label is known to be
  // flaky where the evidence of the decision says that it was.
  Evaluator(IndexStore* store, RepositorySource* repositories, IsKnownFlaky is_known_flaky = {});

  // Judges all decisions about `head` that are about `job`, stores the evaluations, and confirms
  // misses where the project's rules at head say so. Errors: the store's, kDataLoss. Cost: for each
  // decision, linear in its labels, in those of its segments, and in the report.
  absl::StatusOr<std::vector<JudgedDecision>> Report(absl::string_view repository,
                                                     const ObjectId& head, const JobKey& job,
                                                     absl::Span<const ReportedOutcome> report,
                                                     absl::Time now);
  // The same for one decision. Also kNotFound (no such decision) and kFailedPrecondition (it is not
  // about the job).
  absl::StatusOr<JudgedDecision> ReportOf(absl::string_view repository, absl::string_view id,
                                          const JobKey& job,
                                          absl::Span<const ReportedOutcome> report, absl::Time now);
  // What was reported of a decision, in all jobs or in one, judged again; stores nothing. kNotFound
  // where nothing was.
  absl::StatusOr<std::vector<JudgedDecision>> Recall(absl::string_view repository,
                                                     absl::string_view id, const JobKey* job);
  // Judges a decision that is not recorded; stores nothing and confirms nothing.
  static JudgedDecision Judge(Decision decision, std::shared_ptr<const LabelList> list,
                              const JobKey& job, absl::Span<const ReportedOutcome> report);

  // ForgetConfirmedMisses, in turn with what is judged.
  absl::StatusOr<uint64_t> Forget(absl::string_view repository, const JobKey& job,
                                  absl::string_view label);

  // The labels that outcomes at `head` may mean: all that decisions about it were asked about.
  absl::StatusOr<std::vector<std::string>> LabelsAskedAt(absl::string_view repository,
                                                         const ObjectId& head);
  const DecisionLog& decisions() const { return decisions_; }
  const EvaluationLog& evaluations() const { return evaluations_; }

 private:
  absl::StatusOr<JudgedDecision> Add(Decision decision, const JobKey& job,
                                     absl::Span<const ReportedOutcome> report, absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<JobEvidence> EvidenceOf(const Decision& decision, const LabelList& list,
                                         const LabelPositions& positions, const JobKey& job,
                                         const RunOutcomes& run) const;
  absl::Status Confirm(JudgedDecision* judged, absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  IndexStore& store_;
  RepositorySource& repositories_;
  const IsKnownFlaky is_known_flaky_;
  DecisionLog decisions_;
  EvaluationLog evaluations_;
  RuleCache rules_;
  Mutex mutex_;  // held while notes are read, added to and written
};

// Whether a selection was about a job: a job asked for without a flavor stands for all flavors.
bool IsAbout(const Decision& decision, const JobKey& job);

// The members of `set` by name, sorted, at most `limit`.
std::vector<std::string> NamesOf(const DenseLabelSet& set, const LabelList& list, size_t limit);

}  // namespace testselect
