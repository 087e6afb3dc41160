// Values that are read when somebody asks: the store's and the process's. Private to this folder.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/index_store.h"
#include "storage/model/mutex.h"

namespace testselect {

// Which build this is, and what the operating system says of the process.
std::vector<prometheus::MetricFamily> CollectProcess();

// Thread-safe.
class ScrapeCollector final : public prometheus::Collectable {
 public:
  void SetStoreStats(std::function<absl::StatusOr<StoreStats>()> stats);
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  mutable Mutex mutex_;
  std::function<absl::StatusOr<StoreStats>()> store_stats_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace testselect
