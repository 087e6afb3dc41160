// Damaged bytes: an error that says so, never a crash and never an answer with something missing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "storage/rocksdb_index_store.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/storage/storage_fixture.h"

namespace testselect {
namespace {

namespace fs = std::filesystem;

class RocksDbCorruptionTest : public testing::Test {
 protected:
  void SetUp() override {
    auto store = OpenRocksDbIndexStore(Options());
    ASSERT_TRUE(store.ok()) << store.status();
    SegmentBuilder first(nullptr);
    FeedByLabel(one_, &first);
    first.AddOutcome("tests/test_0.py::test_0", {Outcome::kFailed, 1, false});
    a_ = *(*store)->Commit(Header(1), *std::move(first).Finish(), {});
    b_ = *(*store)->Commit(Header(2),
                           ContentOf(two_, *(*store)->NewestDictionary("repo", Header(1).job)), {});
    ASSERT_TRUE((*store)->PutNote("note", "value").ok());
    ASSERT_TRUE((*store)->Compact().ok());
  }
  RocksDbOptions Options() const {
    RocksDbOptions options;
    options.path = dir_.path() + "/store";
    return options;
  }

  // Opens the store and reads everything. Either all is as it was, or a kDataLoss says that it is
  // not. Returns whether damage was found.
  bool DamageFound() {
    auto store = OpenRocksDbIndexStore(Options());
    if (!store.ok()) {
      EXPECT_TRUE(absl::IsDataLoss(store.status()) || absl::IsFailedPrecondition(store.status()))
          << store.status();
      return true;
    }
    bool found = false;
    const auto check = [&](const absl::Status& status) {
      EXPECT_TRUE(status.ok() || absl::IsDataLoss(status)) << status;
      found |= !status.ok();
      return status.ok();
    };
    for (const auto& [info, want] : {std::pair(&a_, &one_), std::pair(&b_, &two_)}) {
      const auto segment = (*store)->Open(info->id);
      if (!check(segment.status())) continue;
      const absl::Status walked = (*segment)->ForEachFile([](const FileEvidence&) { return true; });
      if (check(walked)) {
        EXPECT_TRUE(Read(**segment) == *want);
      }
      check((*segment)->FindFile("src/pkg0/file3.py").status());
      check((*segment)->Outcomes().status());
      check((*segment)->EmptyEvidence().status());
    }
    const auto note = (*store)->GetNote("note");
    if (check(note.status())) {
      EXPECT_EQ(*note, "value");
    }
    return found;
  }

  TempDir dir_;
  const NaiveEvidence one_ = MakeEvidence(1, 80, 30), two_ = MakeEvidence(1, 80, 30, 1, 20);
  SegmentInfo a_, b_;
};

// Changes a value below our checksums and above RocksDB's own.
TEST_F(RocksDbCorruptionTest, EveryStoredValueIsChecked) {
  const auto open = [&](std::vector<rocksdb::ColumnFamilyHandle*>* handles) {
    rocksdb::DB* raw = nullptr;
    EXPECT_TRUE(rocksdb::DB::Open(rocksdb::DBOptions(), Options().path,
                                  {{"default", {}}, {"blobs", {}}, {"derived", {}}}, handles, &raw)
                    .ok());
    return std::unique_ptr<rocksdb::DB>(raw);
  };
  // (family, key, value) of everything.
  std::vector<std::tuple<size_t, std::string, std::string>> rows;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  {
    auto db = open(&handles);
    for (size_t family : {0, 1}) {
      std::unique_ptr<rocksdb::Iterator> it(
          db->NewIterator(rocksdb::ReadOptions(), handles[family]));
      for (it->SeekToFirst(); it->Valid(); it->Next()) {
        rows.emplace_back(family, it->key().ToString(), it->value().ToString());
      }
    }
    for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
  }
  ASSERT_GE(rows.size(), 8u);
  std::mt19937 random(7);
  for (const auto& [family, key, value] : rows) {
    std::string bad = value;
    bad[random() % bad.size()] ^= static_cast<char>(1 + random() % 255);
    for (const std::string& put : {bad, value.substr(0, value.size() / 2), value}) {
      {
        auto db = open(&handles);
        ASSERT_TRUE(db->Put(rocksdb::WriteOptions(), handles[family], key, put).ok());
        for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
      }
      EXPECT_EQ(DamageFound(), put != value) << "family " << family;
    }
  }
}

TEST_F(RocksDbCorruptionTest, AMissingBlobIsFound) {
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(rocksdb::DBOptions(), Options().path,
                                {{"default", {}}, {"blobs", {}}, {"derived", {}}}, &handles, &raw)
                  .ok());
  std::unique_ptr<rocksdb::DB> db(raw);
  {
    std::unique_ptr<rocksdb::Iterator> it(db->NewIterator(rocksdb::ReadOptions(), handles[1]));
    it->SeekToFirst();
    ASSERT_TRUE(it->Valid());
    ASSERT_TRUE(db->Delete(rocksdb::WriteOptions(), handles[1], it->key()).ok());
  }
  for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
  db.reset();
  EXPECT_TRUE(DamageFound());
}

// Flips bytes in the table files themselves.
TEST_F(RocksDbCorruptionTest, DamagedFilesAreFound) {
  std::mt19937 random(3);
  for (const fs::directory_entry& entry : fs::directory_iterator(Options().path)) {
    if (entry.path().extension() != ".sst") continue;
    for (int i = 0; i < 12; ++i) {
      std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
      const auto at = static_cast<std::streamoff>(random() % entry.file_size());
      file.seekg(at);
      const int was = file.get();
      file.seekp(at);
      file.put(static_cast<char>(was ^ 0x20));
      file.close();
      DamageFound();  // some bytes (properties, padding) do not matter; the checks are inside
      std::fstream repair(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
      repair.seekp(at);
      repair.put(static_cast<char>(was));
    }
  }
  EXPECT_FALSE(DamageFound());
}

// New uploads go on, and deletion works, though the predecessor is damaged.
TEST_F(RocksDbCorruptionTest, ADamagedPredecessorDoesNotStopUploads) {
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(rocksdb::DBOptions(), Options().path,
                                {{"default", {}}, {"blobs", {}}, {"derived", {}}}, &handles, &raw)
                  .ok());
  {
    std::unique_ptr<rocksdb::DB> db(raw);
    std::vector<std::string> keys;
    std::unique_ptr<rocksdb::Iterator> it(db->NewIterator(rocksdb::ReadOptions(), handles[1]));
    for (it->SeekToFirst(); it->Valid(); it->Next()) keys.push_back(it->key().ToString());
    it.reset();
    for (const std::string& key : keys) {
      ASSERT_TRUE(db->Put(rocksdb::WriteOptions(), handles[1], key, "damaged").ok());
    }
    for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
  }
  auto store = OpenRocksDbIndexStore(Options());
  ASSERT_TRUE(store.ok()) << store.status();
  const NaiveEvidence fresh = MakeEvidence(9, 70, 25);
  const auto info = (*store)->Commit(Header(3), ContentOf(fresh), {});
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_TRUE(Read(**(*store)->Open(info->id)) == fresh);
  EXPECT_TRUE(absl::IsDataLoss((*store)->Open(a_.id).status()));
  EXPECT_EQ(*(*store)->Delete("repo", Commit(1), std::nullopt), 1u);
  EXPECT_TRUE((*store)->Compact().ok());
  EXPECT_TRUE(Read(**(*store)->Open(info->id)) == fresh);
}

}  // namespace
}  // namespace testselect
