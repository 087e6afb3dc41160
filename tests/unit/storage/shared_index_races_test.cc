// Machines that share an index get in each other's way, and objects in the way of both.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/storage/shared_index_fixture.h"

namespace testselect {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class SharedIndexRacesTest : public SharedIndexStoreTest {
 protected:
  std::vector<std::string> KeysOf(absl::string_view prefix) const {
    const auto objects = OpenObjects();
    std::vector<std::string> keys;
    const auto listed = objects->List(prefix, "", 1000);
    for (const ObjectInfo& object : *listed) keys.push_back(object.key);
    return keys;
  }
  static SharedIndexOptions CollectingAtOnce() {
    SharedIndexOptions options;
    options.unneeded_for = absl::ZeroDuration();
    return options;
  }
};

TEST_F(SharedIndexRacesTest, WhatIsStoredAgainAfterItsDeletionIsThereForAll) {
  const Node a = Start("a"), b = Start("b");
  const NaiveEvidence evidence = MakeEvidence(1, 50, 20);
  Put(a, Header(1), ContentOf(evidence));
  ASSERT_TRUE(Hear(b).heard.ok());
  ASSERT_EQ(*a.store->Delete("repo", Commit(1), std::nullopt), 1u);
  const SegmentInfo again = Put(a, Header(1), ContentOf(evidence));
  for (int looks = 0; looks < 3; ++looks) {
    ASSERT_TRUE(Hear(b).heard.ok());
    ASSERT_THAT(*b.store->SegmentsAt("repo", Commit(1)), SizeIs(1));
    EXPECT_EQ(b.store->SegmentsAt("repo", Commit(1))->front().created, again.created);
  }
  EXPECT_TRUE(ReadAt(b, again.id) == evidence);
}

TEST_F(SharedIndexRacesTest, OneUploadThatTwoMachinesTakeAtATimeIsOneToAll) {
  const Node a = Start("a"), b = Start("b");
  ASSERT_TRUE(Hear(a).heard.ok());
  ASSERT_TRUE(Hear(b).heard.ok());
  const SegmentInfo one = Put(a, Header(1), SmallContent(20, 3));
  EXPECT_EQ(Put(b, Header(1), SmallContent(20, 3)).id, one.id);
  ASSERT_THAT(KeysOf("index/"), SizeIs(2));
  const Node c = Start("c");
  for (const Node* node : {&a, &b, &c}) {
    ASSERT_TRUE(Hear(*node).heard.ok());
    ASSERT_THAT(*node->store->SegmentsAt("repo", Commit(1)), SizeIs(1));
    EXPECT_EQ(node->store->SegmentsAt("repo", Commit(1))->front().created, one.created);
  }
  // It goes as one, too.
  EXPECT_EQ(*b.store->Delete("repo", Commit(1), std::nullopt), 1u);
  EXPECT_THAT(KeysOf("index/"), IsEmpty());
  for (const Node* node : {&a, &b, &c}) {
    ASSERT_TRUE(Hear(*node).heard.ok());
    EXPECT_THAT(*node->store->SegmentsAt("repo", Commit(1)), IsEmpty());
  }
}

TEST_F(SharedIndexRacesTest, AnEventOfWhichNotAllBytesCameIsReadAgain) {
  const Node a = Start("a"), b = Start("b");
  const SegmentInfo info = Put(a, Header(1), SmallContent(20, 3));
  b.cable->cut_short = "index/";
  EXPECT_THAT(Hear(b).heard, StatusIs(absl::StatusCode::kDataLoss, HasSubstr("9 of 10")));
  b.cable->cut_short = "none";
  EXPECT_TRUE(Hear(b).heard.ok()) << Hear(b).heard;
  EXPECT_THAT(*b.store->SegmentsAt("repo", Commit(1)), SizeIs(1));
}

TEST_F(SharedIndexRacesTest, ADamagedEventConcernsItsRepositoryWhileItIsThere) {
  const Node a = Start("a");
  Put(a, Header(1), SmallContent(20, 3));
  const std::string key = KeysOf("index/").front();
  ASSERT_TRUE(OpenObjects()->Delete(key).ok());
  ASSERT_TRUE(OpenObjects()->Create(key, "rubbish").ok());
  const Node b = Start("b");
  for (int looks = 0; looks < 2; ++looks) {
    EXPECT_THAT(Hear(b).heard, StatusIs(absl::StatusCode::kDataLoss, HasSubstr(key)));
  }
  EXPECT_TRUE(
      b.store->Refresh("other", absl::ZeroDuration(), absl::Now() + absl::Minutes(1)).heard.ok());
  ASSERT_TRUE(OpenObjects()->Delete(key).ok());
  EXPECT_TRUE(Hear(b).heard.ok()) << Hear(b).heard;
}

TEST_F(SharedIndexRacesTest, WhoStoresASegmentTakesAwayTheNotesOfAllThatItNeeds) {
  const Node a = Start("a", CollectingAtOnce());
  Put(a, Header(1), SmallContent(20, 3));
  ASSERT_TRUE(a.store->Delete("repo", Commit(1), std::nullopt).ok());
  ASSERT_TRUE(a.store->CollectGarbage().ok());
  ASSERT_THAT(KeysOf("unneeded/content/"), SizeIs(1));
  const Node b = Start("b");
  Put(b, Header(1), SmallContent(20, 3));
  EXPECT_THAT(KeysOf("unneeded/"), IsEmpty());
}

TEST_F(SharedIndexRacesTest, WhatIsBeingDeletedIsNotReliedOn) {
  const Node a = Start("a", CollectingAtOnce()), b = Start("b");
  const NaiveEvidence evidence = MakeEvidence(1, 50, 20);
  Put(a, Header(1), ContentOf(evidence));
  ASSERT_TRUE(a.store->Delete("repo", Commit(1), std::nullopt).ok());
  ASSERT_TRUE(a.store->CollectGarbage().ok());
  int tries = 0;
  a.cable->before_delete = [&](absl::string_view key) {
    if (!absl::StartsWith(key, "blobs/") || tries++ > 0) return;
    EXPECT_THAT(b.store->Commit(Header(1), ContentOf(evidence), {}).status(),
                StatusIs(absl::StatusCode::kUnavailable, HasSubstr("is being deleted")));
  };
  ASSERT_TRUE(a.store->CollectGarbage().ok());
  EXPECT_GT(tries, 0);
  EXPECT_THAT(KeysOf("removing/"), IsEmpty());
  const SegmentInfo again = Put(b, Header(1), ContentOf(evidence));
  const Node c = Start("c");
  ASSERT_TRUE(Hear(c).heard.ok());
  EXPECT_TRUE(ReadAt(c, again.id) == evidence);
}

TEST_F(SharedIndexRacesTest, WithoutASegmentsListOfBlobsNoneIsCollected) {
  const Node a = Start("a", CollectingAtOnce());
  const NaiveEvidence evidence = MakeEvidence(1, 50, 20);
  const SegmentInfo info = Put(a, Header(1), ContentOf(evidence));
  ASSERT_TRUE(OpenObjects()->Delete(KeysOf("content/").front()).ok());
  for (int runs = 0; runs < 3; ++runs) {
    EXPECT_THAT(a.store->CollectGarbage(), StatusIs(absl::StatusCode::kDataLoss));
    absl::SleepFor(absl::Milliseconds(1));
  }
  const Node b = Start("b");
  ASSERT_TRUE(Hear(b).heard.ok());
  EXPECT_TRUE(ReadAt(b, info.id) == evidence);
}

TEST_F(SharedIndexRacesTest, AnUploadThatIsTriedAgainNeedsWhatIsThereIsAPatchOf) {
  const Node a = Start("a", CollectingAtOnce());
  const NaiveEvidence first = MakeEvidence(1, 200, 60), second = MakeEvidence(1, 200, 60, 1, 5);
  Put(a, Header(1), ContentOf(first));
  a.cable->refused = "index/";  // its blobs, patches of the first's, are there
  EXPECT_THAT(a.store->Commit(Header(2), ContentOf(second), {}).status(),
              StatusIs(absl::StatusCode::kUnavailable));
  a.cable->refused = "none";
  const auto back = [&] {  // a store that was away is asked again a second later
    return a.store->Commit(Header(4, 0, 1), SmallContent(3, 1), {}).ok();
  };
  while (!back()) {
  }
  Put(a, Header(3), ContentOf(MakeEvidence(9, 180, 70)));  // nothing can be a patch of that
  const SegmentInfo info = Put(a, Header(2), ContentOf(second));
  ASSERT_TRUE(a.store->Delete("repo", Commit(1), std::nullopt).ok());
  for (int runs = 0; runs < 2; ++runs) {
    absl::SleepFor(absl::Milliseconds(1));
    ASSERT_TRUE(a.store->CollectGarbage().ok());
  }
  const Node b = Start("b");
  ASSERT_TRUE(Hear(b).heard.ok());
  EXPECT_TRUE(ReadAt(b, info.id) == second);
}

TEST_F(SharedIndexRacesTest, ASegmentThatIsDeletedWhileItIsOpenedIsReadStill) {
  const Node a = Start("a"), b = Start("b");
  const NaiveEvidence evidence = MakeEvidence(1, 50, 20);
  const SegmentInfo info = Put(a, Header(1), ContentOf(evidence));
  ASSERT_TRUE(Hear(b).heard.ok());
  ASSERT_TRUE(OpenObjects()->Delete(KeysOf("content/").front()).ok());  // so blobs come one by one
  bool gone = false;
  b.cable->before_get = [&](absl::string_view key) {
    if (gone || !absl::StartsWith(key, "blobs/")) return;
    gone = true;
    EXPECT_TRUE(a.store->Delete("repo", Commit(1), std::nullopt).ok());
    EXPECT_TRUE(Hear(b).heard.ok());
  };
  EXPECT_TRUE(ReadAt(b, info.id) == evidence);
  EXPECT_TRUE(gone);
  EXPECT_THAT(*b.store->ListCommits("repo"), IsEmpty());
}

TEST_F(SharedIndexRacesTest, AMachineWhoseUploadIsAheadOfItsClockHearsTheOthers) {
  SharedIndexOptions seldom;
  seldom.compare_every = absl::Hours(1);
  const Node a = Start("a", seldom), b = Start("b", seldom);
  IndexStore::CommitOptions ahead;
  ahead.now = absl::Now() + absl::Hours(2);
  ASSERT_TRUE(a.store->Commit(Header(1), SmallContent(20, 3), ahead).ok());
  ASSERT_TRUE(Hear(b).heard.ok());
  EXPECT_GT(Put(b, Header(2), SmallContent(20, 3)).created, ahead.now);
  UploadHeader other = Header(3);
  other.job = JobKey{"other", {}};
  Put(a, other, SmallContent(20, 3));
  ASSERT_TRUE(Hear(b).heard.ok());
  EXPECT_THAT(*b.store->SegmentsAt("repo", Commit(3)), SizeIs(1));
}

TEST_F(SharedIndexRacesTest, WhoWroteANoteLastHasItsSayEverywhere) {
  const Node a = Start("a"), b = Start("b");
  NoteBatch put{.puts = {{"miss/repo/x", "a"}}, .answers_depend = true, .repository = "repo"};
  ASSERT_TRUE(a.store->WriteNotes(put).ok());
  put.puts[0].second = "b";
  ASSERT_TRUE(b.store->WriteNotes(put).ok());  // it has not heard of the other
  for (const Node* node : {&a, &b, &a}) {
    ASSERT_TRUE(Hear(*node).heard.ok());
  }
  EXPECT_THAT(a.store->GetNote("miss/repo/x"), IsOkAndHolds("b"));
  EXPECT_THAT(b.store->GetNote("miss/repo/x"), IsOkAndHolds("b"));
  // Whoever heard of a change makes a later one.
  ASSERT_TRUE(
      a.store
          ->WriteNotes({.deletes = {"miss/repo/x"}, .answers_depend = true, .repository = "repo"})
          .ok());
  ASSERT_TRUE(Hear(b).heard.ok());
  EXPECT_FALSE(b.store->GetNote("miss/repo/x").ok());
}

TEST_F(SharedIndexRacesTest, NotesThatAnswersDependOnAreToldOnceAnIndexIsShared) {
  {
    auto own = OpenRocksDbIndexStore({.path = dir_.path() + "/a"});
    ASSERT_TRUE(own.ok());
    ASSERT_TRUE((*own)->Commit(Header(1), SmallContent(20, 3), {}).ok());
    ASSERT_TRUE((*own)->PutNote("miss/repo/x", "1").ok());
  }
  const Node a = Start("a"), b = Start("b");
  ASSERT_TRUE(Hear(b).heard.ok());
  EXPECT_THAT(b.store->GetNote("miss/repo/x"), IsOkAndHolds("1"));
}

TEST_F(SharedIndexRacesTest, OutcomesThatAreReportedAgainReplaceTheFirstElsewhere) {
  const Node a = Start("a"), b = Start("b");
  const auto tell = [](const Node& node, const std::string& value) {
    EXPECT_TRUE(
        node.store->WriteNotes({.puts = {{"outcomes/repo/x", value}}, .repository = "repo"}).ok());
  };
  const auto hear_until = [](const Node& node, const std::string& value) {
    const absl::Time until = absl::Now() + absl::Minutes(1);
    const auto there = [&] {
      const auto note = node.store->GetNote("outcomes/repo/x");
      return note.ok() && *note == value;
    };
    while (!there() && absl::Now() < until) ASSERT_TRUE(node.store->RefreshNotes("repo").ok());
    ASSERT_TRUE(there());
  };
  tell(a, "1");
  hear_until(b, "1");
  tell(b, "2");
  hear_until(a, "2");
  ASSERT_TRUE(b.store->RefreshNotes("repo").ok());
  EXPECT_THAT(b.store->GetNote("outcomes/repo/x"), IsOkAndHolds("2"));
  const Node c = Start("c");
  hear_until(c, "2");
}

TEST_F(SharedIndexRacesTest, WhoWantsTheNewestHearsWhatWasDeletedToo) {
  SharedIndexOptions seldom;
  seldom.compare_every = absl::Hours(1);
  const Node a = Start("a", seldom), b = Start("b");
  Put(a, Header(1), SmallContent(20, 3));
  ASSERT_EQ(*b.store->Delete("repo", Commit(1), std::nullopt), 1u);
  ASSERT_TRUE(Hear(a).heard.ok());
  EXPECT_THAT(*a.store->SegmentsAt("repo", Commit(1)), SizeIs(1));
  ASSERT_TRUE(a.store->Refresh("repo", absl::ZeroDuration(), absl::InfiniteFuture()).heard.ok());
  EXPECT_THAT(*a.store->SegmentsAt("repo", Commit(1)), IsEmpty());
}

TEST_F(SharedIndexRacesTest, AnUploadThatAnotherMachineJustDeletedIsStoredAgain) {
  SharedIndexOptions seldom;
  seldom.compare_every = absl::Hours(1);
  const Node a = Start("a", seldom), b = Start("b");
  Put(a, Header(1), SmallContent(20, 3));
  ASSERT_EQ(*b.store->Delete("repo", Commit(1), std::nullopt), 1u);
  ASSERT_TRUE(Hear(a).heard.ok());
  EXPECT_THAT(*a.store->SegmentsAt("repo", Commit(1)), SizeIs(1));  // it is told once an hour
  Put(a, Header(1), SmallContent(20, 3));
  for (const Node* node : {&a, &b}) {
    ASSERT_TRUE(Hear(*node).heard.ok());
    EXPECT_THAT(*node->store->SegmentsAt("repo", Commit(1)), SizeIs(1));
  }
}

// What Hear says once it is `expected`, which is a second after an outage at the latest.
template <typename Heard>
IndexStore::Freshness HearUntil(const Heard& hear,
                                const std::function<bool(const absl::Status&)>& expected) {
  const absl::Time give_up = absl::Now() + absl::Minutes(1);
  IndexStore::Freshness news = hear();
  while (!expected(news.heard) && absl::Now() < give_up) news = hear();
  return news;
}

TEST_F(SharedIndexRacesTest, AMachineStartsAgainWhileTheFolderIsNotMountedAndMakesNoIndexThere) {
  namespace fs = std::filesystem;
  const NaiveEvidence evidence = MakeEvidence(1, 50, 20);
  const SegmentInfo info = Put(Start("a"), Header(1), ContentOf(evidence));
  fs::rename(Objects(), Objects() + ".away");
  fs::create_directory(Objects());
  const Node a = Start("a");
  EXPECT_THAT(KeysOf(""), IsEmpty());
  EXPECT_TRUE(Hear(a).usable);
  EXPECT_THAT(Hear(a).heard, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no index")));
  EXPECT_TRUE(ReadAt(a, info.id) == evidence);
  fs::remove_all(Objects());
  fs::rename(Objects() + ".away", Objects());
  const auto news =
      HearUntil([&] { return Hear(a); }, [](const absl::Status& s) { return s.ok(); });
  EXPECT_TRUE(news.heard.ok()) << news.heard;
}

// What is below a mount point is an empty folder, where everything could be written.
TEST_F(SharedIndexRacesTest, AFolderThatIsNotMountedTakesNoUploadsAndDeletesNothing) {
  namespace fs = std::filesystem;
  const Node a = Start("a"), b = Start("b");
  const SegmentInfo first = Put(a, Header(1), SmallContent(20, 3));
  ASSERT_TRUE(Hear(b).heard.ok());
  fs::rename(Objects(), Objects() + ".away");
  fs::create_directory(Objects());
  // Nobody has noticed yet.
  const NaiveEvidence evidence = MakeEvidence(1, 50, 20);
  EXPECT_THAT(a.store->Commit(Header(2), ContentOf(evidence), {}).status(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("is it mounted")));
  for (const Node* node : {&a, &b}) {
    const IndexStore::Freshness news = Hear(*node);
    EXPECT_TRUE(news.usable);
    EXPECT_THAT(news.heard, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("is it mounted")));
    EXPECT_THAT(*node->store->SegmentsAt("repo", Commit(1)), SizeIs(1));
    EXPECT_THAT(node->store->Commit(Header(3), SmallContent(21, 3), {}).status(),
                StatusIs(absl::StatusCode::kUnavailable));
  }
  EXPECT_TRUE(a.store->Open(first.id).ok());
  // Another index, of somebody who began anew there, is no better.
  const Node other = Start("other");
  const IndexStore::Freshness anew =
      HearUntil([&] { return Hear(a); },
                [](const absl::Status& s) { return absl::StrContains(s.message(), "another"); });
  EXPECT_THAT(anew.heard, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("another index")));
  fs::remove_all(Objects());
  fs::rename(Objects() + ".away", Objects());
  HearUntil([&] { return Hear(a); }, [](const absl::Status& s) { return s.ok(); });
  const SegmentInfo second = Put(a, Header(2), ContentOf(evidence));
  for (const Node* node : {&a, &b}) {
    HearUntil([&] { return Hear(*node); }, [](const absl::Status& s) { return s.ok(); });
    EXPECT_THAT(*node->store->ListCommits("repo"), SizeIs(2));
    EXPECT_TRUE(ReadAt(*node, second.id) == evidence);
  }
}

}  // namespace
}  // namespace testselect
