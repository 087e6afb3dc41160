#include "server/rpc/worker_pool.h"

#include <atomic>
#include <future>
#include <memory>

#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace testselect {
namespace {

class WorkerPoolTest : public ::testing::Test {
 protected:
  Metrics metrics_{{}};
  GaugeHandle gauge_ = metrics_.rpc.select_waiting;
};

TEST_F(WorkerPoolTest, RunsEverythingItTookBeforeItEnds) {
  std::atomic<int> done{0};
  {
    WorkerPool pool(3, 1000, gauge_);
    for (int i = 0; i < 500; ++i) ASSERT_TRUE(pool.Submit([&] { ++done; }));
  }
  EXPECT_EQ(done, 500);
}

TEST_F(WorkerPoolTest, RefusesWhatWouldWaitBeyondTheLimit) {
  std::promise<void> begun, release;
  std::shared_future<void> released = release.get_future().share();
  WorkerPool pool(1, 2, gauge_);
  ASSERT_TRUE(pool.Submit([&] {
    begun.set_value();
    released.wait();
  }));
  begun.get_future().wait();
  int taken = 0;
  while (taken < 100 && pool.Submit([] {})) ++taken;
  EXPECT_GE(taken, 2);
  EXPECT_LE(taken, 3);
  EXPECT_EQ(gauge_.Value(), taken);
  EXPECT_FALSE(pool.WaitIdle(absl::Now()));
  release.set_value();
  EXPECT_TRUE(pool.WaitIdle(absl::Now() + absl::Minutes(1)));
  EXPECT_EQ(gauge_.Value(), 0);
  EXPECT_TRUE(pool.Submit([] {}));
}

TEST_F(WorkerPoolTest, WorkBeginsInOrderOnOneThread) {
  std::vector<int> order;
  {
    WorkerPool pool(1, 100, gauge_);
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(pool.Submit([&, i] { order.push_back(i); }));
  }
  ASSERT_EQ(order.size(), 50u);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
}

TEST_F(WorkerPoolTest, ThreadsWorkSideBySide) {
  WorkerPool pool(2, 10, gauge_);
  std::promise<void> first, second;
  // Each waits for the other: one thread alone would never end.
  ASSERT_TRUE(pool.Submit([&] {
    first.set_value();
    second.get_future().wait();
  }));
  ASSERT_TRUE(pool.Submit([&] {
    second.set_value();
    first.get_future().wait();
  }));
  EXPECT_TRUE(pool.WaitIdle(absl::Now() + absl::Minutes(1)));
}

}  // namespace
}  // namespace testselect
