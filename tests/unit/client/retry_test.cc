#include "client/retry.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace testselect::client {
namespace {

// A clock that passes only while somebody waits.
struct FakeTime {
  absl::Time now = absl::UnixEpoch();
  std::vector<absl::Duration> waits;
  RetryClock Clock() {
    return {[this] { return now; },
            [this](absl::Duration d) {
              waits.push_back(d);
              now += d;
            }};
  }
};

TEST(RetryTest, RetriesTransientErrorsUntilSuccess) {
  FakeTime time;
  int calls = 0;
  const absl::Status status = CallWithRetry(
      RetryPolicy{}, absl::InfiniteFuture(),
      [&] {
        ++calls;
        return calls < 4 ? absl::UnavailableError("down") : absl::OkStatus();
      },
      time.Clock());
  EXPECT_THAT(status, IsOk());
  EXPECT_EQ(calls, 4);
  EXPECT_EQ(time.waits.size(), 3u);
}

TEST(RetryTest, OnlyTransientCodesAreRetried) {
  for (int code = 1; code <= 16; ++code) {
    FakeTime time;
    int calls = 0;
    CallWithRetry(
        RetryPolicy{.max_attempts = 2}, absl::InfiniteFuture(),
        [&] {
          ++calls;
          return absl::Status(static_cast<absl::StatusCode>(code), "x");
        },
        time.Clock())
        .IgnoreError();
    const auto c = static_cast<absl::StatusCode>(code);
    const bool transient = c == absl::StatusCode::kUnavailable ||
                           c == absl::StatusCode::kResourceExhausted ||
                           c == absl::StatusCode::kAborted;
    EXPECT_EQ(calls, transient ? 2 : 1) << absl::StatusCodeToString(c);
  }
}

TEST(RetryTest, SaysHowOftenItTried) {
  FakeTime time;
  EXPECT_THAT(CallWithRetry(
                  RetryPolicy{.max_attempts = 3}, absl::InfiniteFuture(),
                  [] { return absl::UnavailableError("down"); }, time.Clock()),
              StatusIs(absl::StatusCode::kUnavailable, "down (after 3 attempts)"));
}

TEST(RetryTest, StopsBeforeAWaitThatWouldPassTheDeadline) {
  FakeTime time;
  const absl::Time deadline = time.now + absl::Milliseconds(250);
  CallWithRetry(
      RetryPolicy{.max_attempts = 100}, deadline, [] { return absl::AbortedError("busy"); },
      time.Clock())
      .IgnoreError();
  EXPECT_LT(time.now, deadline);
}

TEST(RetryTest, BackoffGrowsToItsLimitWithinTheJitter) {
  const RetryPolicy policy{.initial = absl::Milliseconds(100),
                           .longest = absl::Milliseconds(800),
                           .multiplier = 2,
                           .jitter = 0.25};
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    Backoff backoff(policy, seed);
    for (int plain_ms : {100, 200, 400, 800, 800, 800}) {
      const absl::Duration wait = backoff.Next();
      EXPECT_GE(wait, absl::Milliseconds(plain_ms) * 0.75);
      EXPECT_LE(wait, absl::Milliseconds(plain_ms) * 1.25);
    }
  }
}

TEST(RetryTest, TwoClientsDoNotWaitInStep) {
  Backoff one(RetryPolicy{}, 1), other(RetryPolicy{}, 2);
  EXPECT_NE(one.Next(), other.Next());
}

}  // namespace
}  // namespace testselect::client
