// WorkerPool: a bounded number of threads for work that must not run on gRPC's own.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "server/ops/metrics.h"
#include "storage/model/mutex.h"

namespace testselect {

// Thread-safe. Threads are started when there is work for them, up to the limit. Work is begun in
// the order in which it came.
class WorkerPool {
 public:
  // `waiting` shows how many pieces of work wait.
  WorkerPool(size_t max_threads, size_t max_waiting, GaugeHandle waiting);
  // Finishes all work that was taken.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False, and nothing happens, if `max_waiting` pieces of work wait already.
  [[nodiscard]] bool Submit(std::function<void()> work);

  // Waits until there is no work, at most until `deadline`; false if there still was some then.
  bool WaitIdle(absl::Time deadline);

 private:
  void Run();

  const size_t max_threads_;
  const size_t max_waiting_;
  const GaugeHandle waiting_gauge_;
  Mutex mutex_;
  std::condition_variable_any work_or_stop_;
  std::condition_variable_any idle_changed_;
  std::deque<std::function<void()>> waiting_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(mutex_);
  size_t free_threads_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t busy_threads_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace testselect
