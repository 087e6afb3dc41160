#include "server/selection/run_parts.h"

#include <algorithm>
#include <numeric>
#include <queue>
#include <tuple>
#include <utility>

namespace testselect {
namespace {

constexpr double kNothingKnown = 1;

double MedianOf(absl::Span<const RunItem> items) {
  std::vector<double> known;
  for (const RunItem& item : items) {
    if (item.seconds >= 0) known.push_back(item.seconds);
  }
  if (known.empty()) return kNothingKnown;
  const auto middle = known.begin() + static_cast<std::ptrdiff_t>(known.size() / 2);
  std::nth_element(known.begin(), middle, known.end());
  return *middle;
}

}  // namespace

std::vector<uint32_t> AssignShards(absl::Span<const RunItem> items, uint32_t shards) {
  const double median = MedianOf(items);
  const auto seconds = [&](size_t i) { return items[i].seconds < 0 ? median : items[i].seconds; };
  std::vector<size_t> longest_first(items.size());
  std::iota(longest_first.begin(), longest_first.end(), size_t{0});
  std::sort(longest_first.begin(), longest_first.end(), [&](size_t a, size_t b) {
    return std::make_pair(-seconds(a), items[a].label) <
           std::make_pair(-seconds(b), items[b].label);
  });
  // Of shards that are equally full, the one with fewer labels, else the first: labels of no
  // duration at all are spread too.
  using Load = std::tuple<double, size_t, uint32_t>;
  std::priority_queue<Load, std::vector<Load>, std::greater<>> loads;
  for (uint32_t shard = 0; shard < shards; ++shard) loads.emplace(0.0, size_t{0}, shard);
  std::vector<uint32_t> of(items.size());
  for (const size_t i : longest_first) {
    const auto [load, count, shard] = loads.top();
    loads.pop();
    of[i] = shard;
    loads.emplace(load + seconds(i), count + 1, shard);
  }
  return of;
}

size_t CountWithin(absl::Span<const RunItem> items, double budget_seconds) {
  const double median = MedianOf(items);
  double used = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    used += items[i].seconds < 0 ? median : items[i].seconds;
    if (used > budget_seconds) return i;
  }
  return items.size();
}

}  // namespace testselect
