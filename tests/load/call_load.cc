#include "tests/load/call_load.h"

#include <grpcpp/grpcpp.h>

#include <memory>

#include "absl/time/clock.h"

namespace testselect::load {
namespace {

struct Call {
  grpc::ClientContext context;
  v1::SelectTestsResponse response;
};

}  // namespace

absl::StatusOr<double> Load::Run(int in_flight, int calls) {
  left_ = calls;
  live_ = in_flight;
  const absl::Time start = absl::Now();
  for (int i = 0; i < in_flight; ++i) Next();
  std::unique_lock<std::mutex> lock(mutex_);
  done_.wait(lock, [this] { return live_ == 0; });
  if (!error_.empty()) return absl::InternalError(error_);
  return calls / absl::ToDoubleSeconds(absl::Now() - start);
}

void Load::Next() {
  if (left_.fetch_sub(1) <= 0) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (--live_ == 0) done_.notify_one();
    return;
  }
  auto call = std::make_shared<Call>();
  stub_->async()->SelectTests(&call->context, &request_, &call->response,
                              [this, call](const grpc::Status& status) {
                                if (!status.ok()) {
                                  const std::lock_guard<std::mutex> lock(mutex_);
                                  error_ = status.error_message();
                                }
                                Next();
                              });
}

}  // namespace testselect::load
