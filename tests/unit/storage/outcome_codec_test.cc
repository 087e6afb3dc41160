#include "storage/outcome_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "absl/strings/escaping.h"
#include "tests/support/status_matchers.h"

namespace testselect {
namespace {

TEST(OutcomeCodecTest, RoundsToFourDigits) {
  const struct {
    double seconds, want;
  } kCases[] = {{0, 0},           {1e-7, 0},       {1e-6, 1e-6}, {1.23456, 1.235},   {99.996, 100},
                {123456, 123500}, {9.9994, 9.999}, {-0.5, -1},   {std::nan(""), -1}, {1e30, 1e12}};
  for (const auto& c : kCases) EXPECT_DOUBLE_EQ(RoundSeconds(c.seconds), c.want) << c.seconds;
}

TEST(OutcomeCodecTest, RoundTrip) {
  std::vector<LabelOutcome> outcomes;
  for (int i = 0; i <= 6; ++i) {
    outcomes.push_back(
        {static_cast<Outcome>(i), RoundSeconds(std::pow(7.0, i) / 1000), i % 2 == 0});
  }
  outcomes.push_back({Outcome::kPassed, -1, false});
  outcomes.push_back({Outcome::kFailed, 2, true, /*opaque=*/true});
  const auto decoded = DecodeOutcomes(EncodeOutcomes(outcomes), outcomes.size());
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, outcomes);
}

// Persisted bytes: a change here is a new format version (KEYS.md).
TEST(OutcomeCodecTest, GoldenBytes) {
  EXPECT_EQ(absl::BytesToHexString(
                EncodeOutcomes({{Outcome::kPassed, 0.5, false}, {Outcome::kFailed, -1, true}})),
            "02"
            "01"
            "12"
            "83f104"
            "00");
}

TEST(OutcomeCodecTest, MalformedIsRefused) {
  const std::string good = EncodeOutcomes({{Outcome::kPassed, 0.5, false}, {}});
  const auto refused = StatusIs(absl::StatusCode::kDataLoss, testing::HasSubstr("outcomes"));
  for (size_t n = 0; n < good.size(); ++n) {
    EXPECT_THAT(DecodeOutcomes(good.substr(0, n), 2).status(), refused) << n;
  }
  EXPECT_THAT(DecodeOutcomes(good, 3).status(), refused);
  EXPECT_THAT(DecodeOutcomes(good + "x", 2).status(), refused);
  std::string bad = good;
  bad[1] = 7;  // no such outcome
  EXPECT_THAT(DecodeOutcomes(bad, 2).status(), refused);
}

}  // namespace
}  // namespace testselect
