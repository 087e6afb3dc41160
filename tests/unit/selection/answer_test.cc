// Lists, order, counts and durations of an answer.
#include "server/selection/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/selection/selection_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class AnswerTest : public SelectionTest {
 protected:
  AnswerTest() {
    git_.Write("lib.f90", "1\n2\n3\n4\n");
    base_ = git_.Commit("base");
    git_.Write("lib.f90", "x\nx\nx\n4\n");
    head_ = git_.Commit("head");
    spec_.commit = base_;
    spec_.executed = {{"slow", "lib.f90", {1}},
                      {"quick", "lib.f90", {2}},
                      {"unknown", "lib.f90", {3}},
                      {"failed", "lib.f90", {4}},
                      {"untouched", "lib.f90", {4}}};
    spec_.outcomes = {{"slow", {Outcome::kPassed, 9}},
                      {"quick", {Outcome::kPassed, 1}},
                      {"failed", {Outcome::kFailed, 50}},
                      {"untouched", {Outcome::kPassed, 40}}};
  }
  ObjectId base_, head_;
  UploadSpec spec_;
};

TEST_F(AnswerTest, FailedFirstThenUnknownDurationsThenShortest) {
  Upload(spec_);
  const auto s = Select(
      Request(base_, head_, {"untouched", "slow", "quick", "unknown", "failed", "brand new"}));
  EXPECT_THAT(Run(*s), ElementsAre("failed", "unknown", "brand new", "quick", "slow"));
  EXPECT_DOUBLE_EQ(s->run_seconds, 60);
  EXPECT_DOUBLE_EQ(s->total_seconds, 100);
  EXPECT_THAT(Names(*s, s->absent), ElementsAre("brand new"));
  EXPECT_THAT(Names(*s, s->global_level), ElementsAre("failed"));
  EXPECT_THAT(Names(*s, s->present_report),
              ElementsAre("untouched", "slow", "quick", "unknown", "failed"));
  EXPECT_EQ(Reason(*s, ReasonCode::kLastFailed), 1u);
  EXPECT_EQ(Reason(*s, ReasonCode::kAbsent), 1u);
  EXPECT_EQ(Reason(*s, ReasonCode::kCoveredChange), 3u);
}

TEST_F(AnswerTest, AFailureLastsThroughAnUploadWithoutOutcomes) {
  Upload(spec_);
  const ObjectId next = git_.Commit("empty");
  Upload({.commit = next,
          .executed = {{"failed", "lib.f90", {4}}},
          .completeness = Completeness::kSubset});
  git_.Git("checkout -q " + next.ToHex());
  const ObjectId head = git_.Commit("still empty");
  EXPECT_THAT(Run(*Select(Request(next, head, {"failed"}))), ElementsAre("failed"));
}

// Shards are equally new, so that neither hides what failed in the other; newer evidence does.
TEST_F(AnswerTest, AFailureInAnyShardCounts) {
  const ObjectId next = git_.Commit("empty"), last = git_.Commit("empty too");
  for (const uint32_t failing : {0u, 1u}) {
    SCOPED_TRACE(failing);
    UploadSpec spec{.commit = head_, .executed = {{"t", "lib.c", {4}}}, .job = "job"};
    spec.job += static_cast<char>('0' + failing);
    for (spec.shard = 0, spec.shards = 2; spec.shard < 2; ++spec.shard) {
      spec.outcomes = {{"t", {spec.shard == failing ? Outcome::kFailed : Outcome::kPassed, 1}}};
      Upload(spec);
    }
    SelectionRequest request = Request(head_, next, {"t"});
    request.jobs = {{spec.job, {}}};
    EXPECT_THAT(Run(*Select(request)), ElementsAre("t"));
    spec.commit = next;
    spec.shard = 0;
    spec.shards = 1;
    spec.outcomes = {{"t", {Outcome::kPassed, 1}}};
    Upload(spec);
    request.base = next;
    request.head = last;
    EXPECT_THAT(Run(*Select(request)), IsEmpty());
  }
}

TEST_F(AnswerTest, ALabelWithoutAnyEvidenceAlwaysRuns) {
  spec_.ran_without_evidence = {"skipped"};
  Upload(spec_);
  const auto s = Select(Request(base_, head_, {"skipped", "untouched"}));
  EXPECT_THAT(Run(*s), ElementsAre("skipped"));
  EXPECT_EQ(Reason(*s, ReasonCode::kEmptyEvidence), 1u);
}

TEST_F(AnswerTest, ForcedLabelsRun) {
  Upload(spec_);
  SelectionRequest request = Request(base_, head_, {"untouched"});
  request.force_labels = {"untouched"};
  const auto s = Select(request);
  EXPECT_THAT(Run(*s), ElementsAre("untouched"));
  EXPECT_EQ(Reason(*s, ReasonCode::kForced), 1u);
}

TEST_F(AnswerTest, RunAllRunsEverythingAndSaysSo) {
  Upload(spec_);
  SelectionRequest request = Request(base_, head_, {"untouched", "slow", "new"});
  request.run_all = true;
  const auto s = Select(request);
  EXPECT_EQ(s->run_count, 3u);
  ASSERT_TRUE(s->fallback.has_value());
  EXPECT_EQ(s->fallback->code, FallbackCode::kRunAll);
  EXPECT_EQ(Reason(*s, ReasonCode::kFallback), 2u);
}

TEST_F(AnswerTest, WithoutRequestedLabelsAllKnownOnesAreChosenFrom) {
  Upload(spec_);
  const auto s = Select(Request(base_, head_));
  EXPECT_EQ(s->known_labels->size(), 5u);
  EXPECT_EQ(s->run_count, 4u);
  EXPECT_THAT(Names(*s, s->absent), IsEmpty());
}

TEST_F(AnswerTest, WithoutRequestedLabelsAnIndexOfSubsetsAloneSaysSoAndRunsAll) {
  spec_.completeness = Completeness::kSubset;
  Upload(spec_);
  const auto s = Select(Request(base_, head_));
  ASSERT_TRUE(s->fallback.has_value());
  EXPECT_EQ(s->fallback->code, FallbackCode::kNoIndex);
  EXPECT_EQ(s->run_count, 5u);
  EXPECT_FALSE(Select(Request(base_, head_, {"slow", "new"}))->fallback.has_value());
}

TEST_F(AnswerTest, ALabelAskedForTwiceRunsOnce) {
  Upload(spec_);
  const auto s = Select(Request(base_, head_, {"slow", "new", "slow", "new"}));
  EXPECT_THAT(Run(*s), ElementsAre("new", "slow"));
  EXPECT_DOUBLE_EQ(s->total_seconds, 9);
}

TEST_F(AnswerTest, TheFourListsFollowTheRequestNotTheStoredOrder) {
  Upload(spec_);
  const auto s = Select(Request(base_, head_, {"unknown", "quick", "slow"}));
  EXPECT_THAT(Names(*s, s->present_diff), ElementsAre("unknown", "quick", "slow"));
}

TEST_F(AnswerTest, OmittedOrderKeepsTheListsAndTheCount) {
  Upload(spec_);
  SelectionRequest request = Request(base_, head_, {"slow", "untouched"});
  request.omit_order = true;
  const auto s = Select(request);
  EXPECT_THAT(s->run, IsEmpty());
  EXPECT_EQ(s->run_count, 1u);
  EXPECT_THAT(Names(*s, s->present_diff), ElementsAre("slow"));
}

}  // namespace
}  // namespace testselect
