#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "storage/model/varint.h"
#include "storage/rocksdb_index_store.h"
#include "storage/segment_row.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/storage/storage_fixture.h"

namespace testselect {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class RocksDbOpenTest : public testing::Test {
 protected:
  RocksDbOptions Options(absl::Duration lock_wait = absl::ZeroDuration()) const {
    RocksDbOptions options;
    options.path = dir_.path() + "/store";
    options.lock_wait = lock_wait;
    return options;
  }
  // Changes the store's bytes behind its back.
  void PutRow(const std::string& key, const std::string& value) {
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* raw = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(rocksdb::DBOptions(), Options().path,
                                  {{"default", {}}, {"blobs", {}}, {"derived", {}}}, &handles, &raw)
                    .ok());
    std::unique_ptr<rocksdb::DB> db(raw);
    ASSERT_TRUE(db->Put(rocksdb::WriteOptions(), key, value).ok());
    for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
  }

  TempDir dir_;
};

TEST_F(RocksDbOpenTest, EverythingIsThereAfterReopening) {
  const NaiveEvidence evidence = MakeEvidence(1, 50, 20);
  SegmentInfo info;
  {
    auto store = OpenRocksDbIndexStore(Options());
    ASSERT_TRUE(store.ok()) << store.status();
    info = *(*store)->Commit(Header(1, 0, 2), ContentOf(evidence), {});
    ASSERT_TRUE((*store)->Seal("repo", Commit(1), Header(1).job, false).ok());
    ASSERT_TRUE((*store)->PutNote("note", "value").ok());
  }
  auto store = OpenRocksDbIndexStore(Options());
  ASSERT_TRUE(store.ok()) << store.status();
  const auto segments = *(*store)->SegmentsAt("repo", Commit(1));
  ASSERT_EQ(segments.size(), 1u);
  EXPECT_EQ(segments[0].id, info.id);
  EXPECT_EQ(segments[0].created, info.created);
  EXPECT_EQ(segments[0].state, SegmentState::kSealed);
  EXPECT_EQ(segments[0].pairs, info.pairs);
  EXPECT_TRUE(Read(**(*store)->Open(info.id)) == evidence);
  EXPECT_EQ(*(*store)->GetNote("note"), "value");
  EXPECT_GT((*store)->Stats()->bytes_on_disk, 0u);
}

TEST_F(RocksDbOpenTest, AnotherFormatVersionIsRefused) {
  { ASSERT_TRUE(OpenRocksDbIndexStore(Options()).ok()); }
  std::string body = "testselect";
  PutVarint(&body, 7);
  PutRow("v", SealRow("v", body));
  EXPECT_THAT(OpenRocksDbIndexStore(Options()).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("format version 7"), HasSubstr("knows version 1 only"))));
}

TEST_F(RocksDbOpenTest, AForeignDatabaseIsRefused) {
  rocksdb::Options create;
  create.create_if_missing = true;
  rocksdb::DB* raw = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(create, Options().path, &raw).ok());
  std::unique_ptr<rocksdb::DB> db(raw);
  ASSERT_TRUE(db->Put(rocksdb::WriteOptions(), "somebody's", "data").ok());
  db.reset();
  EXPECT_THAT(
      OpenRocksDbIndexStore(Options()).status(),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("it is not a TestSelect store")));
  ASSERT_TRUE(rocksdb::DB::OpenForReadOnly(rocksdb::Options(), Options().path, &raw).ok() ||
              raw == nullptr);
  delete raw;
}

TEST_F(RocksDbOpenTest, ADirectoryWithOtherFilesIsRefused) {
  std::filesystem::create_directories(Options().path);
  std::ofstream(Options().path + "/holiday.jpg") << "x";
  EXPECT_THAT(OpenRocksDbIndexStore(Options()).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("holds other files")));
}

TEST_F(RocksDbOpenTest, AFileIsRefused) {
  std::ofstream(Options().path) << "x";
  EXPECT_THAT(OpenRocksDbIndexStore(Options()).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("store")));
}

TEST_F(RocksDbOpenTest, ADirectoryThatCannotBeWrittenIsRefused) {
  if (geteuid() == 0) GTEST_SKIP() << "the superuser may write everywhere";
  std::filesystem::permissions(
      dir_.path(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  EXPECT_TRUE(absl::IsPermissionDenied(OpenRocksDbIndexStore(Options()).status()));
  std::filesystem::permissions(dir_.path(), std::filesystem::perms::owner_all);
}

TEST_F(RocksDbOpenTest, ASecondOpeningWaitsForTheFirst) {
  auto first = OpenRocksDbIndexStore(Options());
  ASSERT_TRUE(first.ok());
  EXPECT_THAT(OpenRocksDbIndexStore(Options(absl::Milliseconds(20))).status(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("another process has it open")));
  absl::StatusOr<std::unique_ptr<IndexStore>> second = absl::UnknownError("not tried");
  std::thread waiting([&] { second = OpenRocksDbIndexStore(Options(absl::Seconds(60))); });
  first->reset();
  waiting.join();
  EXPECT_TRUE(second.ok()) << second.status();
}

TEST_F(RocksDbOpenTest, ASegmentOutlivesItsStore) {
  auto store = OpenRocksDbIndexStore(Options());
  ASSERT_TRUE(store.ok());
  const SegmentInfo info = *(*store)->Commit(Header(1), SmallContent(5, 5), {});
  const auto segment = *(*store)->Open(info.id);
  store->reset();
  EXPECT_EQ(segment->labels()->size(), 5u);
  const auto file = segment->FindFile("f0");
  EXPECT_TRUE(file.ok() || absl::IsUnavailable(file.status())) << file.status();
  EXPECT_TRUE(OpenRocksDbIndexStore(Options()).ok());  // nothing holds the lock
}

}  // namespace
}  // namespace testselect
