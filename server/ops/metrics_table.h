// The tables that declare every metric: the server's and the agent's. docs/metrics.md is made of
// them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace testselect {

enum class MetricType : uint8_t { kCounter, kGauge, kHistogram };

// A label of a metric. Values are a closed set, so that the number of series is bounded.
struct MetricLabel {
  absl::string_view name;
  std::vector<absl::string_view> values;  // empty: `open` says which set it is
  absl::string_view open{};               // e.g. "the report formats"; not in the table itself
};

struct MetricSpec {
  absl::string_view name;
  MetricType type;
  absl::string_view help;
  std::vector<MetricLabel> labels;
  std::vector<double> buckets;  // of histograms: upper bounds, ascending

  // There is no series before the first value: jobs are not known ahead.
  bool StartsWithFirstValue() const {
    return std::any_of(labels.begin(), labels.end(),
                       [](const MetricLabel& label) { return label.name == "job"; });
  }
};

// In the order of docs/metrics.md.
const std::vector<MetricSpec>& MetricTable();
// Of `testselect agent`, which also has the process's own figures.
const std::vector<MetricSpec>& AgentMetricTable();
// Of both tables. Dies if there is none: names are written in code only.
const MetricSpec& FindMetric(absl::string_view name);

std::string MetricsMarkdown();

}  // namespace testselect
