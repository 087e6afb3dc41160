// A full disk: refused with the right error, nothing half stored, and usable again afterwards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "storage/rocksdb_index_store.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/storage/storage_fixture.h"

namespace testselect {
namespace {

class RocksDbFullDiskTest : public testing::Test {
 protected:
  void SetUp() override {
    if (mount("tmpfs", dir_.path().c_str(), "tmpfs", 0, "size=12m") != 0) {
      GTEST_SKIP() << "cannot mount a small file system: " << std::strerror(errno);
    }
    mounted_ = true;
    options_.path = dir_.path() + "/store";
  }
  void TearDown() override {
    if (!mounted_) return;
    EXPECT_EQ(umount2(dir_.path().c_str(), MNT_DETACH), 0);
  }
  std::string Ballast() const { return dir_.path() + "/ballast"; }
  // Takes all but `left` bytes of the disk.
  void Fill(uint64_t left) {
    const uint64_t free = std::filesystem::space(dir_.path()).available;
    if (free <= left) return;
    std::ofstream(Ballast(), std::ios::app) << std::string(free - left, 'x');
  }

  TempDir dir_;
  RocksDbOptions options_;
  bool mounted_ = false;
};

TEST_F(RocksDbFullDiskTest, RefusesAndRecovers) {
  auto store = OpenRocksDbIndexStore(options_);
  ASSERT_TRUE(store.ok()) << store.status();
  const NaiveEvidence first = MakeEvidence(1, 100, 40), second = MakeEvidence(2, 100, 40);
  const SegmentInfo a = *(*store)->Commit(Header(1), ContentOf(first), {});
  Fill(1 << 20);
  EXPECT_THAT((*store)->Commit(Header(2), ContentOf(second), {}).status(),
              StatusIs(absl::StatusCode::kResourceExhausted, testing::HasSubstr("disk is full")));
  EXPECT_TRUE((*store)->SegmentsAt("repo", Commit(2))->empty());
  EXPECT_TRUE(Read(**(*store)->Open(a.id)) == first);
  std::filesystem::remove(Ballast());
  const auto b = (*store)->Commit(Header(2), ContentOf(second), {});
  ASSERT_TRUE(b.ok()) << b.status();
  EXPECT_TRUE(Read(**(*store)->Open(b->id)) == second);
}

// The disk fills under the engine itself, past the check before the write: its tables cannot be
// written out. After space is freed it goes on, and a restart finds all that was acknowledged.
TEST_F(RocksDbFullDiskTest, AFlushThatFailsIsNotTheEnd) {
  auto store = OpenRocksDbIndexStore(options_);
  ASSERT_TRUE(store.ok()) << store.status();
  const NaiveEvidence evidence = MakeEvidence(3, 400, 60);
  const SegmentInfo a = *(*store)->Commit(Header(1), ContentOf(evidence), {});
  Fill(0);
  EXPECT_THAT((*store)->Compact(),
              StatusIs(absl::StatusCode::kResourceExhausted, testing::HasSubstr("disk is full")));
  EXPECT_TRUE(
      absl::IsResourceExhausted((*store)->Commit(Header(2), ContentOf(evidence), {}).status()));
  std::filesystem::remove(Ballast());
  const auto b = (*store)->Commit(Header(2), ContentOf(evidence), {});
  ASSERT_TRUE(b.ok()) << b.status();
  store->reset();
  store = OpenRocksDbIndexStore(options_);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_TRUE(Read(**(*store)->Open(a.id)) == evidence);
  EXPECT_TRUE(Read(**(*store)->Open(b->id)) == evidence);
}

TEST_F(RocksDbFullDiskTest, OpeningOnAFullDiskSaysSo) {
  std::filesystem::create_directories(options_.path);
  Fill(0);
  const auto store = OpenRocksDbIndexStore(options_);
  EXPECT_THAT(store.status(),
              StatusIs(absl::StatusCode::kResourceExhausted, testing::HasSubstr("disk is full")));
  std::filesystem::remove(Ballast());
  EXPECT_TRUE(OpenRocksDbIndexStore(options_).ok());
}

}  // namespace
}  // namespace testselect
