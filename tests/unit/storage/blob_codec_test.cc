#include "storage/blob_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/support/status_matchers.h"

namespace testselect {
namespace {

using ::testing::HasSubstr;

std::string Noise(size_t n, uint32_t seed) {
  std::mt19937 random(seed);
  std::string out(n, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

absl::StatusOr<std::string> Restore(const Digest& name, absl::string_view stored,
                                    absl::string_view base) {
  const auto blob = ParseBlob(name, stored);
  if (!blob.ok()) return blob.status();
  return DecodeBlob(name, *blob, base);
}

TEST(BlobCodecTest, WholeRoundTrip) {
  BlobEncoder encoder;
  for (const std::string& raw :
       {std::string(), std::string("x"), std::string(1 << 20, 'a'), Noise(300'000, 1)}) {
    const Digest name = Digest::Of(raw);
    EXPECT_EQ(*Restore(name, encoder.Whole(name, raw), ""), raw);
  }
}

TEST(BlobCodecTest, APatchIsSmallAndNeedsItsBase) {
  BlobEncoder encoder;
  const std::string base = Noise(2 << 20, 2);
  std::string raw = base;
  raw.insert(1 << 20, "inserted");
  raw[5] = static_cast<char>(raw[5] + 1);
  const Digest name = Digest::Of(raw);
  const std::string stored = encoder.Patch(name, raw, Digest::Of(base), base, 1);
  EXPECT_LT(stored.size(), 500u);
  EXPECT_EQ(ParseBlob(name, stored)->base, Digest::Of(base));
  EXPECT_EQ(*Restore(name, stored, base), raw);
  EXPECT_TRUE(absl::IsDataLoss(Restore(name, stored, Noise(2 << 20, 3)).status()));
  EXPECT_TRUE(absl::IsDataLoss(Restore(name, stored, "").status()));
}

TEST(BlobCodecTest, EveryFlippedByteIsFound) {
  BlobEncoder encoder;
  const std::string raw = Noise(100, 4);
  const Digest name = Digest::Of(raw);
  const std::string good = encoder.Patch(name, raw, Digest::Of("base"), "base", 1);
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x40);
    EXPECT_THAT(Restore(name, bad, "base").status(),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr(name.ToHex())));
    EXPECT_TRUE(absl::IsDataLoss(Restore(name, good.substr(0, i), "base").status()));
  }
  EXPECT_THAT(Restore(Digest::Of("another"), good, "base").status(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("checksum")));
}

}  // namespace
}  // namespace testselect
