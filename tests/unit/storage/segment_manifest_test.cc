#include "storage/segment_manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "storage/segment_header_codec.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/storage/storage_fixture.h"

namespace testselect {
namespace {

SegmentManifest Example() {
  SegmentManifest manifest;
  manifest.labels = 5'000;
  manifest.pieces = {Digest::Of("p0"), Digest::Of("p1")};
  manifest.ran.AddRange(0, 4'000);
  manifest.empty_evidence.Add(17);
  manifest.outcomes = Digest::Of("o");
  manifest.packs = {{"a.py", Digest::Of("k0")}, {"m/b.py", Digest::Of("k1")}};
  return manifest;
}

TEST(SegmentManifestTest, RoundTrip) {
  const SegmentManifest want = Example();
  const auto got = DecodeManifest(EncodeManifest(want));
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->labels, want.labels);
  EXPECT_EQ(got->pieces, want.pieces);
  EXPECT_TRUE(got->ran == want.ran);
  EXPECT_TRUE(got->empty_evidence == want.empty_evidence);
  EXPECT_EQ(got->outcomes, want.outcomes);
  ASSERT_EQ(got->packs.size(), 2u);
  EXPECT_EQ(got->packs[1].first_path, "m/b.py");
  EXPECT_EQ(got->packs[1].digest, Digest::Of("k1"));
}

// Persisted bytes: a change here is a new format version (KEYS.md).
TEST(SegmentManifestTest, GoldenBytes) {
  const auto hex = [](absl::string_view s) { return Digest::Of(s).ToHex(); };
  EXPECT_EQ(absl::BytesToHexString(EncodeManifest(Example())),
            absl::StrCat("8827", hex("p0"), hex("p1"), "03019f1f", "0122", hex("o"), "02",
                         "04612e7079", hex("k0"), "066d2f622e7079", hex("k1")));
}

TEST(SegmentManifestTest, MalformedIsRefused) {
  const std::string good = EncodeManifest(Example());
  for (size_t n = 0; n < good.size(); ++n) {
    EXPECT_TRUE(absl::IsDataLoss(DecodeManifest(good.substr(0, n)).status())) << n;
  }
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = good;
    bytes[random() % bytes.size()] = static_cast<char>(random());
    const auto manifest = DecodeManifest(bytes);
    EXPECT_TRUE(manifest.ok() || absl::IsDataLoss(manifest.status())) << manifest.status();
  }
}

TEST(UploadHeaderCodecTest, RoundTripAndTruncation) {
  UploadHeader header = Header(7, 2, 5, 3);
  header.job.flavor = {{"os", "linux"}, {"python", "3.12"}};
  header.completeness = Completeness::kSubset;
  header.isolation = Isolation::kProcessPerLabel;
  header.environment_digest = std::string("\0\xff", 2);
  const std::string bytes = EncodeUploadHeader(header);
  RecordReader in(bytes);
  const auto got = DecodeUploadHeader(&in);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_TRUE(*got == header);
  EXPECT_TRUE(in.AtEnd());
  for (size_t n = 0; n < bytes.size(); ++n) {
    RecordReader cut(absl::string_view(bytes).substr(0, n));
    EXPECT_TRUE(absl::IsDataLoss(DecodeUploadHeader(&cut).status())) << n;
  }
}

}  // namespace
}  // namespace testselect
