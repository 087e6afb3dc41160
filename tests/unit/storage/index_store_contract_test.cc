// What every engine of IndexStore must do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "absl/strings/str_cat.h"
#include "storage/file_record.h"
#include "storage/index_store.h"
#include "storage/memory_index_store.h"
#include "storage/rocksdb_index_store.h"
#include "storage/shared_index_store.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/storage/storage_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

const JobKey kUnit{"unit", {}};

class IndexStoreContractTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (std::string(GetParam()) == "Memory") {
      store_ = NewMemoryIndexStore();
      return;
    }
    RocksDbOptions options;
    options.path = dir_.path() + "/store";
    if (std::string(GetParam()) == "Shared") {
      std::filesystem::create_directory(dir_.path() + "/objects");
      auto objects = OpenObjectStore({.url = "file://" + dir_.path() + "/objects"});
      ASSERT_TRUE(objects.ok()) << objects.status();
      auto opened = OpenSharedIndexStore(*std::move(objects), {.local = options});
      ASSERT_TRUE(opened.ok()) << opened.status();
      store_ = *std::move(opened);
      return;
    }
    auto opened = OpenRocksDbIndexStore(options);
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }

  SegmentInfo Put(const UploadHeader& header, const SegmentContent& content) {
    const auto info = store_->Commit(header, content, {});
    EXPECT_TRUE(info.ok()) << info.status();
    return info.ok() ? *info : SegmentInfo();
  }
  std::shared_ptr<const Segment> Open(const Digest& id) {
    const auto segment = store_->Open(id);
    EXPECT_TRUE(segment.ok()) << segment.status();
    return segment.ok() ? *segment : nullptr;
  }

  TempDir dir_;
  std::unique_ptr<IndexStore> store_;
};

TEST_P(IndexStoreContractTest, AnEmptyStoreKnowsNothing) {
  EXPECT_THAT(store_->Repositories(), IsEmpty());
  EXPECT_THAT(*store_->SegmentsAt("repo", Commit(1)), IsEmpty());
  EXPECT_THAT(*store_->ListCommits("repo"), IsEmpty());
  EXPECT_THAT(*store_->CommitsWithTree("repo", Commit(1)), IsEmpty());
  EXPECT_EQ(*store_->NewestDictionary("repo", kUnit), nullptr);
  EXPECT_THAT(store_->Open(Digest::Of("x")).status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no segment")));
  EXPECT_THAT(store_->Delete("repo", Commit(1), std::nullopt).status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no segment")));
  EXPECT_THAT(store_->Seal("repo", Commit(1), kUnit, false).status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no segment")));
  EXPECT_EQ(store_->Stats()->segments, 0u);
}

TEST_P(IndexStoreContractTest, ReadsBackWhatWasCommitted) {
  const NaiveEvidence evidence = MakeEvidence(1, 120, 40);
  SegmentBuilder builder(nullptr);
  FeedByLabel(evidence, &builder);
  builder.MarkRan("never executed anything");
  builder.AddOutcome("tests/test_0.py::test_0", {Outcome::kFailed, 0.125, false});
  const SegmentContent content = *std::move(builder).Finish();
  const SegmentInfo info = Put(Header(1), content);
  EXPECT_EQ(info.state, SegmentState::kSealed);
  EXPECT_EQ(info.pairs, evidence.Pairs());
  EXPECT_EQ(info.labels, 121u);
  EXPECT_EQ(info.files, 40u);

  const auto segment = Open(info.id);
  EXPECT_TRUE(segment->info().header == Header(1));
  EXPECT_TRUE(Read(*segment) == evidence);
  EXPECT_TRUE(segment->ran() == content.ran);
  EXPECT_TRUE(**segment->EmptyEvidence() == content.empty_evidence);
  const auto outcomes = segment->Outcomes();
  ASSERT_TRUE(outcomes.ok());
  ASSERT_EQ((*outcomes)->size(), 121u);
  EXPECT_EQ((**outcomes)[segment->labels()->Find("tests/test_0.py::test_0")],
            (LabelOutcome{Outcome::kFailed, 0.125, false}));
  for (const EncodedFile& file : content.files) {
    const auto found = segment->FindFile(file.path);
    ASSERT_TRUE(found.ok() && *found != nullptr) << file.path;
    EXPECT_EQ((*found)->path, file.path);
    EXPECT_EQ(EncodeFileRecord(**found), file.record);
  }
  for (const char* absent : {"", "a", "src/pkg0/file0.pyc", "zzz"}) {
    EXPECT_EQ(*segment->FindFile(absent), nullptr) << absent;
  }
}

TEST_P(IndexStoreContractTest, WithoutOutcomesAllAreUnknown) {
  const auto segment = Open(Put(Header(1), SmallContent(3, 1)).id);
  EXPECT_EQ(**segment->Outcomes(), std::vector<LabelOutcome>(3));
}

TEST_P(IndexStoreContractTest, ForEachFileStopsWhenTold) {
  const auto segment = Open(Put(Header(1), SmallContent(1, 9)).id);
  std::vector<std::string> seen;
  ASSERT_TRUE(segment
                  ->ForEachFile([&](const FileEvidence& file) {
                    seen.push_back(file.path);
                    return seen.size() < 3;
                  })
                  .ok());
  EXPECT_THAT(seen, ElementsAre("f0", "f1", "f2"));
}

TEST_P(IndexStoreContractTest, TheSameUploadTwiceIsOneSegment) {
  const SegmentContent content = SmallContent(20, 3);
  const SegmentInfo first = Put(Header(1), content);
  const uint64_t generation = store_->generation();
  const SegmentInfo again = Put(Header(1), content);
  EXPECT_EQ(again.id, first.id);
  EXPECT_EQ(again.created, first.created);
  EXPECT_EQ(store_->generation(), generation);
  EXPECT_EQ(store_->SegmentsAt("repo", Commit(1))->size(), 1u);
}

// The second upload is numbered by a dictionary that has grown meanwhile.
TEST_P(IndexStoreContractTest, TheSameUploadTwiceIsOneSegmentThoughLabelsCameBetween) {
  const NaiveEvidence evidence = MakeEvidence(3, 20, 4);
  const SegmentInfo first = Put(Header(1), ContentOf(evidence));
  UploadHeader subset = Header(2);
  subset.completeness = Completeness::kSubset;
  SegmentBuilder other(*store_->NewestDictionary("repo", kUnit));
  other.MarkRan("a new label");
  Put(subset, *std::move(other).Finish());
  const auto dictionary = *store_->NewestDictionary("repo", kUnit);
  EXPECT_NE(dictionary->Find("a new label"), kNoLabel);
  EXPECT_EQ(Put(Header(1), ContentOf(evidence, dictionary)).id, first.id);
}

TEST_P(IndexStoreContractTest, StatesFollowTheShards) {
  const SegmentInfo a = Put(Header(1, 0, 2), SmallContent(20, 20, "a"));
  EXPECT_EQ(a.state, SegmentState::kBuilding);
  EXPECT_EQ(Put(Header(1, 1, 2), SmallContent(20, 20, "b")).state, SegmentState::kSealed);
  EXPECT_EQ(Open(a.id)->info().state, SegmentState::kSealed);
  const SegmentInfo retried = Put(Header(1, 0, 2, 2), SmallContent(21, 20, "a"));
  EXPECT_EQ(retried.state, SegmentState::kSealed);
  EXPECT_EQ(Open(a.id)->info().state, SegmentState::kSuperseded);
  const auto segments = *store_->SegmentsAt("repo", Commit(1));
  ASSERT_EQ(segments.size(), 3u);  // by shard, then attempt
  EXPECT_EQ(segments[0].id, a.id);
  EXPECT_EQ(segments[1].id, retried.id);
  const StoreStats stats = *store_->Stats();
  EXPECT_EQ(stats.segments, 3u);
  EXPECT_EQ(stats.segments_by_state[static_cast<int>(SegmentState::kSealed)], 2u);
  EXPECT_EQ(stats.segments_by_state[static_cast<int>(SegmentState::kSuperseded)], 1u);
}

TEST_P(IndexStoreContractTest, QuarantineAndSeal) {
  Put(Header(1), SmallContent(100, 20));
  const SegmentInfo small = Put(Header(2), SmallContent(10, 20));
  EXPECT_EQ(small.state, SegmentState::kQuarantined);
  EXPECT_THAT(*store_->Seal("repo", Commit(2), kUnit, false), IsEmpty());
  const auto sealed = *store_->Seal("repo", Commit(2), kUnit, true);
  ASSERT_EQ(sealed.size(), 1u);
  EXPECT_EQ(sealed[0].id, small.id);
  EXPECT_EQ(Open(small.id)->info().state, SegmentState::kSealed);
  EXPECT_THAT(*store_->Seal("repo", Commit(2), kUnit, true), IsEmpty());

  IndexStore::CommitOptions unchecked;
  unchecked.quarantine_below = 0;
  EXPECT_EQ(store_->Commit(Header(3), SmallContent(1, 1), unchecked)->state, SegmentState::kSealed);
}

TEST_P(IndexStoreContractTest, ListsCommitsNewestFirst) {
  IndexStore::CommitOptions options;
  for (uint32_t commit : {5, 3, 4}) {
    options.now = absl::FromUnixSeconds(1'700'000'000 + commit);
    ASSERT_TRUE(store_->Commit(Header(commit), SmallContent(5, 5), options).ok());
  }
  UploadHeader other = Header(9);
  other.repository = "another";
  other.tree = Header(3).tree;
  Put(other, SmallContent(1, 1));
  EXPECT_THAT(store_->Repositories(), ElementsAre("another", "repo"));
  std::vector<ObjectId> commits;
  const std::vector<IndexedCommit> listed = *store_->ListCommits("repo");
  for (const IndexedCommit& c : listed) {
    commits.push_back(c.commit);
    EXPECT_EQ(c.segments.size(), 1u);
    EXPECT_EQ(c.tree, c.segments[0].header.tree);
  }
  // Commit 3 came after 5, though its clock said otherwise.
  EXPECT_THAT(commits, ElementsAre(Commit(4), Commit(3), Commit(5)));
  EXPECT_THAT(*store_->CommitsWithTree("repo", Header(3).tree), ElementsAre(Commit(3)));
  EXPECT_THAT(*store_->CommitsWithTree("repo", ObjectId()), IsEmpty());
}

TEST_P(IndexStoreContractTest, DictionariesGrowFromUploadToUpload) {
  const auto first = Open(Put(Header(1), SmallContent(10, 1)).id)->labels();
  auto newest = *store_->NewestDictionary("repo", kUnit);
  EXPECT_EQ(newest->id(), first->id());
  SegmentBuilder builder(newest);
  for (int i = 5; i < 15; ++i) builder.MarkRan(absl::StrCat("t", i));
  const SegmentContent content = *std::move(builder).Finish();
  const auto second = Open(Put(Header(2), content).id)->labels();
  EXPECT_EQ(second->size(), 15u);
  for (LabelNumber n = 0; n < 10; ++n) EXPECT_EQ(second->Name(n), first->Name(n));
  EXPECT_EQ((*store_->NewestDictionary("repo", kUnit))->id(), second->id());
  EXPECT_EQ(*store_->NewestDictionary("repo", JobKey{"e2e", {}}), nullptr);
}

TEST_P(IndexStoreContractTest, DeletedSegmentsAreGoneButOpenOnesStayReadable) {
  const NaiveEvidence one = MakeEvidence(1, 60, 30), two = MakeEvidence(1, 60, 30, 1, 20);
  const SegmentInfo a = Put(Header(1), ContentOf(one));
  const SegmentInfo b = Put(Header(2), ContentOf(two, *store_->NewestDictionary("repo", kUnit)));
  const auto open = Open(a.id);
  const uint64_t generation = store_->generation();
  EXPECT_EQ(*store_->Delete("repo", Commit(1), std::nullopt), 1u);
  EXPECT_NE(store_->generation(), generation);
  EXPECT_TRUE(absl::IsNotFound(store_->Open(a.id).status()));
  EXPECT_THAT(*store_->SegmentsAt("repo", Commit(1)), IsEmpty());
  EXPECT_TRUE(Read(*open) == one);
  EXPECT_TRUE(Read(*Open(b.id)) == two);  // though it was kept as patches of the other
  ASSERT_TRUE(store_->Compact().ok());
  EXPECT_TRUE(Read(*open) == one);
  EXPECT_TRUE(Read(*Open(b.id)) == two);
  EXPECT_EQ(Put(Header(1), ContentOf(one)).id, a.id);  // it may come again
}

TEST_P(IndexStoreContractTest, DeletesOneJobOfACommit) {
  UploadHeader e2e = Header(1);
  e2e.job.name = "e2e";
  Put(Header(1), SmallContent(3, 3));
  Put(e2e, SmallContent(3, 3));
  EXPECT_EQ(*store_->Delete("repo", Commit(1), kUnit), 1u);
  ASSERT_EQ(store_->SegmentsAt("repo", Commit(1))->size(), 1u);
  EXPECT_EQ((*store_->SegmentsAt("repo", Commit(1)))[0].header.job.name, "e2e");
}

TEST_P(IndexStoreContractTest, BadUploadsAreRefusedAndNothingIsStored) {
  UploadHeader header = Header(1);
  header.shard_count = 0;
  EXPECT_THAT(store_->Commit(header, SmallContent(1, 1), {}).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("shard_count: 0")));
  SegmentContent content = SmallContent(3, 3);
  std::swap(content.files[0], content.files[1]);
  EXPECT_THAT(store_->Commit(Header(1), content, {}).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("out of order")));
  content = SmallContent(3, 3);
  content.ran.Add(64);
  EXPECT_THAT(store_->Commit(Header(1), content, {}).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("without a name")));
  content = SmallContent(3, 3);
  content.outcomes.resize(2);
  EXPECT_THAT(store_->Commit(Header(1), content, {}).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("2 are given for 3")));
  content = SmallContent(3, 3);
  content.labels[2] = content.labels[0];
  EXPECT_THAT(store_->Commit(Header(1), content, {}).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("numbered twice")));
  EXPECT_EQ(store_->Stats()->segments, 0u);
}

TEST_P(IndexStoreContractTest, DerivedValuesAreKeptByName) {
  EXPECT_TRUE(absl::IsNotFound(store_->GetDerived("python.1:x").status()));
  ASSERT_TRUE(store_->PutDerived("python.1:x", "units").ok());
  ASSERT_TRUE(store_->PutDerived("python.1:x", "other units").ok());
  EXPECT_EQ(store_->GetDerived("python.1:x").value_or(""), "other units");
}

TEST_P(IndexStoreContractTest, NotesThatAnswersDependOnChangeTogetherAndChangeTheGeneration) {
  ASSERT_TRUE(store_->PutNote("a", "old").ok());
  ASSERT_TRUE(store_->PutNote("b", "old").ok());
  const uint64_t before = store_->generation();
  ASSERT_TRUE(store_
                  ->WriteNotes(
                      {.puts = {{"a", "new"}, {"c", ""}}, .deletes = {"b"}, .answers_depend = true})
                  .ok());
  EXPECT_THAT(*store_->NotesWithPrefix(""), ElementsAre(Pair("a", "new"), Pair("c", "")));
  EXPECT_NE(store_->generation(), before);
}

TEST_P(IndexStoreContractTest, Notes) {
  EXPECT_THAT(store_->GetNote("a").status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no note a")));
  const std::string binary("\0\xff\n", 3);
  ASSERT_TRUE(store_->PutNote("a/1", "one").ok());
  ASSERT_TRUE(store_->PutNote("a/2", binary).ok());
  ASSERT_TRUE(store_->PutNote("b", "other").ok());
  ASSERT_TRUE(store_->PutNote("a/1", "uno").ok());
  EXPECT_EQ(*store_->GetNote("a/1"), "uno");
  EXPECT_THAT(*store_->NotesWithPrefix("a/"), ElementsAre(Pair("a/1", "uno"), Pair("a/2", binary)));
  EXPECT_EQ(store_->NotesWithPrefix("")->size(), 3u);
  ASSERT_TRUE(store_->DeleteNote("a/1").ok());
  ASSERT_TRUE(store_->DeleteNote("a/1").ok());
  EXPECT_THAT(*store_->NotesWithPrefix("a/"), ElementsAre(Pair("a/2", binary)));
}

TEST_P(IndexStoreContractTest, NotesAreWrittenTogether) {
  ASSERT_TRUE(store_->PutNote("a/1", "one").ok());
  const uint64_t generation = store_->generation();
  ASSERT_TRUE(
      store_->WriteNotes({.puts = {{"a/2", "two"}, {"a/3", "three"}}, .deletes = {"a/1", "none"}})
          .ok());
  EXPECT_THAT(*store_->NotesWithPrefix("a/"),
              ElementsAre(Pair("a/2", "two"), Pair("a/3", "three")));
  EXPECT_EQ(store_->generation(), generation) << "no answer depends on them";
}

// Writers of different commits, a deleter and readers at once: every segment that can be opened is
// whole, and what was acknowledged and not deleted is there at the end.
TEST_P(IndexStoreContractTest, ReadersAndWritersAtOnce) {
  constexpr uint32_t kWriters = 3, kCommits = 8;
  const NaiveEvidence evidence = MakeEvidence(2, 40, 12);
  const SegmentContent content = ContentOf(evidence);
  std::atomic<uint32_t> writing = kWriters, torn = 0;
  std::vector<std::thread> threads;
  for (uint32_t w = 0; w < kWriters; ++w) {
    threads.emplace_back([&, w] {
      for (uint32_t c = 0; c < kCommits; ++c) {
        const uint32_t commit = w * 100 + c;
        if (!store_->Commit(Header(commit), content, {}).ok()) ++torn;
        if (c % 4 == 3 && !store_->Delete("repo", Commit(commit), std::nullopt).ok()) ++torn;
      }
      --writing;
    });
  }
  for (int r = 0; r < 2; ++r) {
    threads.emplace_back([&] {
      while (writing > 0) {
        const std::vector<IndexedCommit> listed = *store_->ListCommits("repo");
        for (const IndexedCommit& c : listed) {
          const auto segment = store_->Open(c.segments[0].id);
          if (absl::IsNotFound(segment.status())) continue;  // deleted meanwhile
          if (!segment.ok() || !(Read(**segment) == evidence)) ++torn;
        }
        if (!store_->Stats().ok() || !store_->NewestDictionary("repo", kUnit).ok()) ++torn;
      }
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(torn, 0u);
  EXPECT_EQ(store_->ListCommits("repo")->size(), kWriters * kCommits * 3 / 4);
}

INSTANTIATE_TEST_SUITE_P(Engines, IndexStoreContractTest,
                         testing::Values("Memory", "RocksDb", "Shared"),
                         [](const auto& engine) { return std::string(engine.param); });

}  // namespace
}  // namespace testselect
