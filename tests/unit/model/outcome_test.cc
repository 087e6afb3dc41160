#include "storage/model/outcome.h"

#include "gtest/gtest.h"

namespace testselect {
namespace {

constexpr Outcome kFromWorst[] = {Outcome::kFailed, Outcome::kError,   Outcome::kXpassed,
                                  Outcome::kPassed, Outcome::kXfailed, Outcome::kSkipped,
                                  Outcome::kUnknown};

TEST(OutcomeTest, OfTwoTheWorseStandsInEitherOrder) {
  for (const Outcome& worse : kFromWorst) {
    for (const Outcome* better = &worse; better != std::end(kFromWorst); ++better) {
      SCOPED_TRACE(std::string(OutcomeName(worse)) + " and " + std::string(OutcomeName(*better)));
      EXPECT_EQ(MergeOutcomes({worse, -1, false}, {*better, -1, false}).outcome, worse);
      EXPECT_EQ(MergeOutcomes({*better, -1, false}, {worse, -1, false}).outcome, worse);
    }
  }
}

TEST(OutcomeTest, TheTimesOfTwoAddUp) {
  EXPECT_EQ(MergeOutcomes({Outcome::kPassed, 1, false}, {Outcome::kPassed, 2, false}).seconds, 3);
  EXPECT_EQ(MergeOutcomes({Outcome::kPassed, -1, false}, {Outcome::kPassed, 2, false}).seconds, 2);
  EXPECT_EQ(MergeOutcomes({Outcome::kPassed, 1, false}, {Outcome::kPassed, -1, false}).seconds, 1);
  EXPECT_LT(MergeOutcomes({}, {}).seconds, 0);
}

TEST(OutcomeTest, OnlyAPassIsFlaky) {
  const LabelOutcome flaky{Outcome::kPassed, -1, true};
  const LabelOutcome passed{Outcome::kPassed, -1, false}, failed{Outcome::kFailed, -1, false};
  EXPECT_TRUE(MergeOutcomes(flaky, passed).flaky);
  EXPECT_TRUE(MergeOutcomes(passed, flaky).flaky);
  EXPECT_FALSE(MergeOutcomes(passed, passed).flaky);
  EXPECT_FALSE(MergeOutcomes(flaky, failed).flaky);
  EXPECT_FALSE(MergeOutcomes(failed, flaky).flaky);
}

}  // namespace
}  // namespace testselect
