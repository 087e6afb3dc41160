#include "storage/model/varint.h"

#include <gtest/gtest.h>

#include <limits>

namespace testselect {
namespace {

TEST(VarintTest, RoundTripsAndKeepsTheBytes) {
  std::string record;
  const uint64_t values[] = {
      0, 1, 127, 128, 300, uint64_t{1} << 32, std::numeric_limits<uint64_t>::max()};
  for (uint64_t v : values) PutVarint(&record, v);
  PutBytes(&record, "text");
  RecordReader reader(record);
  for (uint64_t v : values) EXPECT_EQ(reader.Varint(), v);
  EXPECT_EQ(reader.Bytes(), "text");
  EXPECT_TRUE(reader.Finish("record").ok());
  std::string three_hundred;
  PutVarint(&three_hundred, 300);
  EXPECT_EQ(three_hundred, "\xac\x02");
}

TEST(VarintTest, ZigZagKeepsSmallNumbersSmall) {
  EXPECT_EQ(ZigZag(0), 0u);
  EXPECT_EQ(ZigZag(-1), 1u);
  EXPECT_EQ(ZigZag(1), 2u);
  for (int64_t v : {std::numeric_limits<int64_t>::min(), int64_t{-5}, int64_t{77}}) {
    EXPECT_EQ(UnZigZag(ZigZag(v)), v);
  }
}

TEST(RecordReaderTest, StopsAtTheFirstMalformedRead) {
  RecordReader cut("\x80");
  EXPECT_EQ(cut.Varint(), 0u);
  EXPECT_FALSE(cut.ok());
  EXPECT_EQ(cut.Bytes(), "");
  EXPECT_EQ(cut.Finish("pack").message(), "pack: the record is malformed");
  RecordReader short_string(
      "\x05"
      "ab");
  EXPECT_EQ(short_string.Bytes(), "");
  EXPECT_FALSE(short_string.ok());
  RecordReader left("ab");
  EXPECT_EQ(left.Finish("pack").code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace testselect
