#include "storage/label_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "absl/strings/escaping.h"
#include "storage/history_codec.h"
#include "storage/outcome_codec.h"
#include "tests/support/status_matchers.h"

namespace testselect {
namespace {

LabelOutcome Passed(double seconds = -1) { return {Outcome::kPassed, seconds}; }
LabelOutcome Failed(double seconds = -1) { return {Outcome::kFailed, seconds}; }

TEST(LabelHistoryTest, TheDurationIsTheMedianOfTheLastFive) {
  LabelHistory h;
  EXPECT_LT(h.Seconds(), 0);
  const struct {
    double seconds, want;
  } kSteps[] = {{2, 2}, {4, 3}, {100, 4}, {3, 3.5}, {5, 4}, {900, 5}, {3, 5}};
  for (uint32_t i = 0; i < std::size(kSteps); ++i) {
    h.Record({.tree = i}, Passed(kSteps[i].seconds));
    EXPECT_DOUBLE_EQ(h.Seconds(), kSteps[i].want) << i;
  }
}

TEST(LabelHistoryTest, FailedRunsTellTheDurationOnlyWhereNothingElseDoes) {
  LabelHistory h;
  h.Record({.tree = 1}, Failed(300));
  EXPECT_DOUBLE_EQ(h.Seconds(), 300);
  h.Record({.tree = 2}, Passed(2));
  EXPECT_DOUBLE_EQ(h.Seconds(), 2);
  h.Record({.tree = 3}, Failed(300));
  EXPECT_DOUBLE_EQ(h.Seconds(), 2);
}

TEST(LabelHistoryTest, WhatFailedStaysFailedUntilItPasses) {
  LabelHistory h;
  h.Record({.tree = 1}, Failed());
  EXPECT_TRUE(h.failed);
  h.Record({.tree = 2}, {Outcome::kSkipped});
  EXPECT_TRUE(h.failed);
  EXPECT_EQ(h.last, Outcome::kSkipped);
  h.Record({.tree = 3}, {});
  EXPECT_TRUE(h.failed);
  EXPECT_EQ(h.last, Outcome::kSkipped);
  EXPECT_EQ(h.runs, 1u);
  h.Record({.tree = 4}, {Outcome::kXfailed});
  EXPECT_FALSE(h.failed);
}

TEST(LabelHistoryTest, APassOnABranchThatIsNotTrustedEndsNoFailure) {
  LabelHistory h;
  h.Record({.tree = 1}, Failed());
  h.Record({.tree = 2, .trusted = false}, Passed());
  EXPECT_TRUE(h.failed);
  EXPECT_EQ(h.runs, 2u);
  h.Record({.tree = 2}, Passed());
  EXPECT_FALSE(h.failed);
}

TEST(LabelHistoryTest, TheFailureRateHasAPriorAndLooksAtTheLastRuns) {
  LabelHistory h;
  EXPECT_DOUBLE_EQ(h.FailureRate(), 0.01);
  h.Record({.tree = 1}, Failed());
  EXPECT_DOUBLE_EQ(h.FailureRate(), 1.1 / 11);
  for (uint32_t i = 0; i < LabelHistory::kRecent; ++i) h.Record({.tree = i + 2}, Passed());
  EXPECT_DOUBLE_EQ(h.FailureRate(), 0.1 / 42);
  EXPECT_EQ(h.failures, 1u);
}

TEST(LabelHistoryTest, BothOutcomesAtOneTreeAreAFlakeWhicheverComesFirst) {
  for (const bool failed_first : {false, true}) {
    LabelHistory h;
    h.Record({.tree = 7}, failed_first ? Failed() : Passed());
    h.Record({.tree = 8}, Passed());
    EXPECT_FALSE(h.IsKnownFlaky());
    h.Record({.tree = 7}, failed_first ? Passed() : Failed());
    EXPECT_TRUE(h.IsKnownFlaky());
    EXPECT_EQ(h.flakes, 1u);
  }
}

TEST(LabelHistoryTest, ARetryInsideARunIsAFlakeAndAFailure) {
  LabelHistory h;
  h.Record({.tree = 7}, {Outcome::kPassed, 1, /*flaky=*/true});
  EXPECT_TRUE(h.IsKnownFlaky());
  EXPECT_FALSE(h.failed);
  EXPECT_EQ(h.runs, 2u);
  EXPECT_EQ(h.failures, 1u);
}

TEST(LabelHistoryTest, AFlakyLabelIsForgivenAfterManyRuns) {
  LabelHistory h;
  h.Record({.tree = 7}, {Outcome::kPassed, 1, /*flaky=*/true});
  for (uint32_t i = 0; i < LabelHistory::kFlakyRuns; ++i) {
    EXPECT_TRUE(h.IsKnownFlaky()) << i;
    h.Record({.tree = 100 + i}, Passed());
  }
  EXPECT_FALSE(h.IsKnownFlaky());
}

TEST(LabelHistoryTest, AnOutageMakesNothingFlaky) {
  LabelHistory h;
  h.Record({.tree = 7, .outage = true}, Failed());
  EXPECT_TRUE(h.failed);
  h.Record({.tree = 7}, Passed());
  EXPECT_FALSE(h.IsKnownFlaky());
  EXPECT_EQ(h.failures, 1u);
}

HistoryEntry Entry(const std::string& label, LabelHistory history = {}) {
  return {HistoryHash(label), label, history};
}

LabelHistory Lived() {
  LabelHistory h;
  h.Record({.tree = 0x01020304, .clock = 5}, Failed(0.5));
  h.Record({.tree = 0x01020304, .clock = 6}, Passed(0.25));
  return h;
}

TEST(HistoryCodecTest, RoundTripOfRandomHistories) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    std::mt19937 random(seed);
    std::vector<HistoryEntry> entries;
    for (uint32_t i = 0; i < seed; ++i) {
      HistoryEntry e = Entry(std::string(1 + random() % 40, static_cast<char>('a' + i % 26)) +
                             std::to_string(i));
      for (uint32_t runs = random() % 60; runs > 0; --runs) {
        e.history.Record(
            {.tree = static_cast<uint32_t>(random() % 5),
             .outage = random() % 9 == 0,
             .clock = random() % 1000},
            {static_cast<Outcome>(random() % 7), RoundSeconds(random() / 1e9), random() % 20 == 0});
      }
      entries.push_back(std::move(e));
    }
    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return a.hash < b.hash; });
    const std::string bytes = EncodeHistoryBucket(entries);
    const auto decoded = DecodeHistoryBucket(bytes, 0, 0);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, entries) << seed;
  }
}

// Persisted bytes: a change here is a new format version (KEYS.md).
// clang-format off
TEST(HistoryCodecTest, GoldenBytes) {
  EXPECT_EQ(absl::BytesToHexString(EncodeHistoryBucket({Entry("t", Lived())})),
            "01"                // version
            "01" "01020304"     // trees
            "01" "0174"         // labels: "t"
            "01" "06"           // passed; the clock
            "02" "01" "02"      // runs, failures, which
            "01" "00"           // flakes, runs since
            "01" "c3b802"       // durations
            "02" "00" "01"      // passed and failed at the first tree
            "28dc70fa6d87dc43");
  EXPECT_EQ(absl::BytesToHexString(EncodeHistoryHead({3, 1'000'001, {300, 200}})),
            "01" "03" "c1843d"  // version, bits, clock
            "02" "d804" "c701"  // uploads
            "859a98eb28d31f3f");
}
// clang-format on

TEST(HistoryCodecTest, DamageOfAnyByteIsFound) {
  const std::string bucket = EncodeHistoryBucket({Entry("some label", Lived())});
  const std::string head = EncodeHistoryHead({3, 1'000'001, {300, 200}});
  for (const std::string& record : {bucket, head}) {
    for (size_t i = 0; i < record.size(); ++i) {
      std::string damaged = record;
      damaged[i] = static_cast<char>(damaged[i] ^ 1);
      EXPECT_FALSE(DecodeHistoryBucket(damaged, 0, 0).ok()) << i;
      EXPECT_FALSE(DecodeHistoryHead(damaged).ok()) << i;
      EXPECT_FALSE(DecodeHistoryBucket(record.substr(0, i), 0, 0).ok()) << i;
      EXPECT_FALSE(DecodeHistoryHead(record.substr(0, i)).ok()) << i;
    }
  }
}

TEST(HistoryCodecTest, ALabelOfAnotherBucketIsDamage) {
  const HistoryEntry entry = Entry("t");
  const uint32_t number = BucketOf(entry.hash, 4);
  const std::string record = EncodeHistoryBucket({entry});
  EXPECT_TRUE(DecodeHistoryBucket(record, number, 4).ok());
  EXPECT_THAT(DecodeHistoryBucket(record, number ^ 1, 4), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace testselect
