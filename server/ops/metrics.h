// The server's metrics: one struct for each component, whose handles are made at start.
//
// Handles are cheap to use and thread-safe; they live as long as the Metrics they came from.
// prometheus-cpp stays behind this header.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "storage/index_store.h"

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace testselect {

class CounterHandle {
 public:
  explicit CounterHandle(prometheus::Counter* counter) : counter_(counter) {}
  void Add(double amount = 1) const;  // amount >= 0
  double Value() const;

 private:
  prometheus::Counter* counter_;
};

class GaugeHandle {
 public:
  explicit GaugeHandle(prometheus::Gauge* gauge) : gauge_(gauge) {}
  void Set(double value) const;
  void Add(double amount) const;
  double Value() const;

 private:
  prometheus::Gauge* gauge_;
};

class HistogramHandle {
 public:
  explicit HistogramHandle(prometheus::Histogram* histogram) : histogram_(histogram) {}
  void Observe(double value) const;
  void Observe(absl::Duration value) const { Observe(absl::ToDoubleSeconds(value)); }

 private:
  prometheus::Histogram* histogram_;
};

// The registry: makes the handles that the structs below hold.
class MetricRegistry;

struct RpcMethodMetrics {
  RpcMethodMetrics(MetricRegistry* registry, absl::string_view method);
  std::vector<CounterHandle> by_code;  // by the number of the gRPC status code, 0 to 16
  HistogramHandle seconds;
  GaugeHandle in_flight;
};

struct RpcMetrics {
  explicit RpcMetrics(MetricRegistry* registry);
  RpcMethodMetrics select_tests, explain_test, upload_coverage, get_upload_status, seal_index,
      list_indexed_commits, get_index, export_index, delete_index, apply_retention, select_suites,
      describe_suites, get_rules, check_rules, get_graph, find_labels, get_sources, get_decision,
      report_outcomes, evaluate_selection, get_stats, list_decisions, replay_decision,
      list_confirmed_misses, forget_confirmed_misses, put_snapshot;
  GaugeHandle select_waiting, spool_waiting, ingest_waiting, index_waiting, rules_waiting,
      structure_waiting, decisions_waiting, evaluation_waiting;
};

struct SelectionMetrics {
  explicit SelectionMetrics(MetricRegistry* registry);
  CounterHandle computed, cached, repeated, error;
  std::vector<CounterHandle> fallback;  // by the number of the fallback code, 0 to 9
  CounterHandle requested, absent, present_diff, global_level, present_report, run, skip;
  HistogramHandle resolve, diff, lookup, total;
  HistogramHandle age_commits, age_seconds;
};

enum class EvaluationResult : uint8_t { kClean, kMissed, kFailed };

// Series of one job.
struct JobMetrics {
  JobMetrics(MetricRegistry* registry, absl::string_view job);
  std::vector<CounterHandle> evaluations;  // by EvaluationResult
  CounterHandle missed, flaky, saved_seconds, evaluated_seconds, confirmed;
  HistogramHandle ratio;
};

// Thread-safe.
class DecisionMetrics {
 public:
  explicit DecisionMetrics(MetricRegistry* registry);
  ~DecisionMetrics();
  // The series of a job, made when it is first asked for; those of "other" where there are very
  // many jobs. Lives as long as this.
  const JobMetrics& OfJob(const std::string& job);

  CounterHandle recorded, known, dropped, failed;
  CounterHandle index_not_found, index_initialization_failed, unexpected_error;

 private:
  struct Jobs;
  MetricRegistry* const registry_;
  const std::unique_ptr<Jobs> jobs_;
};

enum class UploadResult : uint8_t { kStored, kRepeated, kRejected, kFailed, kBroken };

struct UploadMetrics {
  UploadMetrics(MetricRegistry* registry, const std::vector<std::string>& formats);
  // An upload ended; `formats` are those of its reports, as far as they are known.
  void Ended(const std::vector<std::string>& formats, UploadResult result) const;

  std::map<std::string, std::vector<CounterHandle>> by_format;  // then by UploadResult
  CounterHandle bytes, labels, files, pairs, global_lines, outcomes;
  CounterHandle unstable_labels, unstable_functions, compare_failed;
  CounterHandle consolidated_labels, consolidated_segments, consolidation_failed;
  HistogramHandle receive_seconds, prepare_seconds, parse_seconds, store_seconds, compare_seconds;
  GaugeHandle spool_bytes;
};

struct RetentionMetrics {
  explicit RetentionMetrics(MetricRegistry* registry);
  CounterHandle dropped_segments, dropped_notes, freed_bytes, failed, overdue_sealed;
  GaugeHandle kept_by_limits, kept_as_newest, kept_by_chain;
};

// Of an index that machines share.
struct SharingMetrics {
  explicit SharingMetrics(MetricRegistry* registry);
  GaugeHandle away;        // 1: the store did not answer when it was asked last
  CounterHandle degraded;  // calls that could not hear what other machines stored
  CounterHandle sources_fetched, sources_packed, sources_failed;
};

class Metrics {
 public:
  // `formats`: the names of the report formats. Cost: some hundred small allocations.
  explicit Metrics(const std::vector<std::string>& formats);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Asks `stats` at every scrape, until it is replaced; an empty function stops that. Thread-safe;
  // returns when no call of the former function is running.
  void SetStoreStats(std::function<absl::StatusOr<StoreStats>()> stats);

  // Everything in Prometheus' text format.
  std::string Scrape() const;

  // Serves /metrics on HOST:PORT until Stop or destruction; returns HOST:PORT with the port that
  // was bound. kUnavailable if the address cannot be bound. Call at most once.
  absl::StatusOr<std::string> Listen(const std::string& address);
  void Stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;

 public:
  RpcMetrics rpc;
  SelectionMetrics selection;
  DecisionMetrics decision;
  UploadMetrics upload;
  RetentionMetrics retention;
  SharingMetrics sharing;
};

}  // namespace testselect
