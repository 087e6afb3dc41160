#include "server/rpc/call_gate.h"

namespace testselect {

bool CallGate::Enter() {
  MutexLock lock(&mutex_);
  if (closed_) return false;
  ++calls_;
  return true;
}

void CallGate::Leave() {
  MutexLock lock(&mutex_);
  if (--calls_ == 0) empty_.notify_all();
}

void CallGate::Close() {
  MutexLock lock(&mutex_);
  closed_ = true;
}

bool CallGate::WaitEmpty(absl::Time deadline) {
  MutexLock lock(&mutex_);
  while (calls_ > 0) {
    if (empty_.wait_until(mutex_, absl::ToChronoTime(deadline)) == std::cv_status::timeout) {
      return calls_ == 0;
    }
  }
  return true;
}

}  // namespace testselect
