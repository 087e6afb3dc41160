#include "storage/model/label_set.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "storage/model/varint.h"

namespace testselect {
namespace {

DenseLabelSet SetOf(const std::vector<LabelNumber>& numbers) {
  DenseLabelSet set;
  for (LabelNumber n : numbers) set.Add(n);
  return set;
}

TEST(DenseLabelSetTest, AgreesWithAPlainSet) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::set<LabelNumber> a, b;
    DenseLabelSet da, db;
    for (int i = 0; i < 40; ++i) {
      const LabelNumber n = random() % 300, m = random() % 300;
      a.insert(n), da.Add(n);
      if (i % 3 == 0) {
        const LabelNumber last = m + random() % 70;
        for (LabelNumber k = m; k <= last; ++k) b.insert(k);
        db.AddRange(m, last);
      }
    }
    const auto check = [](const DenseLabelSet& dense, const std::set<LabelNumber>& plain) {
      EXPECT_EQ(dense.ToVector(), std::vector<LabelNumber>(plain.begin(), plain.end()));
      EXPECT_EQ(dense.Count(), plain.size());
      EXPECT_EQ(dense.Empty(), plain.empty());
    };
    std::set<LabelNumber> both, any = a, only;
    any.insert(b.begin(), b.end());
    for (LabelNumber n : a) (b.count(n) ? both : only).insert(n);
    check(DenseLabelSet(da) |= db, any);
    check(DenseLabelSet(da) &= db, both);
    check(DenseLabelSet(da) -= db, only);
    EXPECT_EQ(da.Intersects(db), !both.empty());
  }
}

TEST(DenseLabelSetTest, EqualityIgnoresUnusedRoom) {
  DenseLabelSet roomy(1000);
  roomy.Add(3);
  EXPECT_EQ(roomy, SetOf({3}));
  EXPECT_FALSE(roomy == SetOf({3, 999}));
}

TEST(LabelSetCodecTest, RoundTripsRandomSets) {
  std::mt19937 random(11);
  for (int round = 0; round < 500; ++round) {
    DenseLabelSet set;
    const size_t universe = 1 + random() % 2000;
    for (size_t i = random() % 60; i > 0; --i) {
      const LabelNumber first = random() % universe;
      set.AddRange(first, std::min<LabelNumber>(universe - 1, first + random() % 9));
    }
    const std::string bytes = EncodeLabelSet(set);
    EXPECT_EQ(bytes, EncodeLabelSet(set.ToVector()));
    DenseLabelSet back;
    ASSERT_TRUE(UnionLabelSet(bytes, universe, &back).ok());
    EXPECT_EQ(back, set);
  }
}

// The persistent form is a contract: these bytes must never change.
TEST(LabelSetCodecTest, WritesTheDocumentedBytes) {
  EXPECT_EQ(EncodeLabelSet(SetOf({})), "");
  EXPECT_EQ(EncodeLabelSet(SetOf({0})), std::string("\x00", 1));
  EXPECT_EQ(EncodeLabelSet(SetOf({5, 6, 7, 9})), std::string("\x0b\x01\x02", 3));
}

TEST(LabelSetCodecTest, RefusesMalformedBytesAndForeignNumbers) {
  DenseLabelSet out;
  const std::string overflow = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
  EXPECT_EQ(UnionLabelSet("\x80", 100, &out).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(UnionLabelSet(overflow, 100, &out).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(UnionLabelSet("\x01" + overflow, 100, &out).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(UnionLabelSet(EncodeLabelSet(SetOf({100})), 100, &out).code(),
            absl::StatusCode::kDataLoss);
  EXPECT_TRUE(UnionLabelSet(EncodeLabelSet(SetOf({99})), 100, &out).ok());
}

}  // namespace
}  // namespace testselect
