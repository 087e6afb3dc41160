#include "storage/segment_row.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/storage/storage_fixture.h"

namespace testselect {
namespace {

CatalogEntry Example() {
  CatalogEntry entry;
  entry.info.id = Digest::Of("segment");
  entry.info.header = Header(1, 1, 3, 2);
  entry.info.header.job.flavor = {{"os", "linux"}};
  entry.info.state = SegmentState::kSuperseded;
  entry.info.created = absl::FromUnixMicros(1'700'000'000'000'001);
  entry.info.labels = 10;
  entry.info.files = 300;
  entry.info.pairs = 123'456;
  entry.info.global_lines = 7;
  entry.dictionary = Digest::Of("dictionary");
  entry.dictionary_size = 12;
  entry.manifest = Digest::Of("manifest");
  return entry;
}

TEST(SegmentRowTest, RoundTrip) {
  const CatalogEntry want = Example();
  const std::string key = SegmentRowKey(want.info.id);
  const auto got = DecodeSegmentRow(key, EncodeSegmentRow(want));
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->info.id, want.info.id);
  EXPECT_TRUE(got->info.header == want.info.header);
  EXPECT_EQ(got->info.state, want.info.state);
  EXPECT_EQ(got->info.created, want.info.created);
  EXPECT_EQ(got->info.labels, 10u);
  EXPECT_EQ(got->info.files, 300u);
  EXPECT_EQ(got->info.pairs, 123'456u);
  EXPECT_EQ(got->info.global_lines, 7u);
  EXPECT_EQ(got->dictionary, want.dictionary);
  EXPECT_EQ(got->dictionary_size, 12u);
  EXPECT_EQ(got->manifest, want.manifest);
}

// Persisted bytes: a change here is a new format version (KEYS.md).
TEST(SegmentRowTest, GoldenBytes) {
  const std::string row = EncodeSegmentRow(Example());
  EXPECT_EQ(absl::BytesToHexString(row.substr(0, row.size() - 40)),
            "047265706f"                                // repository
            "c000000000000000000000000000000000000001"  // commit
            "c0000000000000000000000000000000000f4241"  // tree
            "0d756e69743b6f733d6c696e7578"              // job
            "010302"
            "01"
            "00"
            "00"  // shard, shards, attempt, completeness, isolation, no digest
            "04"
            "8280f28183898506"  // state, time
            "0a"
            "ac02"
            "c0c407"
            "07"    // labels, files, pairs, global lines
            "0c");  // dictionary size
}

TEST(SegmentRowTest, DamageIsFound) {
  const std::string key = SegmentRowKey(Example().info.id), good = EncodeSegmentRow(Example());
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_TRUE(absl::IsDataLoss(DecodeSegmentRow(key, bad).status())) << i;
    EXPECT_TRUE(absl::IsDataLoss(DecodeSegmentRow(key, good.substr(0, i)).status())) << i;
  }
  // A row under another key is damage too.
  EXPECT_THAT(DecodeSegmentRow(SegmentRowKey(Digest::Of("other")), good).status(),
              StatusIs(absl::StatusCode::kDataLoss, testing::HasSubstr("checksum")));
}

}  // namespace
}  // namespace testselect
