// EvaluationLog: the evaluations that are kept, as notes of the store. storage/KEYS.md has the
// keys.
//
// Of each (decision, job) there are two: the run's outcomes, to which later reports add, and a
// small summary, which sums and series are made of.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/selection/evaluation.h"
#include "storage/index_store.h"
#include "storage/model/object_id.h"
#include "storage/model/upload.h"

namespace testselect {

// One evaluation, as sums and series see it.
struct EvaluationRow {
  std::string decision;
  JobKey job;
  ObjectId head;
  absl::Time decided;    // when the decision was made
  absl::Time evaluated;  // when the last report came
  bool shadow = false;
  EvaluationSummary summary;
  friend bool operator==(const EvaluationRow&, const EvaluationRow&) = default;
};
std::string EncodeEvaluationRow(const EvaluationRow& row);
// kDataLoss for anything that the encoder cannot have written, here and below.
absl::StatusOr<EvaluationRow> DecodeEvaluationRow(absl::string_view note);

// `labels`: how many the decision has.
std::string EncodeRunOutcomes(const JobKey& job, uint64_t labels, const RunOutcomes& run);
struct JobOutcomes {
  JobKey job;
  uint64_t labels = 0;
  RunOutcomes run;
};
absl::StatusOr<JobOutcomes> DecodeRunOutcomes(absl::string_view note);

// Thread-safe as far as the store is. Errors of all: the store's, kDataLoss.
class EvaluationLog {
 public:
  // `store` must outlive the log.
  explicit EvaluationLog(IndexStore* store) : store_(*store) {}

  // Replaces both notes, together.
  absl::Status Put(absl::string_view repository, const EvaluationRow& row, uint64_t labels,
                   const RunOutcomes& run);
  // The outcomes that were reported of one job; none: no label. kDataLoss also where they are of
  // another number of labels.
  absl::StatusOr<RunOutcomes> FindRun(absl::string_view repository, absl::string_view decision,
                                      const JobKey& job, uint64_t labels) const;
  // Of one decision, or with an empty `decision` of all: by time of the decision, oldest first.
  absl::StatusOr<std::vector<EvaluationRow>> List(absl::string_view repository,
                                                  absl::string_view decision) const;
  // The keys of all notes of a decision's evaluations.
  absl::StatusOr<std::vector<std::string>> KeysOf(absl::string_view repository,
                                                  absl::string_view decision) const;

 private:
  IndexStore& store_;
};

}  // namespace testselect
