#include "server/ops/metric_registry.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <algorithm>
#include <cstdlib>

namespace testselect {
namespace {

prometheus::Labels CheckedLabels(const MetricSpec& spec, const MetricRegistry::LabelValues& given) {
  if (given.size() != spec.labels.size()) std::abort();
  prometheus::Labels labels;
  for (size_t i = 0; i < given.size(); ++i) {
    const MetricLabel& label = spec.labels[i];
    const bool known = label.values.empty() ||
                       std::count(label.values.begin(), label.values.end(), given[i].second) == 1;
    if (given[i].first != label.name || !known) std::abort();
    labels.emplace(std::string(given[i].first), std::string(given[i].second));
  }
  return labels;
}

}  // namespace

template <typename Builder>
auto& MetricRegistry::FamilyOf(Builder builder, const MetricSpec& spec) {
  // The registry answers the same family for the same name and help.
  return builder.Name(std::string(spec.name)).Help(std::string(spec.help)).Register(registry_);
}

CounterHandle MetricRegistry::Counter(absl::string_view name, const LabelValues& labels) {
  const MetricSpec& spec = FindMetric(name);
  return CounterHandle(
      &FamilyOf(prometheus::BuildCounter(), spec).Add(CheckedLabels(spec, labels)));
}

GaugeHandle MetricRegistry::Gauge(absl::string_view name, const LabelValues& labels) {
  const MetricSpec& spec = FindMetric(name);
  return GaugeHandle(&FamilyOf(prometheus::BuildGauge(), spec).Add(CheckedLabels(spec, labels)));
}

HistogramHandle MetricRegistry::Histogram(absl::string_view name, const LabelValues& labels) {
  const MetricSpec& spec = FindMetric(name);
  return HistogramHandle(
      &FamilyOf(prometheus::BuildHistogram(), spec).Add(CheckedLabels(spec, labels), spec.buckets));
}

}  // namespace testselect
