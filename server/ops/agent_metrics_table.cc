// The metrics of `testselect agent`: the second table of docs/metrics.md.
#include "server/ops/metrics_table.h"

namespace testselect {

const std::vector<MetricSpec>& AgentMetricTable() {
  static const auto* const table = new std::vector<MetricSpec>{
      {"testselect_agent_uploads_total",
       MetricType::kCounter,
       "Attempts to upload an entry of the spool, by result. 'repeated' was stored before, "
       "'refused' is kept with its reason, 'retried' failed for now.",
       {{.name = "result", .values = {"stored", "repeated", "refused", "retried"}}},
       {}},
      {"testselect_agent_bytes_total",
       MetricType::kCounter,
       "Bytes of reports that the server acknowledged.",
       {},
       {}},
      {"testselect_agent_upload_seconds",
       MetricType::kHistogram,
       "Time of an attempt to upload, whatever its result.",
       {},
       {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800}},
      {"testselect_agent_entries",
       MetricType::kGauge,
       "Entries of the spool by state. 'unfinished' have no manifest yet.",
       {{.name = "state", .values = {"waiting", "uploading", "unfinished", "done", "refused"}}},
       {}},
      {"testselect_agent_oldest_timestamp_seconds",
       MetricType::kGauge,
       "When the oldest entry that is not uploaded was finished, in seconds since 1970-01-01 UTC; "
       "0 where there is none.",
       {},
       {}},
      {"testselect_agent_server_up",
       MetricType::kGauge,
       "1 if the server answered the last time it was asked, else 0.",
       {},
       {}},
      {"testselect_agent_spool_errors_total",
       MetricType::kCounter,
       "Failures to read, move or trim what is in the spool.",
       {},
       {}},
      {"testselect_agent_watch_overflows_total",
       MetricType::kCounter,
       "How often so much happened in the spool that the whole of it was looked through again.",
       {},
       {}},
  };
  return *table;
}

}  // namespace testselect
