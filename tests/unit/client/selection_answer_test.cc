#include "client/selection_answer.h"

#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace testselect::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Numbers(std::initializer_list<unsigned> numbers) {
  std::string packed;
  for (unsigned n : numbers) {
    for (int shift = 0; shift < 32; shift += 8) packed += static_cast<char>(n >> shift & 255);
  }
  return packed;
}

RequestedLabels Letters(const std::string& letters) {
  std::string packed;
  for (char c : letters) packed += std::string(1, c) + "\n";
  return RequestedLabels::FromPacked(packed);
}

TEST(PositionsOfBitsTest, LeastSignificantFirst) {
  EXPECT_THAT(PositionsOfBits("f", std::string("\x81\x00\x02", 3), 18),
              IsOkAndHolds(ElementsAre(0, 7, 17)));
  EXPECT_THAT(PositionsOfBits("f", "", 5), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(PositionsOfBits("f", std::string("\x01\x00\x00", 3), 1),
              IsOkAndHolds(ElementsAre(0)));
}

TEST(PositionsOfBitsTest, RefusesBitsBeyondTheLabels) {
  EXPECT_THAT(PositionsOfBits("absent_labels", "\x04", 2),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("absent_labels: bit 2")));
}

// d absent, b by diff, a global; all but d are known.
v1::SelectTestsResponse Response() {
  v1::SelectTestsResponse response;
  response.set_selection_id("id");
  response.mutable_absent_labels()->set_bits("\x08");
  response.mutable_present_diff_labels()->set_bits("\x02");
  response.mutable_global_level_labels()->set_bits("\x01");
  response.mutable_present_report_labels()->set_bits("\x17");
  response.set_run_order(Numbers({1, 3, 0}));
  return response;
}

// a is put off, b is another shard's; what no list explains still runs.
TEST(DecodeAnswerTest, PartsAreListsOfTheirOwn) {
  v1::SelectTestsResponse response = Response();
  response.set_run_order(Numbers({3}));
  response.mutable_over_budget()->set_bits("\x01");
  response.mutable_other_shards()->set_bits("\x02");
  response.set_part_seconds(2.5);
  {
    ASSERT_OK_AND_ASSIGN(const SelectionAnswer answer, DecodeAnswer(response, Letters("abzdc")));
    EXPECT_THAT(answer.run, ElementsAre(3));
    EXPECT_THAT(answer.over_budget, ElementsAre(0));
    EXPECT_THAT(answer.other_shards, ElementsAre(1));
    EXPECT_THAT(answer.skip, ElementsAre(4, 2));
    EXPECT_EQ(answer.part_seconds, 2.5);
  }
  response.clear_other_shards();
  response.mutable_over_budget()->set_bits("\x09");  // d is in the run order, too
  ASSERT_OK_AND_ASSIGN(const SelectionAnswer answer, DecodeAnswer(response, Letters("abzdc")));
  EXPECT_THAT(answer.run, ElementsAre(3, 1));
  EXPECT_THAT(answer.over_budget, ElementsAre(0));
}

TEST(DecodeAnswerTest, JobsHaveListsOfTheirOwn) {
  v1::SelectTestsResponse response = Response();
  v1::JobSelection* job = response.add_jobs();
  job->mutable_job()->set_name("unit");
  job->mutable_run_labels()->set_bits("\x03");
  job->mutable_skip_labels()->set_bits("\x15");  // a is in both: it runs
  response.mutable_known_flaky()->set_bits("\x02");
  ASSERT_OK_AND_ASSIGN(const SelectionAnswer answer, DecodeAnswer(response, Letters("bazdc")));
  ASSERT_EQ(answer.jobs.size(), 1u);
  EXPECT_EQ(answer.jobs[0].job, "unit");
  EXPECT_THAT(answer.jobs[0].run, ElementsAre(1, 0));
  EXPECT_THAT(answer.jobs[0].skip, ElementsAre(4, 2));
  EXPECT_THAT(answer.known_flaky, ElementsAre(1));
}

TEST(DecodeAnswerTest, FourListsRunInOrderSkipSorted) {
  ASSERT_OK_AND_ASSIGN(const SelectionAnswer answer, DecodeAnswer(Response(), Letters("abzdc")));
  EXPECT_THAT(answer.absent, ElementsAre(3));
  EXPECT_THAT(answer.present_diff, ElementsAre(1));
  EXPECT_THAT(answer.global_level, ElementsAre(0));
  EXPECT_THAT(answer.present_report, ElementsAre(0, 1, 2, 4));
  EXPECT_THAT(answer.run, ElementsAre(1, 3, 0));
  EXPECT_THAT(answer.skip, ElementsAre(4, 2));  // c, z
  EXPECT_FALSE(answer.fallback.has_value());
}

TEST(DecodeAnswerTest, WhatTheOrderForgotRuns) {
  v1::SelectTestsResponse response = Response();
  response.set_run_order(Numbers({1}));
  ASSERT_OK_AND_ASSIGN(const SelectionAnswer answer, DecodeAnswer(response, Letters("abzdc")));
  EXPECT_THAT(answer.run, ElementsAre(1, 0, 3));
  EXPECT_THAT(answer.skip, ElementsAre(4, 2));
}

TEST(DecodeAnswerTest, WhatNoListNamesRuns) {
  v1::SelectTestsResponse response = Response();
  response.mutable_present_report_labels()->set_bits("\x07");  // position 4 is nowhere
  ASSERT_OK_AND_ASSIGN(const SelectionAnswer answer, DecodeAnswer(response, Letters("abzdc")));
  EXPECT_THAT(answer.run, ElementsAre(1, 3, 0, 4));
}

TEST(DecodeAnswerTest, RefusesAnOrderOutOfRange) {
  v1::SelectTestsResponse response = Response();
  response.set_run_order(Numbers({9}));
  EXPECT_THAT(DecodeAnswer(response, Letters("abzdc")),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("position 9 of 5 labels")));
  response.set_run_order("abc");
  EXPECT_THAT(DecodeAnswer(response, Letters("abzdc")), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(DecodeAnswerTest, WithoutRequestedLabelsTheAnswerNamesThem) {
  v1::SelectTestsResponse response = Response();
  response.set_all_labels_packed("a\nb\nz\nd\nc\n");
  ASSERT_OK_AND_ASSIGN(const SelectionAnswer packed, DecodeAnswer(response, std::nullopt));
  EXPECT_EQ(packed.labels[2], "z");
  response.clear_all_labels_packed();
  for (const char* label : {"a", "b", "z\nz", "d", "c"}) response.add_all_labels(label);
  ASSERT_OK_AND_ASSIGN(const SelectionAnswer strings, DecodeAnswer(response, std::nullopt));
  EXPECT_EQ(strings.labels[2], "z\nz");
}

TEST(DecodeAnswerTest, NamesFallbacksJobsAndReasons) {
  v1::SelectTestsResponse response = Response();
  response.mutable_fallback()->set_code(v1::FALLBACK_CODE_NO_INDEX);
  response.mutable_fallback()->set_message("because");
  v1::IndexUse& use = *response.add_index();
  use.mutable_job()->set_name("unit");
  (*use.mutable_job()->mutable_flavor())["python"] = "3.12";
  (*use.mutable_job()->mutable_flavor())["os"] = "linux";
  use.set_distance(3);
  v1::ReasonCount& reason = *response.add_reasons();
  reason.set_code("ABSENT");
  reason.set_labels(1);
  ASSERT_OK_AND_ASSIGN(const SelectionAnswer answer, DecodeAnswer(response, Letters("abzdc")));
  ASSERT_TRUE(answer.fallback.has_value());
  EXPECT_EQ(answer.fallback->code, "NO_INDEX");
  EXPECT_EQ(answer.index[0].job, "unit;os=linux;python=3.12");
  EXPECT_EQ(answer.reasons.at("ABSENT"), 1u);
  EXPECT_EQ(FallbackCodeName(static_cast<v1::FallbackCode>(99)), "CODE_99");
}

TEST(DecodeAnswerTest, AShadowSaysWhatCouldBeSkippedAndSkipsNothing) {
  v1::SelectTestsResponse response;
  response.mutable_global_level_labels()->set_bits("\x03");
  response.mutable_present_report_labels()->set_bits("\x03");
  response.mutable_fallback()->set_code(v1::FALLBACK_CODE_RUN_ALL);
  v1::Shadow& shadow = *response.mutable_shadow();
  shadow.mutable_skip_labels()->set_bits("\x03");
  shadow.set_run_seconds(1.5);
  ASSERT_OK_AND_ASSIGN(const SelectionAnswer answer, DecodeAnswer(response, Letters("ba")));
  EXPECT_THAT(answer.run, ElementsAre(0, 1));
  EXPECT_THAT(answer.skip, IsEmpty());
  ASSERT_TRUE(answer.shadow.has_value());
  EXPECT_THAT(answer.shadow->skip, ElementsAre(1, 0));
  EXPECT_EQ(answer.shadow->run, 0u);
  EXPECT_EQ(answer.shadow->run_seconds, 1.5);
  shadow.mutable_skip_labels()->set_bits("\x04");
  EXPECT_EQ(DecodeAnswer(response, Letters("ba")).status().code(), absl::StatusCode::kDataLoss);
}

TEST(RunEverythingTest, EveryLabelIsAbsentAndRuns) {
  const SelectionAnswer answer = RunEverything(Letters("ba"), "UNAVAILABLE", "no server");
  EXPECT_THAT(answer.absent, ElementsAre(0, 1));
  EXPECT_THAT(answer.run, ElementsAre(0, 1));
  EXPECT_THAT(answer.skip, IsEmpty());
  EXPECT_EQ(answer.fallback->code, "UNAVAILABLE");
  EXPECT_EQ(answer.reasons.at("FALLBACK"), 2u);
}

}  // namespace
}  // namespace testselect::client
