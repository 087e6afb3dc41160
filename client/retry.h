// Retrying calls: exponential backoff with jitter, bounded by a deadline and a number of attempts.
#pragma once

#include <cstdint>
#include <functional>
#include <random>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace testselect::client {

struct RetryPolicy {
  int max_attempts = 6;  // at least 1; 1 never retries
  absl::Duration initial = absl::Milliseconds(100);
  absl::Duration longest = absl::Seconds(5);
  double multiplier = 2.0;
  double jitter = 0.25;  // each wait is scaled by a factor from [1 - jitter, 1 + jitter]
};

// Whether waiting may help: UNAVAILABLE, RESOURCE_EXHAUSTED, ABORTED.
bool IsRetryable(absl::StatusCode code);

// The waits of one series of attempts. Not thread-safe.
class Backoff {
 public:
  explicit Backoff(const RetryPolicy& policy, uint64_t seed = std::random_device{}());
  absl::Duration Next();  // grows up to `longest`, jitter included or not

 private:
  RetryPolicy policy_;
  absl::Duration next_;
  std::minstd_rand random_;
};

// Where waits and the time come from; tests replace both.
struct RetryClock {
  std::function<absl::Time()> now;
  std::function<void(absl::Duration)> wait;
  static RetryClock Real();
};

// Calls `attempt` until it succeeds, fails with a code that is not retryable, attempts are used up,
// or the next wait would end after `deadline`. Returns the last status; where retrying stopped
// for want of time or attempts, its message says how many there were. `attempt` bounds its own
// duration by the same deadline.
absl::Status CallWithRetry(const RetryPolicy& policy, absl::Time deadline,
                           const std::function<absl::Status()>& attempt,
                           const RetryClock& clock = RetryClock::Real());

}  // namespace testselect::client
