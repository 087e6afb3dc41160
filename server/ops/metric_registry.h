// Makes prometheus-cpp's objects from the table. Private to this folder.
#pragma once

#include <prometheus/registry.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/ops/metrics.h"
#include "server/ops/metrics_table.h"

namespace testselect {

// Used at start, and by DecisionMetrics under its lock; prometheus-cpp is thread-safe itself. Names
// and label values that the table does not have end the process: they are written in code.
class MetricRegistry {
 public:
  using LabelValues = std::vector<std::pair<absl::string_view, absl::string_view>>;

  CounterHandle Counter(absl::string_view name, const LabelValues& labels = {});
  GaugeHandle Gauge(absl::string_view name, const LabelValues& labels = {});
  HistogramHandle Histogram(absl::string_view name, const LabelValues& labels = {});

  prometheus::Registry& registry() { return registry_; }

 private:
  template <typename Builder>
  auto& FamilyOf(Builder builder, const MetricSpec& spec);

  prometheus::Registry registry_;
};

}  // namespace testselect
