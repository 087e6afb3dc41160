#include "storage/pack_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "tests/support/status_matchers.h"

namespace testselect {
namespace {

std::vector<EncodedFile> Files(int n, size_t record_bytes = 20) {
  std::vector<EncodedFile> files;
  for (int i = 0; i < n; ++i) {
    files.push_back({absl::StrCat("src/dir", 100 + i / 50, "/file", 10'000 + i, ".py"),
                     std::string(record_bytes, static_cast<char>(i))});
  }
  return files;
}

TEST(PackCodecTest, FindsEveryRecordAndNoOther) {
  const std::vector<EncodedFile> files = Files(3'000);
  const std::vector<EncodedPack> packs = EncodePacks(files);
  EXPECT_GT(packs.size(), 1u);
  size_t seen = 0;
  for (const EncodedPack& pack : packs) {
    EXPECT_EQ(pack.first_path, files[seen].path);
    ASSERT_TRUE(ForEachRecord(pack.bytes, [&](absl::string_view path, absl::string_view record) {
                  EXPECT_EQ(path, files[seen].path);
                  EXPECT_EQ(record, files[seen].record);
                  ++seen;
                  return true;
                }).ok());
  }
  EXPECT_EQ(seen, files.size());
  const auto found = FindRecord(packs[0].bytes, files[3].path);
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_EQ(**found, files[3].record);
  for (const std::string absent : {"", "src", "src/dir100/file10003.pyc", "zzz"}) {
    const auto none = FindRecord(packs[0].bytes, absent);
    ASSERT_TRUE(none.ok());
    EXPECT_FALSE(none->has_value()) << absent;
  }
}

TEST(PackCodecTest, AnAddedFileChangesOnePack) {
  std::vector<EncodedFile> files = Files(5'000);
  std::set<std::string> before;
  for (const EncodedPack& pack : EncodePacks(files)) before.insert(pack.bytes);
  files.insert(files.begin() + 2'500, {files[2'499].path + "c", "added"});
  int changed = 0;
  for (const EncodedPack& pack : EncodePacks(files)) changed += !before.contains(pack.bytes);
  EXPECT_EQ(changed, 1);
}

TEST(PackCodecTest, PacksAreBounded) {
  for (const EncodedPack& pack : EncodePacks(Files(100, kPackBytes / 3))) {
    EXPECT_LE(pack.bytes.size(), kPackBytes + 4096);
  }
  const std::vector<EncodedPack> giants = EncodePacks(Files(3, 2 * kPackBytes));
  EXPECT_EQ(giants.size(), 3u);
}

TEST(PackCodecTest, NoFilesNoPacks) { EXPECT_TRUE(EncodePacks({}).empty()); }

// Persisted bytes: a change here is a new format version (KEYS.md).
TEST(PackCodecTest, GoldenBytes) {
  const std::vector<EncodedPack> packs =
      EncodePacks(std::vector<EncodedFile>{{"a/b", "12"}, {"a/c", "3"}});
  ASSERT_EQ(packs.size(), 1u);
  EXPECT_EQ(absl::BytesToHexString(packs[0].bytes),
            "02"
            "0003612f6202"
            "02016301"
            "3132"
            "33");
}

TEST(PackCodecTest, MalformedIsRefusedWithoutReadingOutside) {
  const std::string good = EncodePacks(Files(20))[0].bytes;
  const auto walk = [](const std::string& bytes) {
    size_t total = 0;
    return ForEachRecord(bytes, [&](absl::string_view path, absl::string_view record) {
      total += path.size() + record.size();
      return true;
    });
  };
  for (size_t n = 0; n < good.size(); ++n) {
    EXPECT_THAT(walk(good.substr(0, n)),
                StatusIs(absl::StatusCode::kDataLoss, testing::HasSubstr("pack")));
  }
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = good;
    bytes[random() % bytes.size()] = static_cast<char>(random());
    const absl::Status status = walk(bytes);
    EXPECT_TRUE(status.ok() || absl::IsDataLoss(status)) << status;
  }
}

}  // namespace
}  // namespace testselect
