// Turn: one at a time, and who cannot wait any longer goes away.
#pragma once

#include <condition_variable>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "storage/model/mutex.h"

namespace testselect {

// A mutex whose waiters have deadlines. Thread-safe.
class Turn {
 public:
  // Whether the caller has the turn; it then must End() it. False once `deadline` has passed.
  bool Begin(absl::Time deadline) {
    MutexLock lock(&mutex_);
    while (taken_) {
      if (deadline == absl::InfiniteFuture()) {
        free_.wait(mutex_);
      } else if (free_.wait_until(mutex_, absl::ToChronoTime(deadline)) ==
                     std::cv_status::timeout &&
                 taken_) {
        return false;
      }
    }
    return taken_ = true;
  }
  void End() {
    MutexLock lock(&mutex_);
    taken_ = false;
    free_.notify_one();
  }

 private:
  Mutex mutex_;
  std::condition_variable_any free_;
  bool taken_ ABSL_GUARDED_BY(mutex_) = false;
};

// Has a turn for a scope, if there is one to be had before `deadline`.
class TurnLock {
 public:
  TurnLock(Turn* turn, absl::Time deadline) : turn_(turn->Begin(deadline) ? turn : nullptr) {}
  ~TurnLock() {
    if (turn_ != nullptr) turn_->End();
  }
  TurnLock(const TurnLock&) = delete;
  TurnLock& operator=(const TurnLock&) = delete;
  explicit operator bool() const { return turn_ != nullptr; }

 private:
  Turn* const turn_;
};

}  // namespace testselect
