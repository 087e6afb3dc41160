// HistoryColumns: what the histories say of the labels of a plan, by their numbers.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "server/selection/label_universe.h"
#include "server/selection/test_history.h"
#include "storage/model/label_set.h"

namespace testselect {

// Immutable and thread-safe once made. A label of several jobs has the greatest of its durations
// and of its rates, and is failed or flaky where it is in any of them.
struct HistoryColumns {
  std::vector<float> seconds;  // LabelHistory::Seconds; < 0: not known
  std::vector<float> rate;     // LabelHistory::FailureRate
  DenseLabelSet failed, flaky;
  Digest digest;               // of all of these: most uploads change nothing for most plans

  // Cost: one hash lookup per label of the histories.
  static std::shared_ptr<const HistoryColumns> Of(
      const LabelUniverse& labels, absl::Span<const std::shared_ptr<const JobHistory>> jobs);
};

}  // namespace testselect
