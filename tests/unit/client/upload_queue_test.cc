#include "client/agent/upload_queue.h"

#include <thread>

#include "absl/time/clock.h"
#include "client/agent/entry_upload.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace testselect::client {
namespace {

const absl::Time kEpoch = absl::UnixEpoch();
constexpr RetryPolicy kLong = {.initial = absl::Hours(1), .longest = absl::Hours(1)};
constexpr RetryPolicy kShort = {.initial = absl::Milliseconds(1), .longest = absl::Milliseconds(1)};

TEST(UploadQueueTest, OldestFirstAndEachOnce) {
  UploadQueue queue(kLong);
  const std::vector<SpoolEntry> found = {{"new", kEpoch + absl::Seconds(2)}, {"old", kEpoch}};
  queue.Update(found);
  EXPECT_EQ(queue.Take()->name, "old");
  queue.Update(found);  // the scan sees it until it is moved
  EXPECT_EQ(queue.Take()->name, "new");
  EXPECT_EQ(queue.sizes().uploading, 2u);
  EXPECT_EQ(queue.sizes().oldest, kEpoch);
  queue.Done("old");
  queue.Done("new");
  EXPECT_EQ(queue.sizes().waiting, 0u);
  EXPECT_EQ(queue.sizes().oldest, absl::InfiniteFuture());
}

TEST(UploadQueueTest, AFailedEntryWaitsAndOthersDoNot) {
  UploadQueue queue(kLong);
  queue.Update({{"a", kEpoch}, {"b", kEpoch + absl::Seconds(1)}});
  EXPECT_EQ(queue.Take()->name, "a");
  queue.Retry("a");
  EXPECT_EQ(queue.Take()->name, "b");
  queue.Done("b");
  EXPECT_EQ(queue.sizes().waiting, 1u);
}

TEST(UploadQueueTest, AttemptsAreCounted) {
  UploadQueue queue(kShort);
  queue.Update({{"a", kEpoch}});
  for (int attempt = 1; attempt <= 4; ++attempt) {
    EXPECT_EQ(queue.Take()->attempt, attempt);  // waits until it is due again
    queue.Retry("a");
  }
}

TEST(UploadQueueTest, TheEndOfAnOutageEndsTheWaits) {
  UploadQueue queue(kLong);
  queue.Update({{"a", kEpoch}});
  queue.Take();
  queue.Pause();
  queue.Retry("a");
  std::thread server_is_back([&queue] { queue.Resume(/*all_due=*/true); });
  EXPECT_EQ(queue.Take()->name, "a");
  server_is_back.join();
}

TEST(UploadQueueTest, WhatVanishedIsForgottenUnlessItIsUnderWay) {
  UploadQueue queue(kLong);
  queue.Update({{"a", kEpoch}, {"b", kEpoch + absl::Seconds(1)}});
  queue.Take();
  queue.Update({});
  EXPECT_EQ(queue.sizes().uploading, 1u);
  EXPECT_EQ(queue.sizes().waiting, 0u);
}

TEST(UploadQueueTest, StopEndsTheWaitForWork) {
  UploadQueue queue(kLong);
  std::thread stopper([&queue] { queue.Stop(); });
  EXPECT_FALSE(queue.Take().has_value());
  stopper.join();
  EXPECT_TRUE(queue.WaitUntilIdle(absl::InfinitePast()));
}

TEST(UploadQueueTest, IdleIsWhenNothingIsUnderWay) {
  UploadQueue queue(kLong);
  queue.Update({{"a", kEpoch}});
  queue.Take();
  EXPECT_FALSE(queue.WaitUntilIdle(absl::Now() + absl::Milliseconds(1)));
  std::thread finisher([&queue] { queue.Done("a"); });
  EXPECT_TRUE(queue.WaitUntilIdle(absl::Now() + absl::Minutes(1)));
  finisher.join();
}

TEST(EntryUploadTest, OnlyWhatTheServerWillNeverTakeIsRefused) {
  EXPECT_FALSE(MayBeTakenLater(absl::StatusCode::kInvalidArgument, 1));
  EXPECT_TRUE(MayBeTakenLater(absl::StatusCode::kNotFound, 1));
  EXPECT_FALSE(MayBeTakenLater(absl::StatusCode::kNotFound, 10));
  for (const auto code : {absl::StatusCode::kUnavailable, absl::StatusCode::kResourceExhausted,
                          absl::StatusCode::kUnauthenticated, absl::StatusCode::kPermissionDenied,
                          absl::StatusCode::kInternal, absl::StatusCode::kDeadlineExceeded}) {
    EXPECT_TRUE(MayBeTakenLater(code, 1000)) << absl::StatusCodeToString(code);
  }
}

}  // namespace
}  // namespace testselect::client
