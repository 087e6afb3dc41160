#include "storage/segment_catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/unit/storage/storage_fixture.h"

namespace testselect {
namespace {

using ::testing::HasSubstr;

class SegmentCatalogTest : public testing::Test {
 protected:
  // Admits an upload; its id is made of `name`.
  Digest Admit(const std::string& name, UploadHeader header, uint32_t labels = 100,
               uint32_t files = 100, uint32_t dictionary_size = 100, uint32_t kinds = 0) {
    CatalogEntry entry;
    entry.info.id = Digest::Of(name);
    entry.info.header = std::move(header);
    entry.info.labels = labels;
    entry.info.files = files;
    entry.info.kinds = kinds;
    entry.info.created = absl::FromUnixSeconds(++clock_);
    entry.dictionary_size = dictionary_size;
    for (const CatalogEntry& e : catalog_.PlanAdmit(entry, 0.5)) catalog_.Put(e);
    return entry.info.id;
  }
  SegmentState State(const Digest& id) const { return catalog_.Find(id)->info.state; }

  SegmentCatalog catalog_;
  int64_t clock_ = 1'000'000;
};

TEST_F(SegmentCatalogTest, SealedOnceAllShardsAreThere) {
  const Digest a = Admit("a", Header(1, 0, 3)), b = Admit("b", Header(1, 2, 3));
  EXPECT_EQ(State(a), SegmentState::kBuilding);
  EXPECT_EQ(State(b), SegmentState::kBuilding);
  const Digest c = Admit("c", Header(1, 1, 3));
  for (const Digest& id : {a, b, c}) EXPECT_EQ(State(id), SegmentState::kSealed);
}

TEST_F(SegmentCatalogTest, ShardCountsAreSettledApart) {
  const Digest a = Admit("a", Header(1, 0, 2));
  const Digest b = Admit("b", Header(1, 0, 1));
  EXPECT_EQ(State(a), SegmentState::kBuilding);
  EXPECT_EQ(State(b), SegmentState::kSealed);
}

TEST_F(SegmentCatalogTest, AFullLaterAttemptSupersedes) {
  const Digest first = Admit("1", Header(1, 0, 2, 1)), other = Admit("o", Header(1, 1, 2, 1));
  const Digest second = Admit("2", Header(1, 0, 2, 2));
  EXPECT_EQ(State(first), SegmentState::kSuperseded);
  EXPECT_EQ(State(second), SegmentState::kSealed);
  EXPECT_EQ(State(other), SegmentState::kSealed);
}

TEST_F(SegmentCatalogTest, AnEarlierAttemptThatArrivesLateIsSupersededAtOnce) {
  const Digest second = Admit("2", Header(1, 0, 1, 2)), first = Admit("1", Header(1, 0, 1, 1));
  EXPECT_EQ(State(first), SegmentState::kSuperseded);
  EXPECT_EQ(State(second), SegmentState::kSealed);
}

TEST_F(SegmentCatalogTest, ASubsetLayersAndSupersedesNothing) {
  const Digest full = Admit("full", Header(1));
  UploadHeader header = Header(1, 0, 1, 2);
  header.completeness = Completeness::kSubset;
  const Digest subset = Admit("subset", header, 3, 3);
  EXPECT_EQ(State(full), SegmentState::kSealed);
  EXPECT_EQ(State(subset), SegmentState::kSealed);  // small, but it does not claim to be full
  const Digest third = Admit("third", Header(1, 0, 1, 3));
  EXPECT_EQ(State(full), SegmentState::kSuperseded);
  EXPECT_EQ(State(subset), SegmentState::kSuperseded);
  EXPECT_EQ(State(third), SegmentState::kSealed);
}

TEST_F(SegmentCatalogTest, OtherContentOfTheSameAttemptSupersedes) {
  const Digest a = Admit("a", Header(1)), b = Admit("b", Header(1));
  EXPECT_EQ(State(a), SegmentState::kSuperseded);
  EXPECT_EQ(State(b), SegmentState::kSealed);
}

TEST_F(SegmentCatalogTest, SuspiciouslySmallFullUploadsAreQuarantined) {
  Admit("base", Header(1), 100, 100);
  EXPECT_EQ(State(Admit("labels", Header(2), 49, 100)), SegmentState::kQuarantined);
  EXPECT_EQ(State(Admit("files", Header(3), 100, 49)), SegmentState::kQuarantined);
  EXPECT_EQ(State(Admit("half", Header(4), 50, 50)), SegmentState::kSealed);
}

TEST_F(SegmentCatalogTest, TheKeysOfAnImportedIndexAreNoFiles) {
  Admit("base", Header(1), 100, 100);
  const uint32_t keys = 1u << static_cast<int>(EvidenceKind::kIndexKey);
  EXPECT_EQ(State(Admit("keys", Header(2), 100, 10, 100, keys)), SegmentState::kSealed);
  EXPECT_EQ(State(Admit("fewer", Header(3), 100, 4, 100, keys)), SegmentState::kQuarantined);
  EXPECT_EQ(State(Admit("labels", Header(4), 49, 10, 100, keys)), SegmentState::kQuarantined);
}

TEST_F(SegmentCatalogTest, ATinyPredecessorQuarantinesNothing) {
  Admit("base", Header(1), 9, 9);
  EXPECT_EQ(State(Admit("one", Header(2), 1, 1)), SegmentState::kSealed);
}

TEST_F(SegmentCatalogTest, OtherShardsAndJobsAreNoPredecessor) {
  Admit("base", Header(1), 100, 100);
  EXPECT_NE(State(Admit("shard", Header(2, 0, 4), 25, 25)), SegmentState::kQuarantined);
  UploadHeader other_job = Header(2);
  other_job.job.name = "e2e";
  EXPECT_EQ(State(Admit("job", other_job, 5, 5)), SegmentState::kSealed);
}

TEST_F(SegmentCatalogTest, AQuarantinedAttemptSupersedesNothingUntilReleased) {
  const Digest full = Admit("full", Header(1), 100, 100);
  const Digest small = Admit("small", Header(1, 0, 1, 2), 10, 10);
  EXPECT_EQ(State(full), SegmentState::kSealed);
  EXPECT_EQ(State(small), SegmentState::kQuarantined);
  const auto changed = catalog_.PlanSeal("repo", Commit(1), Header(1).job, true);
  ASSERT_TRUE(changed.ok());
  for (const CatalogEntry& e : *changed) catalog_.Put(e);
  EXPECT_EQ(State(small), SegmentState::kSealed);
  EXPECT_EQ(State(full), SegmentState::kSuperseded);
}

TEST_F(SegmentCatalogTest, SealingByRequest) {
  const Digest a = Admit("a", Header(1, 0, 3));
  const auto changed = catalog_.PlanSeal("repo", Commit(1), Header(1).job, false);
  ASSERT_TRUE(changed.ok());
  ASSERT_EQ(changed->size(), 1u);
  EXPECT_EQ((*changed)[0].info.id, a);
  EXPECT_EQ((*changed)[0].info.state, SegmentState::kSealed);
  EXPECT_THAT(catalog_.PlanSeal("repo", Commit(9), Header(1).job, false).status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no segment of job unit")));
}

TEST_F(SegmentCatalogTest, TimesOrderTheSegmentsOfAJob) {
  const Digest a = Admit("a", Header(1));
  clock_ -= 1'000;  // a clock that was set back
  const Digest b = Admit("b", Header(2));
  EXPECT_GT(catalog_.Find(b)->info.created, catalog_.Find(a)->info.created);
  EXPECT_EQ(catalog_.ListCommits("repo")[0].commit, Commit(2));
}

TEST_F(SegmentCatalogTest, ParallelShardsDoNotReplaceAGreaterDictionary) {
  const Digest a = Admit("a", Header(1, 0, 2), 100, 100, 500);
  Admit("b", Header(1, 1, 2), 100, 100, 300);
  EXPECT_EQ(catalog_.NewestDictionary("repo", Header(1).job)->info.id, a);
  const Digest grown = Admit("c", Header(2, 0, 2), 100, 100, 520);
  EXPECT_EQ(catalog_.NewestDictionary("repo", Header(1).job)->info.id, grown);
  const Digest renumbered = Admit("d", Header(3), 100, 100, 200);
  EXPECT_EQ(catalog_.NewestDictionary("repo", Header(1).job)->info.id, renumbered);
}

TEST_F(SegmentCatalogTest, AFullUploadIsLikeTheFullOneBeforeNotWhatWasAddedSince) {
  const Digest full = Admit("full", Header(1)), shard = Admit("shard", Header(2, 1, 2));
  UploadHeader added = Header(1);
  added.completeness = Completeness::kAdded;
  const Digest extra = Admit("added", added);
  UploadHeader subset = Header(3);
  subset.completeness = Completeness::kSubset;
  EXPECT_EQ(catalog_.MostAlike(Header(4))->info.id, full);
  EXPECT_EQ(catalog_.MostAlike(Header(4, 1, 2))->info.id, shard);
  EXPECT_EQ(catalog_.MostAlike(added)->info.id, extra);
  EXPECT_EQ(catalog_.MostAlike(subset)->info.id, full);
}

// What was added to an upload stays with a newer one of the same attempt, and goes with the
// attempt.
TEST_F(SegmentCatalogTest, WhatWasAddedGoesWithItsAttempt) {
  const Digest first = Admit("1", Header(1, 0, 1, 1));
  UploadHeader added = Header(1, 0, 1, 1);
  added.completeness = Completeness::kAdded;
  const Digest extra = Admit("added", added), again = Admit("again", Header(1, 0, 1, 1));
  EXPECT_EQ(State(first), SegmentState::kSuperseded);
  EXPECT_EQ(State(extra), SegmentState::kSealed);
  EXPECT_EQ(State(again), SegmentState::kSealed);
  Admit("2", Header(1, 0, 1, 2));
  EXPECT_EQ(State(extra), SegmentState::kSuperseded);
}

TEST_F(SegmentCatalogTest, BranchesDoNotTakeEachOthersPlace) {
  UploadHeader topic = Header(1);
  topic.branch = "topic";
  const Digest trusted = Admit("main", Header(1)), other = Admit("topic", topic);
  EXPECT_EQ(State(trusted), SegmentState::kSealed);
  EXPECT_EQ(State(other), SegmentState::kSealed);
}

TEST_F(SegmentCatalogTest, EraseLeavesNothingBehind) {
  const Digest a = Admit("a", Header(1));
  catalog_.Erase(a);
  catalog_.Erase(a);
  EXPECT_EQ(catalog_.size(), 0u);
  EXPECT_TRUE(catalog_.Repositories().empty());
  EXPECT_TRUE(catalog_.SegmentsAt("repo", Commit(1)).empty());
  EXPECT_EQ(catalog_.MostAlike(Header(1)), nullptr);
}

}  // namespace
}  // namespace testselect
