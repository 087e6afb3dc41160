#include "client/cli/selection_output.h"

#include <string>
#include <utility>

#include "client/cli/index_output.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace testselect::client {
namespace {

SelectionAnswer Answer() {
  SelectionAnswer answer;
  answer.selection_id = "s1";
  answer.base = "b";
  answer.head = "h";
  answer.index = {{"unit", "c", 2, "sealed"}};
  answer.labels = RequestedLabels::FromPacked("x y\nnew\nit's\nz\n");
  answer.absent = {1};
  answer.present_diff = {2};
  answer.present_report = {0, 2, 3};
  answer.run = {2, 1};
  answer.skip = {0, 3};
  answer.reasons = {{"ABSENT", 1}, {"COVERED_CHANGE", 1}};
  answer.run_seconds = 1.25;
  answer.total_seconds = 10;
  return answer;
}

TEST(SelectionOutputTest, JsonHasTheDocumentedShape) {
  EXPECT_EQ(SelectionJson(Answer()),
            "{\"selection_id\": \"s1\", \"base\": \"b\", \"head\": \"h\", "
            "\"index\": [{\"job\": \"unit\", \"commit\": \"c\", \"distance\": 2, "
            "\"state\": \"sealed\"}], \"fallback\": null, "
            "\"absent_labels\": [\"new\"], \"present_diff_labels\": [\"it's\"], "
            "\"global_level_labels\": [], \"present_report_labels\": [\"x y\", \"it's\", \"z\"], "
            "\"run\": [\"it's\", \"new\"], \"skip\": [\"x y\", \"z\"], "
            "\"reasons\": {\"ABSENT\": 1, \"COVERED_CHANGE\": 1}, "
            "\"seconds\": {\"run\": 1.25, \"total\": 10}}\n");
}

TEST(SelectionOutputTest, AFallbackHasTheSameShape) {
  const SelectionAnswer answer =
      RunEverything(RequestedLabels::FromPacked("a\n"), "UNAVAILABLE", "no server");
  EXPECT_EQ(SelectionJson(answer),
            "{\"selection_id\": \"\", \"base\": \"\", \"head\": \"\", \"index\": [], "
            "\"fallback\": {\"code\": \"UNAVAILABLE\", \"message\": \"no server\"}, "
            "\"absent_labels\": [\"a\"], \"present_diff_labels\": [], "
            "\"global_level_labels\": [], \"present_report_labels\": [], "
            "\"run\": [\"a\"], \"skip\": [], \"reasons\": {\"FALLBACK\": 1}, "
            "\"seconds\": {\"run\": 0, \"total\": 0}}\n");
}

TEST(SelectionOutputTest, PartsAreToldWhereTheyWereAskedFor) {
  SelectionAnswer answer = Answer();
  answer.over_budget = {0};
  answer.other_shards = {1};
  answer.part_seconds = 0.5;
  answer.known_flaky = {1};
  answer.jobs.push_back({"unit;os=x", {1}, {2}, {{"REACH", 1}}, {}, 0.25, {}});
  const std::string json =
      SelectionJson(answer, {.budget = true, .per_job = true, .shard = 2, .shards = 3});
  EXPECT_THAT(json, testing::EndsWith(
                        "\"over_budget\": [\"x y\"], \"shard\": {\"index\": 2, \"count\": 3, "
                        "\"seconds\": 0.5}, \"other_shards\": [\"new\"], "
                        "\"known_flaky\": [\"new\"], \"jobs\": {\"unit;os=x\": "
                        "{\"run\": [\"new\"], \"skip\": [\"it's\"], \"reasons\": {\"REACH\": 1}, "
                        "\"fallback\": null, \"seconds\": {\"run\": 0.25}}}}\n"));
}

TEST(SelectionOutputTest, ListsAndArguments) {
  EXPECT_EQ(SelectionList(Answer()), "it's\nnew\n");
  EXPECT_EQ(SelectionArgs(Answer()), "'it'\\''s' new\n");
  EXPECT_EQ(SelectionList(SelectionAnswer()), "");
  EXPECT_EQ(SelectionArgs(SelectionAnswer()), "");
}

TEST(SelectionOutputTest, HistogramIsByCount) {
  SelectionAnswer answer = Answer();
  answer.reasons = {{"ABSENT", 1}, {"INSERTION", 1500}};
  const std::string text = ReasonHistogram(answer);
  EXPECT_LT(text.find("INSERTION"), text.find("ABSENT"));
  EXPECT_THAT(text, ::testing::HasSubstr("1,500"));
}

TEST(IndexOutputTest, LabelEvidence) {
  v1::LabelEvidence evidence;
  v1::FileLines& file = *evidence.add_files();
  file.set_path("a.py");
  for (const auto& [first, last] : {std::pair{1u, 3u}, std::pair{7u, 7u}}) {
    v1::LineSpan& span = *file.add_spans();
    span.set_first(first);
    span.set_last(last);
  }
  evidence.set_outcome("passed");
  evidence.set_seconds(-1);
  EXPECT_EQ(LabelEvidenceJson(evidence),
            "{\"files\": {\"a.py\": [[1, 3], [7, 7]]}, \"outcome\": \"passed\", "
            "\"seconds\": null}\n");
  EXPECT_EQ(LabelEvidenceText(evidence), "outcome passed\na.py: 1-3,7\n");
}

}  // namespace
}  // namespace testselect::client
