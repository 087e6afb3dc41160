#include "server/ops/metrics_table.h"

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace testselect {
namespace {

std::vector<double> SecondsBuckets() {
  return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
          0.25,   0.5,     1,      2.5,   5,      10,    30,   60,    300,  1800};
}

MetricLabel MethodLabel() {
  return {.name = "method",
          .values = {"SelectTests",
                     "ExplainTest",
                     "UploadCoverage",
                     "GetUploadStatus",
                     "SealIndex",
                     "ListIndexedCommits",
                     "GetIndex",
                     "ExportIndex",
                     "DeleteIndex",
                     "ApplyRetention",
                     "SelectSuites",
                     "DescribeSuites",
                     "GetRules",
                     "CheckRules",
                     "GetGraph",
                     "FindLabels",
                     "GetSources",
                     "GetDecision",
                     "ReportOutcomes",
                     "EvaluateSelection",
                     "GetStats",
                     "ListDecisions",
                     "ReplayDecision",
                     "ListConfirmedMisses",
                     "ForgetConfirmedMisses",
                     "PutSnapshot"}};
}

MetricLabel CodeLabel() {
  return {.name = "code",
          .values = {"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED",
                     "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED",
                     "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL",
                     "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"}};
}

MetricLabel FallbackLabel() {
  return {.name = "fallback",
          .values = {"NONE", "NO_INDEX", "UNKNOWN_BASE", "MISSING_OBJECT", "DATA_LOSS", "DEADLINE",
                     "ENVIRONMENT", "RUN_ALL", "UNAVAILABLE", "MAX_WAIT"}};
}

std::vector<MetricSpec> RpcMetrics() {
  return {
      {"testselect_rpc_total",
       MetricType::kCounter,
       "Calls that ended, by method and status code.",
       {MethodLabel(), CodeLabel()},
       {}},
      {"testselect_rpc_seconds",
       MetricType::kHistogram,
       "From a call's arrival to its answer, by method.",
       {MethodLabel()},
       SecondsBuckets()},
      {"testselect_rpc_in_flight",
       MetricType::kGauge,
       "Calls that have not ended, by method.",
       {MethodLabel()},
       {}},
      {"testselect_workers_waiting",
       MetricType::kGauge,
       "Pieces of work that wait for a worker, by pool.",
       {{.name = "pool",
         .values = {"select", "spool", "ingest", "index", "rules", "structure", "decisions",
                    "evaluation"}}},
       {}},
  };
}

std::vector<MetricSpec> SelectionMetrics() {
  return {
      {"testselect_selections_total",
       MetricType::kCounter,
       "Selections by outcome, and by fallback where everything was selected. 'repeated' is an "
       "answer given again as it was encoded, 'cached' one that was known, 'computed' a new one.",
       {{.name = "outcome", .values = {"computed", "cached", "repeated", "fallback", "error"}},
        FallbackLabel()},
       {}},
      {"testselect_selection_labels_total",
       MetricType::kCounter,
       "Labels of answered selections, by list.",
       {{.name = "list",
         .values = {"requested", "absent", "present_diff", "global_level", "present_report", "run",
                    "skip"}}},
       {}},
      {"testselect_selection_stage_seconds",
       MetricType::kHistogram,
       "Time of a selection by stage: finding the index, comparing trees, looking up labels, all.",
       {{.name = "stage", .values = {"resolve", "diff", "lookup", "total"}}},
       SecondsBuckets()},
      {"testselect_index_age_commits",
       MetricType::kHistogram,
       "Distance in commits from base to the index that a computed selection used, the farthest "
       "of its jobs.",
       {},
       {0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10000}},
      {"testselect_index_age_seconds",
       MetricType::kHistogram,
       "Age of the index that a computed selection used, the oldest of its jobs.",
       {},
       {60, 300, 900, 3600, 4 * 3600, 12 * 3600, 86400, 3 * 86400, 7 * 86400, 30 * 86400}},
  };
}

MetricLabel JobLabel() {
  return {
      .name = "job", .values = {}, .open = "a CI job with its flavor; from the 200th on 'other'"};
}

std::vector<MetricSpec> DecisionMetrics() {
  return {
      {"testselect_decisions_total",
       MetricType::kCounter,
       "Selections to be recorded, by what became of it. 'known' was recorded before; 'dropped' "
       "because too many waited, 'failed' because the store refused.",
       {{.name = "result", .values = {"recorded", "known", "dropped", "failed"}}},
       {}},
      {"testselect_index_errors_total",
       MetricType::kCounter,
       "Computed selections whose index could not be used: no evidence, evidence or git objects "
       "that cannot be read, anything else.",
       {{.name = "type",
         .values = {"index_not_found", "index_initialization_failed", "unexpected_error"}}},
       {}},
      {"testselect_evaluations_total",
       MetricType::kCounter,
       "Evaluations of decisions by job: 'clean', 'missed' a failure, or 'failed' to be made or "
       "stored. A report that adds to one evaluates anew.",
       {JobLabel(), {.name = "result", .values = {"clean", "missed", "failed"}}},
       {}},
      {"testselect_missed_failures_total",
       MetricType::kCounter,
       "Tests that failed, were left out by a selection, and are not flaky, by job. Above 0: look "
       "at `testselect evaluate`.",
       {JobLabel()},
       {}},
      {"testselect_flaky_failures_total",
       MetricType::kCounter,
       "Flaky tests that failed and were left out by a selection, by job.",
       {JobLabel()},
       {}},
      {"testselect_saved_seconds_total",
       MetricType::kCounter,
       "Durations of the tests that evaluated selections left out, by job, as far as known.",
       {JobLabel()},
       {}},
      {"testselect_evaluated_seconds_total",
       MetricType::kCounter,
       "Durations of all tests that evaluated selections were about, by job, as far as known.",
       {JobLabel()},
       {}},
      {"testselect_selected_ratio",
       MetricType::kHistogram,
       "Selected of all labels of an evaluated selection, by job.",
       {JobLabel()},
       {0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99, 1}},
      {"testselect_confirmed_misses_total",
       MetricType::kCounter,
       "Labels that run always since a selection missed them (`on_miss: always_run`), by job.",
       {JobLabel()},
       {}},
  };
}

std::vector<MetricSpec> UploadMetrics() {
  return {
      {"testselect_uploads_total",
       MetricType::kCounter,
       "Uploads by format of the reports and result. 'repeated' was stored before; 'rejected' is "
       "the uploader's mistake, 'failed' ours, 'broken' a stream that ended early.",
       {{.name = "format", .values = {}, .open = "a report format, 'mixed', or 'unknown'"},
        {.name = "result", .values = {"stored", "repeated", "rejected", "failed", "broken"}}},
       {}},
      {"testselect_upload_bytes_total",
       MetricType::kCounter,
       "Bytes of reports received, as sent.",
       {},
       {}},
      {"testselect_upload_records_total",
       MetricType::kCounter,
       "What stored uploads held; pairs are executed (label, file, line) triples.",
       {{.name = "kind", .values = {"labels", "files", "pairs", "global_lines", "outcomes"}}},
       {}},
      {"testselect_unstable_total",
       MetricType::kCounter,
       "Labels whose evidence differed from the one before though no change affects them, and "
       "functions that came or went so.",
       {{.name = "record", .values = {"labels", "functions"}}},
       {}},
      {"testselect_consolidated_total",
       MetricType::kCounter,
       "Labels whose evidence was moved to a newer commit, and segments that selections from there "
       "need no more.",
       {{.name = "record", .values = {"labels", "segments"}}},
       {}},
      {"testselect_consolidation_failures_total",
       MetricType::kCounter,
       "Chains that could not be shortened; they stay as they are.",
       {},
       {}},
      {"testselect_upload_compare_failures_total",
       MetricType::kCounter,
       "Stored uploads that could not be compared with the evidence before them.",
       {},
       {}},
      {"testselect_upload_seconds",
       MetricType::kHistogram,
       "Time of an upload by stage: receiving, preparing (git), parsing, storing, comparing with "
       "the "
       "evidence before it.",
       {{.name = "stage", .values = {"receive", "prepare", "parse", "store", "compare"}}},
       SecondsBuckets()},
      {"testselect_spool_bytes", MetricType::kGauge, "Disk space of unfinished uploads.", {}, {}},
  };
}

std::vector<MetricSpec> RetentionMetrics() {
  return {
      {"testselect_retention_dropped_total",
       MetricType::kCounter,
       "Segments that retention deleted, and notes that went with them or by their age.",
       {{.name = "record", .values = {"segments", "notes"}}},
       {}},
      {"testselect_retention_freed_bytes_total",
       MetricType::kCounter,
       "By how much the store shrank while retention gave space back.",
       {},
       {}},
      {"testselect_retention_kept",
       MetricType::kGauge,
       "Segments of all repositories that the last round of retention kept: within the limits, as "
       "the newest of a job, or because the chain of a kept commit needs them.",
       {{.name = "why", .values = {"limits", "newest", "chain"}}},
       {}},
      {"testselect_retention_failures_total",
       MetricType::kCounter,
       "Repositories whose retention failed; nothing of them that is needed was deleted.",
       {},
       {}},
      {"testselect_building_timeouts_total",
       MetricType::kCounter,
       "Segments that became usable though shards of their job never came.",
       {},
       {}},
  };
}

std::vector<MetricSpec> SharingMetrics() {
  return {
      {"testselect_object_store_away",
       MetricType::kGauge,
       "1 where the object store that machines share the index in did not answer when it was asked "
       "last, else 0. Selections rest on what is here then, and say so.",
       {},
       {}},
      {"testselect_object_store_unheard_total",
       MetricType::kCounter,
       "Calls that could not hear in time what other machines stored.",
       {},
       {}},
      {"testselect_sources_fetched_total",
       MetricType::kCounter,
       "Cut sources that another machine had made.",
       {},
       {}},
      {"testselect_source_packs_total",
       MetricType::kCounter,
       "Packs of a commit's cut sources that were written for other machines.",
       {},
       {}},
      {"testselect_source_sharing_failures_total",
       MetricType::kCounter,
       "Times that cut sources could not be fetched or packed; they were cut here.",
       {},
       {}},
  };
}

std::vector<MetricSpec> StoreMetrics() {
  return {
      {"testselect_store_up", MetricType::kGauge, "1 if the store answers, else 0.", {}, {}},
      {"testselect_store_bytes", MetricType::kGauge, "Size of the store on disk.", {}, {}},
      {"testselect_store_segments",
       MetricType::kGauge,
       "Segments by state.",
       {{.name = "state", .values = {"building", "sealed", "quarantined", "superseded"}}},
       {}},
      {"testselect_store_engine",
       MetricType::kGauge,
       "The storage engine's own counters, under its own names.",
       {{.name = "counter", .values = {}, .open = "a counter of the engine"}},
       {}},
  };
}

std::vector<MetricSpec> ProcessMetrics() {
  return {
      {"testselect_build_info",
       MetricType::kGauge,
       "1; the label tells the version.",
       {{.name = "version", .values = {}, .open = "the version that runs"}},
       {}},
      {"testselect_process_resident_bytes", MetricType::kGauge, "Resident memory.", {}, {}},
      {"testselect_process_cpu_seconds_total",
       MetricType::kCounter,
       "Processor time used.",
       {},
       {}},
      {"testselect_process_open_fds", MetricType::kGauge, "Open file descriptors.", {}, {}},
      {"testselect_process_threads", MetricType::kGauge, "Threads.", {}, {}},
      {"testselect_process_start_time_seconds",
       MetricType::kGauge,
       "When the process started, in seconds since 1970-01-01 UTC.",
       {},
       {}},
  };
}

absl::string_view TypeName(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
  }
  return "";
}

std::string LabelText(const MetricLabel& label) {
  return label.values.empty()
             ? absl::StrCat("`", label.name, "`: ", label.open)
             : absl::StrCat("`", label.name, "`: ", absl::StrJoin(label.values, ", "));
}

void AppendTable(const std::vector<MetricSpec>& table, std::string* out) {
  absl::StrAppend(out, "| metric | type | labels | meaning |\n|---|---|---|---|\n");
  for (const MetricSpec& spec : table) {
    absl::StrAppend(out, "| `", spec.name, "` | ", TypeName(spec.type), " | ",
                    absl::StrJoin(spec.labels, "; ",
                                  [](std::string* text, const MetricLabel& label) {
                                    absl::StrAppend(text, LabelText(label));
                                  }),
                    " | ", spec.help, " |\n");
  }
}

}  // namespace

const std::vector<MetricSpec>& MetricTable() {
  static const auto* const table = [] {
    auto* all = new std::vector<MetricSpec>();
    for (auto group : {RpcMetrics(), SelectionMetrics(), DecisionMetrics(), UploadMetrics(),
                       RetentionMetrics(), SharingMetrics(), StoreMetrics(), ProcessMetrics()}) {
      all->insert(all->end(), group.begin(), group.end());
    }
    return all;
  }();
  return *table;
}

const MetricSpec& FindMetric(absl::string_view name) {
  for (const auto* table : {&MetricTable(), &AgentMetricTable()}) {
    for (const MetricSpec& spec : *table) {
      if (spec.name == name) return spec;
    }
  }
  std::abort();
}

std::string MetricsMarkdown() {
  std::string out =
      "# Metrics of testselectd\n\n"
      "Made from the table in `server/ops/metrics_table.cc`; a test compares. They are served in\n"
      "Prometheus' text format at `/metrics` of `metrics-listen`. Label values are closed "
      "sets.\n\n";
  AppendTable(MetricTable(), &out);
  absl::StrAppend(&out,
                  "\n## Of the agent\n\n"
                  "`testselect agent` serves these, and `testselect_build_info` and "
                  "`testselect_process_*`, at\n"
                  "`/metrics` of `--http-listen` ([agent.md](agent.md)).\n\n");
  AppendTable(AgentMetricTable(), &out);
  return out;
}

}  // namespace testselect
