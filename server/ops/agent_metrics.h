// The metrics of `testselect agent`.
#pragma once

#include <memory>
#include <string>

#include "server/ops/metrics.h"

namespace testselect {

// Thread-safe; handles live as long as this.
class AgentMetrics {
 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;

 public:
  AgentMetrics();
  ~AgentMetrics();
  AgentMetrics(const AgentMetrics&) = delete;
  AgentMetrics& operator=(const AgentMetrics&) = delete;

  // Everything in Prometheus' text format, the process's own figures included.
  std::string Scrape() const;

  CounterHandle stored, repeated, refused, retried;  // uploads by what became of them
  CounterHandle bytes;
  GaugeHandle waiting, uploading, unfinished, done_kept, refused_kept;  // entries by state
  GaugeHandle oldest_timestamp;                                         // 0: none waits
  GaugeHandle server_up;
  CounterHandle errors, overflows;
  HistogramHandle seconds;
};

}  // namespace testselect
