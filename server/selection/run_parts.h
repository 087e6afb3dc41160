// Dividing a run list: into shards of equal duration, and into what fits a time budget. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace testselect {

// One label to run.
struct RunItem {
  absl::string_view label;  // all different
  double seconds = -1;      // < 0: not known; counts as the median of the known ones (1 if none is)
};

// Which of `shards` (> 0) each item belongs to. Longest processing time first: the items by
// duration descending, each to the shard with the least so far, so that the longest shard takes at
// most 4/3 - 1/(3 shards) of the best possible time (R. L. Graham, "Bounds on multiprocessing
// timing anomalies", 1969). Depends on the set of items alone, not on their order. Cost: n log n.
std::vector<uint32_t> AssignShards(absl::Span<const RunItem> items, uint32_t shards);

// How many of the items, from the front, end within `budget_seconds`.
size_t CountWithin(absl::Span<const RunItem> items, double budget_seconds);

}  // namespace testselect
