#include "server/ops/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/exposer.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/text_serializer.h>

#include <iterator>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/ops/metric_registry.h"
#include "server/ops/scrape_collector.h"
#include "storage/model/mutex.h"

namespace testselect {
namespace {

// The number of series is bounded, whatever the jobs are called.
constexpr size_t kMostJobs = 200;

constexpr absl::string_view kResultNames[] = {"stored", "repeated", "rejected", "failed", "broken"};

std::vector<CounterHandle> ByCode(MetricRegistry* registry, absl::string_view method) {
  const char* const codes[] = {"OK",
                               "CANCELLED",
                               "UNKNOWN",
                               "INVALID_ARGUMENT",
                               "DEADLINE_EXCEEDED",
                               "NOT_FOUND",
                               "ALREADY_EXISTS",
                               "PERMISSION_DENIED",
                               "RESOURCE_EXHAUSTED",
                               "FAILED_PRECONDITION",
                               "ABORTED",
                               "OUT_OF_RANGE",
                               "UNIMPLEMENTED",
                               "INTERNAL",
                               "UNAVAILABLE",
                               "DATA_LOSS",
                               "UNAUTHENTICATED"};
  std::vector<CounterHandle> handles;
  for (const char* code : codes) {
    handles.push_back(
        registry->Counter("testselect_rpc_total", {{"method", method}, {"code", code}}));
  }
  return handles;
}

std::vector<CounterHandle> ByFallback(MetricRegistry* registry) {
  std::vector<CounterHandle> handles;
  for (absl::string_view code : FindMetric("testselect_selections_total").labels[1].values) {
    handles.push_back(registry->Counter("testselect_selections_total",
                                        {{"outcome", "fallback"}, {"fallback", code}}));
  }
  return handles;
}

CounterHandle Selections(MetricRegistry* registry, absl::string_view outcome) {
  return registry->Counter("testselect_selections_total",
                           {{"outcome", outcome}, {"fallback", "NONE"}});
}

CounterHandle List(MetricRegistry* registry, absl::string_view list) {
  return registry->Counter("testselect_selection_labels_total", {{"list", list}});
}

HistogramHandle Stage(MetricRegistry* registry, absl::string_view name, absl::string_view stage) {
  return registry->Histogram(name, {{"stage", stage}});
}

CounterHandle Decisions(MetricRegistry* registry, absl::string_view result) {
  return registry->Counter("testselect_decisions_total", {{"result", result}});
}

CounterHandle IndexErrors(MetricRegistry* registry, absl::string_view type) {
  return registry->Counter("testselect_index_errors_total", {{"type", type}});
}

CounterHandle OfJobNamed(MetricRegistry* registry, absl::string_view name, absl::string_view job) {
  return registry->Counter(name, {{"job", job}});
}

CounterHandle Records(MetricRegistry* registry, absl::string_view kind) {
  return registry->Counter("testselect_upload_records_total", {{"kind", kind}});
}

GaugeHandle Waiting(MetricRegistry* registry, absl::string_view pool) {
  return registry->Gauge("testselect_workers_waiting", {{"pool", pool}});
}

}  // namespace

void CounterHandle::Add(double amount) const { counter_->Increment(amount); }
double CounterHandle::Value() const { return counter_->Value(); }
void GaugeHandle::Set(double value) const { gauge_->Set(value); }
void GaugeHandle::Add(double amount) const { gauge_->Increment(amount); }
double GaugeHandle::Value() const { return gauge_->Value(); }
void HistogramHandle::Observe(double value) const { histogram_->Observe(value); }

RpcMethodMetrics::RpcMethodMetrics(MetricRegistry* registry, absl::string_view method)
    : by_code(ByCode(registry, method)),
      seconds(registry->Histogram("testselect_rpc_seconds", {{"method", method}})),
      in_flight(registry->Gauge("testselect_rpc_in_flight", {{"method", method}})) {}

RpcMetrics::RpcMetrics(MetricRegistry* registry)
    : select_tests(registry, "SelectTests"),
      explain_test(registry, "ExplainTest"),
      upload_coverage(registry, "UploadCoverage"),
      get_upload_status(registry, "GetUploadStatus"),
      seal_index(registry, "SealIndex"),
      list_indexed_commits(registry, "ListIndexedCommits"),
      get_index(registry, "GetIndex"),
      export_index(registry, "ExportIndex"),
      delete_index(registry, "DeleteIndex"),
      apply_retention(registry, "ApplyRetention"),
      select_suites(registry, "SelectSuites"),
      describe_suites(registry, "DescribeSuites"),
      get_rules(registry, "GetRules"),
      check_rules(registry, "CheckRules"),
      get_graph(registry, "GetGraph"),
      find_labels(registry, "FindLabels"),
      get_sources(registry, "GetSources"),
      get_decision(registry, "GetDecision"),
      report_outcomes(registry, "ReportOutcomes"),
      evaluate_selection(registry, "EvaluateSelection"),
      get_stats(registry, "GetStats"),
      list_decisions(registry, "ListDecisions"),
      replay_decision(registry, "ReplayDecision"),
      list_confirmed_misses(registry, "ListConfirmedMisses"),
      forget_confirmed_misses(registry, "ForgetConfirmedMisses"),
      put_snapshot(registry, "PutSnapshot"),
      select_waiting(Waiting(registry, "select")),
      spool_waiting(Waiting(registry, "spool")),
      ingest_waiting(Waiting(registry, "ingest")),
      index_waiting(Waiting(registry, "index")),
      rules_waiting(Waiting(registry, "rules")),
      structure_waiting(Waiting(registry, "structure")),
      decisions_waiting(Waiting(registry, "decisions")),
      evaluation_waiting(Waiting(registry, "evaluation")) {}

SelectionMetrics::SelectionMetrics(MetricRegistry* registry)
    : computed(Selections(registry, "computed")),
      cached(Selections(registry, "cached")),
      repeated(Selections(registry, "repeated")),
      error(Selections(registry, "error")),
      fallback(ByFallback(registry)),
      requested(List(registry, "requested")),
      absent(List(registry, "absent")),
      present_diff(List(registry, "present_diff")),
      global_level(List(registry, "global_level")),
      present_report(List(registry, "present_report")),
      run(List(registry, "run")),
      skip(List(registry, "skip")),
      resolve(Stage(registry, "testselect_selection_stage_seconds", "resolve")),
      diff(Stage(registry, "testselect_selection_stage_seconds", "diff")),
      lookup(Stage(registry, "testselect_selection_stage_seconds", "lookup")),
      total(Stage(registry, "testselect_selection_stage_seconds", "total")),
      age_commits(registry->Histogram("testselect_index_age_commits")),
      age_seconds(registry->Histogram("testselect_index_age_seconds")) {}

JobMetrics::JobMetrics(MetricRegistry* registry, absl::string_view job)
    : missed(OfJobNamed(registry, "testselect_missed_failures_total", job)),
      flaky(OfJobNamed(registry, "testselect_flaky_failures_total", job)),
      saved_seconds(OfJobNamed(registry, "testselect_saved_seconds_total", job)),
      evaluated_seconds(OfJobNamed(registry, "testselect_evaluated_seconds_total", job)),
      confirmed(OfJobNamed(registry, "testselect_confirmed_misses_total", job)),
      ratio(registry->Histogram("testselect_selected_ratio", {{"job", job}})) {
  for (const absl::string_view result : {"clean", "missed", "failed"}) {
    evaluations.push_back(
        registry->Counter("testselect_evaluations_total", {{"job", job}, {"result", result}}));
  }
}

struct DecisionMetrics::Jobs {
  Mutex mutex;
  std::map<std::string, std::unique_ptr<JobMetrics>> by_name ABSL_GUARDED_BY(mutex);
};

DecisionMetrics::DecisionMetrics(MetricRegistry* registry)
    : recorded(Decisions(registry, "recorded")),
      known(Decisions(registry, "known")),
      dropped(Decisions(registry, "dropped")),
      failed(Decisions(registry, "failed")),
      index_not_found(IndexErrors(registry, "index_not_found")),
      index_initialization_failed(IndexErrors(registry, "index_initialization_failed")),
      unexpected_error(IndexErrors(registry, "unexpected_error")),
      registry_(registry),
      jobs_(std::make_unique<Jobs>()) {}

DecisionMetrics::~DecisionMetrics() = default;

const JobMetrics& DecisionMetrics::OfJob(const std::string& job) {
  MutexLock lock(&jobs_->mutex);
  const auto found = jobs_->by_name.find(job);
  if (found != jobs_->by_name.end()) return *found->second;
  const std::string name = jobs_->by_name.size() < kMostJobs ? job : "other";
  std::unique_ptr<JobMetrics>& made = jobs_->by_name[name];
  if (made == nullptr) made = std::make_unique<JobMetrics>(registry_, name);
  return *made;
}

UploadMetrics::UploadMetrics(MetricRegistry* registry, const std::vector<std::string>& formats)
    : bytes(registry->Counter("testselect_upload_bytes_total")),
      labels(Records(registry, "labels")),
      files(Records(registry, "files")),
      pairs(Records(registry, "pairs")),
      global_lines(Records(registry, "global_lines")),
      outcomes(Records(registry, "outcomes")),
      unstable_labels(registry->Counter("testselect_unstable_total", {{"record", "labels"}})),
      unstable_functions(registry->Counter("testselect_unstable_total", {{"record", "functions"}})),
      compare_failed(registry->Counter("testselect_upload_compare_failures_total")),
      consolidated_labels(
          registry->Counter("testselect_consolidated_total", {{"record", "labels"}})),
      consolidated_segments(
          registry->Counter("testselect_consolidated_total", {{"record", "segments"}})),
      consolidation_failed(registry->Counter("testselect_consolidation_failures_total")),
      receive_seconds(Stage(registry, "testselect_upload_seconds", "receive")),
      prepare_seconds(Stage(registry, "testselect_upload_seconds", "prepare")),
      parse_seconds(Stage(registry, "testselect_upload_seconds", "parse")),
      store_seconds(Stage(registry, "testselect_upload_seconds", "store")),
      compare_seconds(Stage(registry, "testselect_upload_seconds", "compare")),
      spool_bytes(registry->Gauge("testselect_spool_bytes")) {
  std::vector<std::string> all = formats;
  all.push_back("mixed");
  all.push_back("unknown");
  for (const std::string& format : all) {
    std::vector<CounterHandle>& results = by_format[format];
    for (absl::string_view result : kResultNames) {
      results.push_back(
          registry->Counter("testselect_uploads_total", {{"format", format}, {"result", result}}));
    }
  }
}

void UploadMetrics::Ended(const std::vector<std::string>& formats, UploadResult result) const {
  std::string name = formats.empty() ? "unknown" : formats[0];
  for (const std::string& format : formats) {
    if (format != name) name = "mixed";
  }
  auto found = by_format.find(name);
  if (found == by_format.end()) found = by_format.find("unknown");
  found->second[static_cast<size_t>(result)].Add();
}

RetentionMetrics::RetentionMetrics(MetricRegistry* registry)
    : dropped_segments(
          registry->Counter("testselect_retention_dropped_total", {{"record", "segments"}})),
      dropped_notes(registry->Counter("testselect_retention_dropped_total", {{"record", "notes"}})),
      freed_bytes(registry->Counter("testselect_retention_freed_bytes_total")),
      failed(registry->Counter("testselect_retention_failures_total")),
      overdue_sealed(registry->Counter("testselect_building_timeouts_total")),
      kept_by_limits(registry->Gauge("testselect_retention_kept", {{"why", "limits"}})),
      kept_as_newest(registry->Gauge("testselect_retention_kept", {{"why", "newest"}})),
      kept_by_chain(registry->Gauge("testselect_retention_kept", {{"why", "chain"}})) {}

SharingMetrics::SharingMetrics(MetricRegistry* registry)
    : away(registry->Gauge("testselect_object_store_away", {})),
      degraded(registry->Counter("testselect_object_store_unheard_total")),
      sources_fetched(registry->Counter("testselect_sources_fetched_total")),
      sources_packed(registry->Counter("testselect_source_packs_total")),
      sources_failed(registry->Counter("testselect_source_sharing_failures_total")) {}

struct Metrics::Impl {
  std::shared_ptr<MetricRegistry> registry = std::make_shared<MetricRegistry>();
  std::shared_ptr<ScrapeCollector> collector = std::make_shared<ScrapeCollector>();
  // The exposer holds weak pointers; this one shares the registry's life.
  std::shared_ptr<prometheus::Registry> shared_registry{registry, &registry->registry()};
  std::unique_ptr<prometheus::Exposer> exposer;
};

Metrics::Metrics(const std::vector<std::string>& formats)
    : impl_(std::make_unique<Impl>()),
      rpc(impl_->registry.get()),
      selection(impl_->registry.get()),
      decision(impl_->registry.get()),
      upload(impl_->registry.get(), formats),
      retention(impl_->registry.get()),
      sharing(impl_->registry.get()) {}

Metrics::~Metrics() = default;

void Metrics::SetStoreStats(std::function<absl::StatusOr<StoreStats>()> stats) {
  impl_->collector->SetStoreStats(std::move(stats));
}

std::string Metrics::Scrape() const {
  std::vector<prometheus::MetricFamily> all = impl_->registry->registry().Collect();
  std::vector<prometheus::MetricFamily> scraped = impl_->collector->Collect();
  all.insert(all.end(), std::make_move_iterator(scraped.begin()),
             std::make_move_iterator(scraped.end()));
  return prometheus::TextSerializer().Serialize(all);
}

absl::StatusOr<std::string> Metrics::Listen(const std::string& address) {
  try {  // civetweb throws; nothing of it leaves this function
    impl_->exposer = std::make_unique<prometheus::Exposer>(address, 2);
    impl_->exposer->RegisterCollectable(impl_->shared_registry);
    impl_->exposer->RegisterCollectable(impl_->collector);
    const std::vector<int> ports = impl_->exposer->GetListeningPorts();
    if (ports.empty()) return absl::UnavailableError("no port was bound");
    return absl::StrCat(address.substr(0, address.rfind(':')), ":", ports.front());
  } catch (const std::exception& e) {
    return absl::UnavailableError(
        absl::StrCat("metrics-listen='", address, "' cannot be bound: ", e.what()));
  }
}

void Metrics::Stop() { impl_->exposer.reset(); }

}  // namespace testselect
