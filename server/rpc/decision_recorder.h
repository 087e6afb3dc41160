// DecisionRecorder: writes decisions down.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/ops/logging.h"
#include "server/ops/metrics.h"
#include "server/rpc/worker_pool.h"
#include "server/selection/decision_log.h"
#include "server/selection/selector.h"
#include "storage/index_store.h"
#include "storage/model/lru_map.h"
#include "storage/model/mutex.h"

namespace testselect {

// Thread-safe. What a repeated selection pays is a look at the names that were recorded lately; a
// new one gets a place in a bounded queue, and waits until it is on disk (Flush) before it is
// answered. Where the queue is full, the decision is not recorded, and counted as dropped.
class DecisionRecorder {
 public:
  static constexpr size_t kMaxWaiting = 1024;

  // Keeps the `keep` newest decisions of each repository, and now and then some more. The pointers
  // must outlive this.
  DecisionRecorder(IndexStore* store, Logger* log, Metrics* metrics, uint64_t keep,
                   size_t max_waiting = kMaxWaiting);
  // Writes all that waits.
  ~DecisionRecorder() = default;

  // Records an answer, once for each selection id.
  void Record(const SelectionRequest& request, const SelectionResult& result);

  // Waits until all that was recorded before this call is written, at most until `deadline`; false
  // if something still was not then.
  bool Flush(absl::Time deadline);
  // Deletes what `limits` do not keep (DecisionLog::Prune).
  absl::StatusOr<uint64_t> Prune(const std::string& repository, const DecisionLimits& limits,
                                 bool dry_run);

  // The same as Flush for all that is recorded meanwhile, too.
  bool WaitIdle(absl::Time deadline) { return pool_.WaitIdle(deadline); }

 private:
  void Write(const Decision& decision, const std::shared_ptr<const LabelList>& list);
  void Wrote();

  DecisionLog decisions_;
  Mutex writing_;  // held by who writes or deletes decisions
  Logger& log_;
  DecisionMetrics& metrics_;
  const uint64_t keep_;
  SharedLruMap<std::string, const bool> recent_;  // repository and id, of what was taken lately
  Mutex mutex_;
  std::condition_variable_any wrote_;
  uint64_t taken_ ABSL_GUARDED_BY(mutex_) = 0, written_ ABSL_GUARDED_BY(mutex_) = 0;
  WorkerPool pool_;  // last: its thread uses what is above
};

}  // namespace testselect
