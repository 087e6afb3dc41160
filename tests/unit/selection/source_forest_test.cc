#include "server/selection/source_forest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/selection/selection_fixture.h"

namespace testselect {
namespace {

constexpr int kFiles = 20;

class SourceForestTest : public SelectionTest {
 protected:
  SourceForestTest() {
    for (int i = 0; i < kFiles; ++i)
      git_.Write(absl::StrCat("m", i, ".py"), absl::StrCat("A = ", i));
    const ObjectId commit = git_.Commit("base");
    tree_ = git_.Tree(commit.ToHex());
    repository_ = *repositories_->Find("app");
  }
  // By a clock that a test sets.
  SourceForest::Options By(std::function<absl::Time()> now) {
    SourceForest::Options options;
    options.now = std::move(now);
    return options;
  }

  ObjectId tree_;
  std::shared_ptr<const GitRepository> repository_;
};

// Each look at the clock takes a second, and there is one for each file.
TEST_F(SourceForestTest, ADeadlineEndsTheCuttingAndTheNextRequestGoesOnFromThere) {
  std::atomic<int> looks{0};
  SourceForest forest(store_.get(), By([&] { return absl::FromUnixSeconds(looks++); }));
  const auto cut_within = [&](int seconds) {
    const int before = looks;
    const auto tree =
        forest.Tree("app", repository_, tree_, absl::FromUnixSeconds(before + seconds));
    EXPECT_LE(looks - before, seconds + 2);
    return tree;
  };
  EXPECT_EQ(cut_within(kFiles / 2).status().code(), absl::StatusCode::kDeadlineExceeded);
  const auto whole = cut_within(2 * kFiles);
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_EQ((*whole)->size(), static_cast<size_t>(kFiles));
  // What was made is there at once, and reads no clock.
  const int before = looks;
  EXPECT_TRUE(forest.Tree("app", repository_, tree_, absl::InfinitePast()).ok());
  EXPECT_EQ(looks, before);
}

TEST_F(SourceForestTest, WhoWaitsForAnothersMakingGoesAwayAtTheDeadline) {
  absl::Notification making, go_on;
  SourceForest forest(store_.get(), By([&] {
                        if (!making.HasBeenNotified()) {
                          making.Notify();
                          go_on.WaitForNotification();
                        }
                        return absl::UnixEpoch();
                      }));
  std::thread maker([&] { EXPECT_TRUE(forest.Tree("app", repository_, tree_).ok()); });
  making.WaitForNotification();
  EXPECT_EQ(forest.Tree("app", repository_, tree_, absl::UnixEpoch()).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  go_on.Notify();
  maker.join();
}

}  // namespace
}  // namespace testselect
