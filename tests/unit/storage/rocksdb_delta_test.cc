// How little a further commit takes.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "storage/rocksdb_index_store.h"
#include "tests/unit/storage/storage_fixture.h"

namespace testselect {
namespace {

class RocksDbDeltaTest : public testing::Test {
 protected:
  void SetUp() override {
    RocksDbOptions options;
    options.path = dir_.path() + "/store";
    store_ = *OpenRocksDbIndexStore(options);
  }
  void Put(uint32_t commit, const NaiveEvidence& evidence) {
    const auto dictionary = store_->NewestDictionary("repo", Header(1).job);
    ASSERT_TRUE(dictionary.ok());
    const auto info = store_->Commit(Header(commit), ContentOf(evidence, *dictionary), {});
    ASSERT_TRUE(info.ok()) << info.status();
    ids_.push_back(info->id);
  }
  uint64_t BytesWhenCompact() {
    EXPECT_TRUE(store_->Compact().ok());
    return store_->Stats()->bytes_on_disk;
  }

  TempDir dir_;
  std::unique_ptr<IndexStore> store_;
  std::vector<Digest> ids_;
};

TEST_F(RocksDbDeltaTest, AFurtherCommitIsAPatch) {
  const uint64_t empty = BytesWhenCompact();
  NaiveEvidence evidence = MakeEvidence(1, 500, 200);
  Put(1, evidence);
  const uint64_t first = BytesWhenCompact();
  auto& lines = evidence.lines.begin()->second;  // one label executed one line more
  lines.insert(77);
  Put(2, evidence);
  const uint64_t second = BytesWhenCompact();
  EXPECT_LT(second - first, (first - empty) / 20)
      << "first " << first - empty << ", further " << second - first;
}

TEST_F(RocksDbDeltaTest, LongChainsStayReadableWhateverIsDeleted) {
  constexpr uint32_t kCommits = 25;  // several times the greatest patch depth
  std::vector<NaiveEvidence> all;
  for (uint32_t c = 0; c < kCommits; ++c) {
    all.push_back(MakeEvidence(1, 150, 40, c, 5));
    Put(c, all.back());
  }
  const uint64_t before = BytesWhenCompact();
  for (uint32_t c = 0; c < kCommits; ++c) {
    if (c % 5 != 4) {
      ASSERT_TRUE(store_->Delete("repo", Commit(c), std::nullopt).ok());
    }
  }
  for (uint32_t c = 4; c < kCommits; c += 5) {
    const auto segment = store_->Open(ids_[c]);
    ASSERT_TRUE(segment.ok()) << segment.status();
    EXPECT_TRUE(Read(**segment) == all[c]) << c;
  }
  EXPECT_LT(BytesWhenCompact(), before);
}

TEST_F(RocksDbDeltaTest, DeletingAllGivesTheSpaceBack) {
  const uint64_t empty = BytesWhenCompact();
  for (uint32_t c = 0; c < 4; ++c) Put(c, MakeEvidence(c, 300, 60));
  const uint64_t full = BytesWhenCompact();
  for (uint32_t c = 0; c < 4; ++c) {
    ASSERT_TRUE(store_->Delete("repo", Commit(c), std::nullopt).ok());
  }
  EXPECT_LT(BytesWhenCompact(), empty + (full - empty) / 10);
}

// A deleted segment that is still read keeps its blobs; the next clean-up after that frees them.
TEST_F(RocksDbDeltaTest, ReadersOfDeletedSegmentsDelayTheCleanUp) {
  const NaiveEvidence evidence = MakeEvidence(1, 400, 80);
  const uint64_t empty = BytesWhenCompact();
  Put(1, evidence);
  const uint64_t full = BytesWhenCompact();
  auto segment = *store_->Open(ids_[0]);
  ASSERT_TRUE(store_->Delete("repo", Commit(1), std::nullopt).ok());
  EXPECT_GT(BytesWhenCompact(), empty + (full - empty) / 2);
  EXPECT_TRUE(Read(*segment) == evidence);
  segment.reset();
  EXPECT_LT(BytesWhenCompact(), empty + (full - empty) / 10);
}

}  // namespace
}  // namespace testselect
