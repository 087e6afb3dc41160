// Several machines and one object store: each machine is a store of its own here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/storage/shared_index_fixture.h"
#include "tests/unit/storage/storage_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

TEST_F(SharedIndexStoreTest, WhatOneMachineStoresAnotherServes) {
  const Node a = Start("a"), b = Start("b");
  const NaiveEvidence evidence = MakeEvidence(1, 200, 60);
  const SegmentInfo info = Put(a, Header(1), ContentOf(evidence));
  EXPECT_THAT(*b.store->SegmentsAt("repo", Commit(1)), IsEmpty());
  EXPECT_TRUE(Hear(b).heard.ok());
  EXPECT_THAT(StatesAt(b, 1), ElementsAre(SegmentState::kSealed));
  EXPECT_TRUE(ReadAt(b, info.id) == evidence);
}

TEST_F(SharedIndexStoreTest, APatchOfWhatAnotherStoredIsReadByAThird) {
  const Node a = Start("a"), b = Start("b");
  std::vector<SegmentInfo> infos;
  std::vector<NaiveEvidence> all;
  for (uint32_t commit = 1; commit <= 12; ++commit) {
    const Node& node = commit % 2 == 0 ? a : b;
    all.push_back(MakeEvidence(1, 200, 60, commit, 5));
    ASSERT_TRUE(Hear(node).heard.ok());
    const auto dictionary = node.store->NewestDictionary("repo", kUnit);
    ASSERT_TRUE(dictionary.ok());
    infos.push_back(Put(node, Header(commit), ContentOf(all.back(), *dictionary)));
  }
  const Node c = Start("c");
  EXPECT_TRUE(Hear(c).heard.ok());
  for (size_t i = 0; i < infos.size(); ++i) EXPECT_TRUE(ReadAt(c, infos[i].id) == all[i]) << i;
}

TEST_F(SharedIndexStoreTest, ShardsThatTwoMachinesTakeAtATimeMakeOneSealedIndex) {
  const Node a = Start("a"), b = Start("b");
  for (uint32_t commit = 1; commit <= 5; ++commit) {
    std::thread one([&] { Put(a, Header(commit, 0, 2), SmallContent(20, 3, "a")); });
    std::thread two([&] { Put(b, Header(commit, 1, 2), SmallContent(20, 3, "b")); });
    one.join();
    two.join();
  }
  const Node c = Start("c");
  for (const Node* node : {&a, &b, &c}) {
    ASSERT_TRUE(Hear(*node).heard.ok());
    for (uint32_t commit = 1; commit <= 5; ++commit) {
      EXPECT_THAT(StatesAt(*node, commit),
                  ElementsAre(SegmentState::kSealed, SegmentState::kSealed));
    }
  }
}

TEST_F(SharedIndexStoreTest, MachinesSettleStatesAlike) {
  const Node a = Start("a"), b = Start("b");
  Put(a, Header(1), SmallContent(40, 12));
  Put(a, Header(2, 0, 2), SmallContent(40, 12));  // its other shard does not come
  ASSERT_TRUE(Hear(b).heard.ok());
  EXPECT_THAT(StatesAt(b, 2), ElementsAre(SegmentState::kBuilding));
  ASSERT_TRUE(b.store->Seal("repo", Commit(2), kUnit, false).ok());
  Put(b, Header(1, 0, 1, 2), SmallContent(40, 13));  // a second attempt
  Put(b, Header(3), SmallContent(3, 1));             // suspiciously small
  const Node c = Start("c");
  for (const Node* node : {&a, &b, &c}) {
    ASSERT_TRUE(Hear(*node).heard.ok());
    EXPECT_THAT(StatesAt(*node, 1), ElementsAre(SegmentState::kSuperseded, SegmentState::kSealed));
    EXPECT_THAT(StatesAt(*node, 2), ElementsAre(SegmentState::kSealed));
    EXPECT_THAT(StatesAt(*node, 3), ElementsAre(SegmentState::kQuarantined));
  }
  ASSERT_TRUE(a.store->Seal("repo", Commit(3), kUnit, true).ok());
  ASSERT_TRUE(Hear(c).heard.ok());
  EXPECT_THAT(StatesAt(c, 3), ElementsAre(SegmentState::kSealed));
}

TEST_F(SharedIndexStoreTest, WhatOneMachineDeletesIsGoneFromAll) {
  const Node a = Start("a"), b = Start("b");
  Put(a, Header(1), SmallContent(20, 3));
  const SegmentInfo second = Put(a, Header(2), SmallContent(21, 3));
  ASSERT_TRUE(Hear(b).heard.ok());
  const uint64_t before = b.store->generation();
  EXPECT_EQ(*a.store->Delete("repo", Commit(1), std::nullopt), 1u);
  EXPECT_EQ(*a.store->DeleteSegments({second.id}), 1u);
  ASSERT_TRUE(Hear(b).heard.ok());
  EXPECT_THAT(*b.store->ListCommits("repo"), IsEmpty());
  EXPECT_NE(b.store->generation(), before);
  const Node c = Start("c");
  ASSERT_TRUE(Hear(c).heard.ok());
  EXPECT_THAT(*c.store->ListCommits("repo"), IsEmpty());
}

TEST_F(SharedIndexStoreTest, WithoutTheObjectStoreWhatIsKnownIsServedAndNothingIsAccepted) {
  const NaiveEvidence evidence = MakeEvidence(1, 50, 20);
  SegmentInfo info;
  {
    const Node a = Start("a");
    info = Put(a, Header(1), ContentOf(evidence));
    Put(a, Header(3, 0, 2), SmallContent(3, 1));
    a.cable->pulled = true;
    const IndexStore::Freshness news = Hear(a);
    EXPECT_TRUE(news.usable);
    EXPECT_THAT(news.heard, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("cable")));
    EXPECT_TRUE(ReadAt(a, info.id) == evidence);
    EXPECT_THAT(a.store->Commit(Header(2), SmallContent(3, 1), {}).status(),
                StatusIs(absl::StatusCode::kUnavailable));
    EXPECT_THAT(a.store->Seal("repo", Commit(3), kUnit, false).status(),
                StatusIs(absl::StatusCode::kUnavailable));
    EXPECT_THAT(StatesAt(a, 3), ElementsAre(SegmentState::kBuilding));
    EXPECT_THAT(a.store->Delete("repo", Commit(1), std::nullopt).status(),
                StatusIs(absl::StatusCode::kUnavailable));
    EXPECT_THAT(*a.store->SegmentsAt("repo", Commit(1)), SizeIs(1));
    EXPECT_THAT(*a.store->SegmentsAt("repo", Commit(2)), IsEmpty());
  }
  // Nor after a restart.
  const Node again = Start("a", {}, /*away=*/true);
  EXPECT_TRUE(Hear(again).usable);
  EXPECT_TRUE(ReadAt(again, info.id) == evidence);
}

TEST_F(SharedIndexStoreTest, AMachineThatNeverHeardOfARepositorySaysSo) {
  const Node a = Start("a"), b = Start("b");
  Put(a, Header(1), SmallContent(20, 3));
  b.cable->pulled = true;
  EXPECT_FALSE(Hear(b).usable);
  // Knowing that there is a segment is not having it.
  b.cable->pulled = false;
  absl::SleepFor(absl::Milliseconds(1));
  while (!Hear(b).heard.ok()) {
  }
  b.cable->pulled = true;
  const auto opened = b.store->Open(b.store->SegmentsAt("repo", Commit(1))->front().id);
  EXPECT_THAT(opened.status(), StatusIs(absl::StatusCode::kUnavailable));
  // A machine without any directory cannot tell what it is a part of.
  EXPECT_THAT(Try("new", {}, /*away=*/true).status(), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(SharedIndexStoreTest, ASegmentIsFetchedOnceForAllWhoWantIt) {
  const Node a = Start("a"), b = Start("b");
  const NaiveEvidence evidence = MakeEvidence(1, 200, 60);
  const SegmentInfo info = Put(a, Header(1), ContentOf(evidence));
  ASSERT_TRUE(Hear(b).heard.ok());
  std::vector<std::thread> readers;
  for (int i = 0; i < 8; ++i) {
    readers.emplace_back([&] { EXPECT_TRUE(ReadAt(b, info.id) == evidence); });
  }
  for (std::thread& reader : readers) reader.join();
  const int once = b.cable->blobs_read;
  EXPECT_GT(once, 0);
  const Node c = Start("c");
  ASSERT_TRUE(Hear(c).heard.ok());
  EXPECT_TRUE(ReadAt(c, info.id) == evidence);
  EXPECT_EQ(c.cable->blobs_read, once);
}

TEST_F(SharedIndexStoreTest, TheDiskIsACache) {
  SharedIndexOptions small;
  small.cache_bytes = 1;
  small.local.cache_bytes = 4;  // so that memory is none
  const Node a = Start("a", small);
  const NaiveEvidence evidence = MakeEvidence(1, 200, 60);
  const SegmentInfo info = Put(a, Header(1), ContentOf(evidence));
  EXPECT_EQ(a.cable->blobs_read, 0);
  ASSERT_TRUE(a.store->Compact().ok());
  EXPECT_TRUE(ReadAt(a, info.id) == evidence);
  EXPECT_GT(a.cable->blobs_read, 0);
  // A new upload is a patch of what has to be fetched for that.
  ASSERT_TRUE(a.store->Compact().ok());
  const NaiveEvidence next = MakeEvidence(1, 200, 60, 1, 5);
  EXPECT_TRUE(ReadAt(a, Put(a, Header(2), ContentOf(next)).id) == next);
}

TEST_F(SharedIndexStoreTest, AnIndexThatWasOneMachinesOwnIsPutThere) {
  const NaiveEvidence evidence = MakeEvidence(1, 50, 20);
  const NaiveEvidence later = MakeEvidence(1, 50, 20, 1, 20);
  SegmentInfo first, second;
  {
    auto own = OpenRocksDbIndexStore({.path = dir_.path() + "/a"});
    ASSERT_TRUE(own.ok());
    first = *(*own)->Commit(Header(1), ContentOf(evidence), {});
    second = *(*own)->Commit(Header(2, 0, 2), ContentOf(later), {});
    ASSERT_TRUE((*own)->Seal("repo", Commit(2), kUnit, false).ok());
    EXPECT_TRUE(CheckNotShared(**own).ok());
  }
  { const Node a = Start("a"); }
  const Node b = Start("b");
  ASSERT_TRUE(Hear(b).heard.ok());
  EXPECT_TRUE(ReadAt(b, first.id) == evidence);
  EXPECT_TRUE(ReadAt(b, second.id) == later);
  EXPECT_THAT(StatesAt(b, 2), ElementsAre(SegmentState::kSealed));
  // It is not one machine's own any more, and belongs to this object store.
  auto own = OpenRocksDbIndexStore({.path = dir_.path() + "/a"});
  ASSERT_TRUE(own.ok());
  EXPECT_THAT(CheckNotShared(**own), StatusIs(absl::StatusCode::kFailedPrecondition));
  own->reset();
  std::filesystem::remove_all(Objects());
  std::filesystem::create_directory(Objects());
  const Node other = Start("other");
  EXPECT_THAT(Try("a").status(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                          HasSubstr("part of another object store")));
}

TEST_F(SharedIndexStoreTest, NotesThatConcernOthersReachThem) {
  const Node a = Start("a"), b = Start("b");
  NoteBatch urgent{.puts = {{"miss/repo/x", "1"}}, .answers_depend = true, .repository = "repo"};
  ASSERT_TRUE(a.store->WriteNotes(urgent).ok());
  ASSERT_TRUE(a.store->PutNote("own", "1").ok());
  ASSERT_TRUE(a.store->WriteNotes({.puts = {{"decision/repo/x", "2"}}, .repository = "repo"}).ok());
  const uint64_t before = b.store->generation();
  ASSERT_TRUE(Hear(b).heard.ok());
  EXPECT_EQ(*b.store->GetNote("miss/repo/x"), "1");
  EXPECT_NE(b.store->generation(), before);
  while (!b.store->GetNote("decision/repo/x").ok()) {  // it comes soon
    ASSERT_TRUE(b.store->RefreshNotes("repo").ok());
  }
  EXPECT_FALSE(b.store->GetNote("own").ok());
  a.cable->pulled = true;
  urgent.puts[0].second = "2";
  EXPECT_THAT(a.store->WriteNotes(urgent), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(*a.store->GetNote("miss/repo/x"), "1");
  EXPECT_TRUE(a.store->WriteNotes({.puts = {{"decision/repo/y", ""}}, .repository = "repo"}).ok());
}

TEST_F(SharedIndexStoreTest, ANewMachineMayBeginWithAnothersValue) {
  const Node a = Start("a"), b = Start("b");
  EXPECT_THAT(b.store->GetStart("repo", "history").status(), StatusIs(absl::StatusCode::kNotFound));
  for (int i = 1; i <= 5; ++i) {
    ASSERT_TRUE(a.store->PutStart("repo", "history", {.puts = {{"k", absl::StrCat(i)}}}).ok());
  }
  EXPECT_THAT(b.store->GetStart("repo", "history")->puts, ElementsAre(Pair("k", "5")));
  EXPECT_THAT(*OpenObjects()->List("history/", "", 100), SizeIs(2));
}

TEST_F(SharedIndexStoreTest, WhatNoSegmentNeedsGoesLater) {
  SharedIndexOptions soon;
  soon.unneeded_for = absl::ZeroDuration();
  const Node a = Start("a", soon), b = Start("b");
  const NaiveEvidence kept = MakeEvidence(1, 50, 20);
  const SegmentInfo first = Put(a, Header(1), ContentOf(kept));
  const auto before = OpenObjects()->List("blobs/", "", 1000);
  Put(a, Header(2), ContentOf(MakeEvidence(7, 60, 25)));
  ASSERT_GT(OpenObjects()->List("blobs/", "", 1000)->size(), before->size());
  ASSERT_TRUE(a.store->Delete("repo", Commit(2), std::nullopt).ok());
  ASSERT_TRUE(b.store->CollectGarbage().ok());  // a day has to go by for this machine
  EXPECT_GT(OpenObjects()->List("blobs/", "", 1000)->size(), before->size());
  absl::SleepFor(absl::Milliseconds(1));
  ASSERT_TRUE(a.store->CollectGarbage().ok());
  EXPECT_THAT(*OpenObjects()->List("blobs/", "", 1000), SizeIs(before->size()));
  EXPECT_THAT(*OpenObjects()->List("unneeded/", "", 1000), IsEmpty());
  const Node c = Start("c");
  ASSERT_TRUE(Hear(c).heard.ok());
  EXPECT_TRUE(ReadAt(c, first.id) == kept);
}

TEST_F(SharedIndexStoreTest, ADamagedObjectIsToldAndCostsThatSegmentAlone) {
  const Node a = Start("a");
  const NaiveEvidence evidence = MakeEvidence(1, 50, 20);
  const SegmentInfo first = Put(a, Header(1), ContentOf(evidence));
  Put(a, Header(2), SmallContent(60, 12));
  const auto events = OpenObjects()->List("index/", "", 10);
  ASSERT_THAT(*events, SizeIs(2));
  ASSERT_TRUE(OpenObjects()->Delete(events->back().key).ok());
  ASSERT_TRUE(OpenObjects()->Create(events->back().key, "rubbish").ok());
  const Node b = Start("b");
  const IndexStore::Freshness news = Hear(b);
  EXPECT_TRUE(news.usable);
  EXPECT_THAT(news.heard, StatusIs(absl::StatusCode::kDataLoss, HasSubstr(events->back().key)));
  EXPECT_TRUE(ReadAt(b, first.id) == evidence);
  EXPECT_THAT(*b.store->SegmentsAt("repo", Commit(2)), IsEmpty());
}

}  // namespace
}  // namespace testselect
