// What is selected, and what is noted, where machines share the evidence.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/selection/confirmed_misses.h"
#include "storage/shared_index_store.h"
#include "tests/support/object_cable.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/selection/selection_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class SharedEvidenceTest : public SelectionTest {
 protected:
  ~SharedEvidenceTest() override { Leave(); }

  std::unique_ptr<ObjectStore> Objects() const {
    const std::string path = folder_.path() + "/objects";
    std::filesystem::create_directories(path);
    auto objects = OpenObjectStore({.url = "file://" + path});
    EXPECT_THAT(objects, IsOk());
    return *std::move(objects);
  }
  std::unique_ptr<IndexStore> Machine(const std::string& name) {
    auto cable = std::make_unique<Cable>(Objects());
    cable_ = cable.get();
    auto store = OpenSharedIndexStore(
        std::move(cable),
        {.local = {.path = folder_.path() + "/" + name}, .compare_every = absl::ZeroDuration()});
    EXPECT_THAT(store, IsOk());
    return *std::move(store);
  }
  void Leave() {
    selector_.reset();
    history_.reset();
    store_.reset();
  }
  // Is that machine from now on.
  void Enter(const std::string& name) {
    Leave();
    store_ = Machine(name);
    history_ = std::make_unique<TestHistory>(store_.get(), BranchTrust());
    SelectorOptions options;
    options.history = history_.get();
    selector_ = NewSelector(store_.get(), repositories_.get(), options);
    ASSERT_THAT(Hear(*store_), IsOk());
  }
  static absl::Status Hear(IndexStore& store) {
    return store.Refresh("app", absl::ZeroDuration(), absl::Now() + absl::Minutes(1)).heard;
  }
  // One test for each of two files, of which one changes; recorded by another machine.
  void SetUp() override {
    git_.Write("a.txt", "1\n");
    git_.Write("b.txt", "1\n");
    base_ = git_.Commit("base");
    git_.Write("a.txt", "2\n");
    head_ = git_.Commit("head");
    Enter("one");
    segment_ =
        Upload({.commit = base_, .executed = {{"t1", "a.txt", {1}}, {"t2", "b.txt", {1}}}}).id;
    Enter("two");
  }
  std::shared_ptr<const Selection> Ask() { return Select(Request(base_, head_, {"t1", "t2"})); }
  // A second after a failure the object store is asked again.
  std::shared_ptr<const Selection> AskUntilItIsHad() {
    const absl::Time until = absl::Now() + absl::Minutes(1);
    auto answer = Ask();
    while (answer->fallback.has_value() && absl::Now() < until) answer = Ask();
    return answer;
  }

  TemporaryFolder folder_;
  Cable* cable_ = nullptr;  // the store owns it
  ObjectId base_, head_;
  Digest segment_;
};

TEST_F(SharedEvidenceTest, EvidenceThatCannotBeFetchedInTheMiddleIsAPassingFallback) {
  const auto lists = Objects()->List("content/", "", 10);
  ASSERT_THAT(Objects()->Delete(lists->front().key), IsOk());  // blobs are fetched one by one
  const auto opened = store_->Open(segment_);                  // its names alone
  ASSERT_THAT(opened, IsOk());
  cable_->pulled = true;
  const auto away = Ask();
  ASSERT_TRUE(away->fallback.has_value());
  EXPECT_EQ(away->fallback->code, FallbackCode::kUnavailable);
  EXPECT_THAT(Run(*away), UnorderedElementsAre("t1", "t2"));
  cable_->pulled = false;
  const auto answer = AskUntilItIsHad();
  EXPECT_FALSE(answer->fallback.has_value());
  EXPECT_EQ(Reason(*answer, ReasonCode::kDataLoss), 0u);
  EXPECT_THAT(Run(*answer), ElementsAre("t1"));
}

TEST_F(SharedEvidenceTest, EvidenceThatCannotBeOpenedLeavesNothingBehind) {
  cable_->pulled = true;
  const auto away = Ask();
  ASSERT_TRUE(away->fallback.has_value());
  EXPECT_EQ(away->fallback->code, FallbackCode::kUnavailable);
  EXPECT_THAT(Run(*away), UnorderedElementsAre("t1", "t2"));
  cable_->pulled = false;
  const auto answer = AskUntilItIsHad();
  EXPECT_FALSE(answer->fallback.has_value());
  EXPECT_THAT(Run(*answer), ElementsAre("t1"));
}

TEST_F(SharedEvidenceTest, MissesThatTwoMachinesConfirmAtATimeAllStay) {
  const auto three = Machine("three");
  ASSERT_THAT(Hear(*three), IsOk());
  const JobKey unit{"unit", {}};
  const ConfirmedMiss one{"t1", std::string(32, 'a'), head_, absl::FromUnixMicros(9)};
  ConfirmedMiss two = one;
  two.label = "t2";
  EXPECT_THAT(AddConfirmedMisses(store_.get(), "app", unit, {one}), IsOkAndHolds(1u));
  EXPECT_THAT(AddConfirmedMisses(three.get(), "app", unit, {two}), IsOkAndHolds(1u));
  for (IndexStore* store : {store_.get(), three.get()}) {
    ASSERT_THAT(Hear(*store), IsOk());
    EXPECT_THAT(ListConfirmedMisses(*store, "app")->at("unit"), ElementsAre(one, two));
  }
  EXPECT_THAT(Run(*Ask()), UnorderedElementsAre("t1", "t2"));
  EXPECT_THAT(ForgetConfirmedMisses(three.get(), "app", unit, "t2"), IsOkAndHolds(1u));
  ASSERT_THAT(Hear(*store_), IsOk());
  EXPECT_THAT(ListConfirmedMisses(*store_, "app")->at("unit"), ElementsAre(one));
}

}  // namespace
}  // namespace testselect
