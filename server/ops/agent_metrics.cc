#include "server/ops/agent_metrics.h"

#include <prometheus/text_serializer.h>

#include <iterator>

#include "server/ops/metric_registry.h"
#include "server/ops/scrape_collector.h"

namespace testselect {

struct AgentMetrics::Impl {
  CounterHandle Uploads(absl::string_view result) {
    return registry.Counter("testselect_agent_uploads_total", {{"result", result}});
  }
  GaugeHandle Entries(absl::string_view state) {
    return registry.Gauge("testselect_agent_entries", {{"state", state}});
  }
  MetricRegistry registry;
};

AgentMetrics::AgentMetrics()
    : impl_(std::make_unique<Impl>()),
      stored(impl_->Uploads("stored")),
      repeated(impl_->Uploads("repeated")),
      refused(impl_->Uploads("refused")),
      retried(impl_->Uploads("retried")),
      bytes(impl_->registry.Counter("testselect_agent_bytes_total")),
      waiting(impl_->Entries("waiting")),
      uploading(impl_->Entries("uploading")),
      unfinished(impl_->Entries("unfinished")),
      done_kept(impl_->Entries("done")),
      refused_kept(impl_->Entries("refused")),
      oldest_timestamp(impl_->registry.Gauge("testselect_agent_oldest_timestamp_seconds")),
      server_up(impl_->registry.Gauge("testselect_agent_server_up")),
      errors(impl_->registry.Counter("testselect_agent_spool_errors_total")),
      overflows(impl_->registry.Counter("testselect_agent_watch_overflows_total")),
      seconds(impl_->registry.Histogram("testselect_agent_upload_seconds")) {}

AgentMetrics::~AgentMetrics() = default;

std::string AgentMetrics::Scrape() const {
  std::vector<prometheus::MetricFamily> all = impl_->registry.registry().Collect();
  std::vector<prometheus::MetricFamily> process = CollectProcess();
  all.insert(all.end(), std::make_move_iterator(process.begin()),
             std::make_move_iterator(process.end()));
  return prometheus::TextSerializer().Serialize(all);
}

}  // namespace testselect
