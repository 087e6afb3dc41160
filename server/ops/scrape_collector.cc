#include "server/ops/scrape_collector.h"

#include "server/ops/metrics_table.h"
#include "server/ops/process_stats.h"
#include "server/ops/version.h"

namespace testselect {
namespace {

prometheus::MetricFamily Family(absl::string_view name) {
  const MetricSpec& spec = FindMetric(name);
  prometheus::MetricFamily family;
  family.name = std::string(spec.name);
  family.help = std::string(spec.help);
  family.type = spec.type == MetricType::kCounter ? prometheus::MetricType::Counter
                                                  : prometheus::MetricType::Gauge;
  return family;
}

void AddValue(prometheus::MetricFamily* family, double value, absl::string_view label = {},
              absl::string_view label_value = {}) {
  prometheus::ClientMetric metric;
  if (!label.empty()) metric.label.push_back({std::string(label), std::string(label_value)});
  metric.gauge.value = value;  // the serializer reads the one that fits the family's type
  metric.counter.value = value;
  family->metric.push_back(std::move(metric));
}

prometheus::MetricFamily Single(absl::string_view name, double value) {
  prometheus::MetricFamily family = Family(name);
  AddValue(&family, value);
  return family;
}

void CollectStore(const StoreStats& stats, std::vector<prometheus::MetricFamily>* out) {
  out->push_back(Single("testselect_store_bytes", static_cast<double>(stats.bytes_on_disk)));
  prometheus::MetricFamily segments = Family("testselect_store_segments");
  const auto& states = FindMetric("testselect_store_segments").labels[0].values;
  for (size_t i = 0; i < states.size(); ++i) {  // SegmentState counts from 1
    AddValue(&segments, static_cast<double>(stats.segments_by_state[i + 1]), "state", states[i]);
  }
  out->push_back(std::move(segments));
  prometheus::MetricFamily engine = Family("testselect_store_engine");
  for (const auto& [name, value] : stats.engine_counters) {
    AddValue(&engine, static_cast<double>(value), "counter", name);
  }
  out->push_back(std::move(engine));
}

}  // namespace

std::vector<prometheus::MetricFamily> CollectProcess() {
  std::vector<prometheus::MetricFamily> out;
  const ProcessStats stats = ReadProcessStats();
  prometheus::MetricFamily build = Family("testselect_build_info");
  AddValue(&build, 1, "version", kVersion);
  out.push_back(std::move(build));
  out.push_back(
      Single("testselect_process_resident_bytes", static_cast<double>(stats.resident_bytes)));
  out.push_back(Single("testselect_process_cpu_seconds_total", stats.cpu_seconds));
  out.push_back(Single("testselect_process_open_fds", static_cast<double>(stats.open_fds)));
  out.push_back(Single("testselect_process_threads", static_cast<double>(stats.threads)));
  out.push_back(Single("testselect_process_start_time_seconds", stats.start_time_seconds));
  return out;
}

void ScrapeCollector::SetStoreStats(std::function<absl::StatusOr<StoreStats>()> stats) {
  MutexLock lock(&mutex_);
  store_stats_ = std::move(stats);
}

std::vector<prometheus::MetricFamily> ScrapeCollector::Collect() const {
  std::vector<prometheus::MetricFamily> out = CollectProcess();
  MutexLock lock(&mutex_);
  const absl::StatusOr<StoreStats> stats =
      store_stats_ ? store_stats_() : absl::UnavailableError("the store is not open");
  out.push_back(Single("testselect_store_up", stats.ok() ? 1 : 0));
  if (stats.ok()) CollectStore(*stats, &out);
  return out;
}

}  // namespace testselect
