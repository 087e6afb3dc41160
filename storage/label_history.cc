#include "storage/label_history.h"

#include <algorithm>
#include <bit>

#include "storage/outcome_codec.h"

namespace testselect {
namespace {

// Puts `value` in front of the `count` elements of `all`; the last goes where there is no room.
template <typename T, size_t N>
void PushFront(const T& value, std::array<T, N>* all, uint8_t* count) {
  *count = static_cast<uint8_t>(std::min<size_t>(*count + 1u, N));
  std::move_backward(all->begin(), all->begin() + *count - 1, all->begin() + *count);
  all->front() = value;
}

}  // namespace

void LabelHistory::Record(const RunFacts& run, const LabelOutcome& outcome) {
  seen = run.clock;
  if (outcome.outcome == Outcome::kUnknown) return;
  last = outcome.outcome;
  if (!IsDecided(outcome.outcome)) return;
  const bool failed_now = MustRerun(outcome.outcome);
  // Flaky: the report lists the attempt that passed and tells of one before it that failed.
  if (outcome.flaky) AddRun(run, true);
  AddRun(run, failed_now);
  AddDuration(outcome.seconds, failed_now);
}

void LabelHistory::AddRun(const RunFacts& run, bool failed_now) {
  const bool first_flake = flakes == 0;
  bool flake = false;
  if (!run.outage || !failed_now) {
    const auto end = at_tree.begin() + trees;
    flake = std::find(at_tree.begin(), end, AtTree{run.tree, !failed_now}) != end;
    const auto same = std::find(at_tree.begin(), end, AtTree{run.tree, failed_now});
    if (same != end) {
      std::rotate(at_tree.begin(), same, same + 1);
    } else {
      PushFront({run.tree, failed_now}, &at_tree, &trees);
    }
  }
  ++runs;
  failures += failed_now ? 1 : 0;
  recent = recent << 1 | (failed_now ? 1 : 0);
  if (run.trusted || failed_now) failed = failed_now;
  if (flake) {
    ++flakes;
    runs_since_flake = 0;
  } else if (!first_flake) {
    runs_since_flake = std::min(runs_since_flake + 1, kFlakyRuns);
  }
}

void LabelHistory::AddDuration(double seconds, bool failed_now) {
  if (!(seconds >= 0)) return;
  const auto code = static_cast<uint32_t>(EncodeSeconds(seconds));
  const bool only_failures = failures == runs || (runs > failures && durations == 0);
  if (failed_now && !only_failures) return;
  // The first run that passed puts an end to what only failed runs told.
  if (!failed_now && runs - failures == 1) {
    durations = 0;
    duration = {};
  }
  PushFront(code, &duration, &durations);
}

double LabelHistory::Seconds() const {
  if (durations == 0) return -1;
  std::array<double, kDurations> sorted{};
  for (size_t i = 0; i < durations; ++i) sorted[i] = DecodeSeconds(duration[i]);
  std::sort(sorted.begin(), sorted.begin() + durations);
  return (sorted[(durations - 1u) / 2] + sorted[durations / 2u]) / 2;
}

double LabelHistory::FailureRate() const {
  const uint32_t looked_at = std::min(runs, kRecent);
  return (std::popcount(recent) + kPriorFailures) / (looked_at + kPriorRuns);
}

}  // namespace testselect
