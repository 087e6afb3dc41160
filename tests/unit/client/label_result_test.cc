#include "client/codecov/label_result.h"

#include <simdjson.h>

#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "client/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace testselect::client {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Texts(simdjson::dom::element element) {
  std::vector<std::string> texts;
  for (const simdjson::dom::element text : element.get_array()) {
    texts.emplace_back(std::string_view(text));
  }
  return texts;
}

// The result that Codecov's program makes of its service's answer, which may lack absent labels.
LabelResult ResultOfCase(simdjson::dom::element answered) {
  const std::vector<std::string> labels = Texts(answered["labels"]);
  if (answered["post_status"].error() == simdjson::SUCCESS) {
    return RunAllOf(labels, "codecov_unavailable");
  }
  const simdjson::dom::element response = answered["response"];
  if (std::string_view(response["state"]) == "error") {
    return RunAllOf(labels, "test_list_processing_failed");
  }
  const simdjson::dom::element lists = response["result"];
  LabelResult result{.present_report = Texts(lists["present_report_labels"]),
                     .absent = Texts(lists["absent_labels"]),
                     .present_diff = Texts(lists["present_diff_labels"]),
                     .global_level = Texts(lists["global_level_labels"]),
                     .fallback_reason = ""};
  simdjson::dom::array errors;
  if (response["errors"].get(errors) == simdjson::SUCCESS && errors.size() > 0) {
    result.fallback_reason = "test_list_processing_errors";
  }
  if (!result.absent.empty()) return result;
  const std::set<std::string> known(result.present_report.begin(), result.present_report.end());
  const std::set<std::string> asked(labels.begin(), labels.end());
  for (const std::string& label : labels) {
    if (!known.contains(label)) result.absent.push_back(label);
  }
  for (auto* list : {&result.present_report, &result.present_diff, &result.global_level}) {
    std::erase_if(*list, [&](const std::string& label) { return !asked.contains(label); });
  }
  return result;
}

class CodecovOutputTest : public ::testing::TestWithParam<const char*> {
 protected:
  std::string ReadOf(const char* file) const {
    const absl::StatusOr<std::string> text =
        ReadFile(std::string(std::getenv("TESTSELECT_SOURCE_DIR")) +
                 "/tests/golden/label_analysis/" + GetParam() + "/" + file);
    EXPECT_TRUE(text.ok()) << text.status();
    return text.value_or("");
  }
};

TEST_P(CodecovOutputTest, TheDryRunPrintsTheFieldsThatCodecovPrints) {
  simdjson::dom::parser case_parser, want_parser, got_parser;
  const simdjson::dom::element answered = case_parser.parse(ReadOf("case.json"));
  const LabelResult result = ResultOfCase(answered);
  const std::vector<std::string> options = Texts(answered["options"]);
  const simdjson::dom::object want = want_parser.parse(ReadOf("want.json"));
  const std::string printed = DryRunJson(result, options);
  const simdjson::dom::object got = got_parser.parse(printed);
  ASSERT_EQ(got.size(), want.size());
  for (const auto& [key, value] : want) {
    EXPECT_EQ(simdjson::minify(got[key].value()), simdjson::minify(value)) << key;
  }
  EXPECT_EQ(DryRunList(result, options), ReadOf("want.list"));
}

INSTANTIATE_TEST_SUITE_P(Golden, CodecovOutputTest,
                         ::testing::Values("errors", "failed", "odd_names", "options",
                                           "recalculated", "report", "unavailable"),
                         [](const auto& one) { return std::string(one.param); });

TEST(LabelResultTest, AQuoteInALabelIsReadBackByAShell) {
  EXPECT_EQ(DryRunList({.present_report = {}, .absent = {"t::it's"}}, {}),
            "TESTS_TO_RUN='t::it'\\''s'\nTESTS_TO_SKIP=\n");
}

TEST(LabelResultTest, TheResultIsWhatCodecovHandsToRunners) {
  EXPECT_EQ(ResultJson({.present_report = {"test_present"},
                        .absent = {"test_absent"},
                        .present_diff = {"test_in_diff"},
                        .global_level = {"test_global"}}),
            "{\"present_report_labels\": [\"test_present\"], \"absent_labels\": [\"test_absent\"], "
            "\"present_diff_labels\": [\"test_in_diff\"], \"global_level_labels\": "
            "[\"test_global\"]}");
}

SelectionAnswer AnswerOf(const std::string& packed) {
  SelectionAnswer answer;
  answer.labels = RequestedLabels::FromPacked(packed);
  return answer;
}

TEST(LabelResultTest, WhatRunsThoughNoListSaysSoIsInAListAllTheSame) {
  SelectionAnswer answer = AnswerOf("a\nb\nc\n");
  answer.present_report = {0, 1, 2};
  answer.present_diff = {1};
  answer.run = {1, 2};
  answer.skip = {0};
  const LabelResult result = ResultOf(answer);
  EXPECT_THAT(LabelsToRun(result), ElementsAre("b", "c"));
  EXPECT_THAT(LabelsToSkip(result), ElementsAre("a"));
}

TEST(LabelResultTest, AFallbackIsAProcessingErrorUnlessSomebodyAskedForIt) {
  SelectionAnswer answer = AnswerOf("a\n");
  answer.run = answer.absent = {0};
  EXPECT_EQ(ResultOf(answer).fallback_reason, "");
  answer.fallback = AnswerFallback{.code = "NO_INDEX", .message = ""};
  EXPECT_EQ(ResultOf(answer).fallback_reason, "test_list_processing_errors");
  answer.fallback->code = "RUN_ALL";
  EXPECT_EQ(ResultOf(answer).fallback_reason, "");
  EXPECT_THAT(LabelsToSkip(ResultOf(answer)), IsEmpty());
}

}  // namespace
}  // namespace testselect::client
