// Load: the same SelectTests call many times, several at once.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "testselect/v1/selection.grpc.pb.h"

namespace testselect::load {

// Keeps a number of calls in flight until all are made. `stub` and `request` must outlive it.
class Load {
 public:
  Load(v1::TestSelectionService::Stub* stub, const v1::SelectTestsRequest& request)
      : stub_(stub), request_(request) {}

  // Returns calls per second. The first error, if any failed.
  absl::StatusOr<double> Run(int in_flight, int calls);

 private:
  void Next();

  v1::TestSelectionService::Stub* const stub_;
  const v1::SelectTestsRequest& request_;
  std::atomic<int> left_{0};
  std::mutex mutex_;
  std::condition_variable done_;
  int live_ = 0;
  std::string error_;
};

}  // namespace testselect::load
