// RememberedFailures: labels that failed and were not seen to pass since, where the evidence that a
// selection rests on does not tell how they ended.
//
// A chain of evidence ends at the nearest full upload. Where that one came without outcomes, or
// skipped a label, what failed before it is known to the history alone.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "server/selection/label_universe.h"
#include "server/selection/labels_by_job.h"
#include "server/selection/test_history.h"
#include "storage/model/label_set.h"
#include "storage/model/upload.h"

namespace testselect {

// A plain value.
class RememberedFailures {
 public:
  // Knows nothing until Add.
  RememberedFailures() = default;
  // Knows what was found once: the labels that had failed, and those that could not be read.
  RememberedFailures(LabelsByJob failed, LabelsByJob unreadable)
      : failed_(std::move(failed)), unreadable_(std::move(unreadable)) {}

  // What is remembered of `job`.
  void Add(const JobKey& job, const absl::StatusOr<std::shared_ptr<const JobHistory>>& history);

  // Of the labels `undecided`, which are numbers of `labels`: those that failed last in `job`, and
  // those of which that cannot be read.
  struct Found {
    DenseLabelSet failed, unreadable;
  };
  Found Among(const DenseLabelSet& undecided, const JobKey& job, const LabelUniverse& labels) const;

  // Equal ones answer the same. Empty if nothing is known.
  const std::string& version() const { return version_; }

 private:
  std::map<JobKey, std::shared_ptr<const JobHistory>> jobs_;  // null: cannot be read
  LabelsByJob failed_, unreadable_;
  std::string version_;
};

}  // namespace testselect
