#include "client/retry.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace testselect::client {

bool IsRetryable(absl::StatusCode code) {
  return code == absl::StatusCode::kUnavailable || code == absl::StatusCode::kResourceExhausted ||
         code == absl::StatusCode::kAborted;
}

Backoff::Backoff(const RetryPolicy& policy, uint64_t seed)
    : policy_(policy),
      next_(policy.initial),
      random_(static_cast<std::minstd_rand::result_type>(seed)) {}

absl::Duration Backoff::Next() {
  std::uniform_real_distribution<double> factor(1 - policy_.jitter, 1 + policy_.jitter);
  const absl::Duration wait = next_ * factor(random_);
  next_ = std::min(next_ * policy_.multiplier, policy_.longest);
  return wait;
}

RetryClock RetryClock::Real() {
  return {[] { return absl::Now(); }, [](absl::Duration d) { absl::SleepFor(d); }};
}

absl::Status CallWithRetry(const RetryPolicy& policy, absl::Time deadline,
                           const std::function<absl::Status()>& attempt, const RetryClock& clock) {
  Backoff backoff(policy);
  for (int made = 1;; ++made) {
    absl::Status status = attempt();
    if (status.ok() || !IsRetryable(status.code())) return status;
    const absl::Duration wait = backoff.Next();
    const bool last = made >= policy.max_attempts || clock.now() + wait >= deadline;
    if (last && made == 1) return status;
    if (last) {
      return absl::Status(status.code(),
                          absl::StrCat(status.message(), " (after ", made, " attempts)"));
    }
    clock.wait(wait);
  }
}

}  // namespace testselect::client
