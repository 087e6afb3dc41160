#include "client/cli/evaluation_output.h"

#include <string>

#include "client/cli/evaluation_page.h"
#include "client/cli/svg_plot.h"
#include "client/selection_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace testselect::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

v1::Evaluation Sample() {
  v1::Evaluation e;
  e.set_selection_id("0123456789abcdef0123456789abcdef");
  e.mutable_job()->set_name("unit");
  e.set_base(std::string(40, 'b'));
  e.set_head(std::string(40, 'c'));
  v1::EvaluationCounts& counts = *e.mutable_counts();
  counts.set_labels(10);
  counts.set_predicted(4);
  counts.set_executed(9);
  counts.set_executed_predicted(3);
  counts.set_failed(2);
  counts.set_missed(1);
  counts.set_flaky(1);
  counts.set_not_run(1);
  counts.set_saved_seconds(30);
  counts.set_total_seconds(40);
  e.add_missed()->set_label("m\n<b>");
  e.add_flaky("f");
  e.add_not_run("n");
  e.add_left_out("l");
  return e;
}

TEST(EvaluationTextTest, IsADiff) {
  EXPECT_EQ(EvaluationText(Sample()),
            "selection 0123456789abcdef0123456789abcdef for cccccccccccc against bbbbbbbbbbbb, "
            "job unit\n"
            "--- executed: 9 labels\n"
            "+++ selected: 4 labels\n"
            "+ m\\n<b>   failed and was left out\n"
            "~ f   failed and was left out, but is flaky\n"
            "? n   selected, but not run\n"
            "- l\n"
            "- ... 3 more (--all)\n"
            "missed 1 of 2 failed, 1 flaky left out\n"
            "selected 4 of 10 (40.0%), executed 9 (3 of them selected)\n"
            "saves 30.0 of 40.0 seconds (75.0%)\n");
}

TEST(EvaluationPageTest, LabelsAreText) {
  v1::EvaluateSelectionResponse response;
  *response.add_evaluations() = Sample();
  response.mutable_evaluations(0)->mutable_job()->set_name("</title><script>x</script>");
  v1::GetStatsResponse stats;
  stats.set_bucket_seconds(86400);
  v1::JobStats& job = *stats.add_jobs();
  job.mutable_job()->set_name("a&\"b'");
  job.set_evaluations(2);
  for (int day = 0; day < 3; ++day) {
    v1::StatsPoint& point = *job.add_series();
    point.set_begin_unix_seconds(day * 86400);
    *point.mutable_counts() = Sample().counts();
  }
  const std::string page = EvaluationPage(response, stats);
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("://")));
  EXPECT_THAT(page, HasSubstr("a&amp;&quot;b&#39;"));
  EXPECT_THAT(page, HasSubstr("&lt;b&gt;"));
  EXPECT_THAT(page, HasSubstr("1970-01-03"));
  size_t plots = 0;
  for (size_t at = page.find("<svg"); at != std::string::npos; at = page.find("<svg", at + 1)) {
    ++plots;
  }
  EXPECT_EQ(plots, 3u);
}

TEST(EvaluationPageTest, NothingYetIsSaid) {
  const std::string page = EvaluationPage(v1::EvaluateSelectionResponse(), v1::GetStatsResponse());
  EXPECT_THAT(page, HasSubstr("Nothing has been evaluated yet."));
  EXPECT_THAT(page, HasSubstr("Nothing was missed."));
}

TEST(HtmlTextTest, WhatIsNoTextIsReplaced) {
  EXPECT_EQ(HtmlText("a\x01"
                     "b\xff"
                     "<"),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD"
            "&lt;");
  EXPECT_EQ(HtmlText("gr\xC3\xBC\xC3\x9F"), "gr\xC3\xBC\xC3\x9F");
}

TEST(SvgPlotTest, PointsOfAnyValueStayInside) {
  for (const double value : {0.0, 1e-9, 3.0, 1e12}) {
    Plot plot;
    plot.title = "t";
    plot.css_class = "c";
    const std::string svg = SvgPlot(plot, {{0, value, "p"}});
    EXPECT_THAT(svg, HasSubstr("<rect class=\"c\""));
    EXPECT_THAT(svg, Not(HasSubstr("nan")));
    EXPECT_THAT(svg, Not(HasSubstr("inf")));
    EXPECT_THAT(svg, Not(HasSubstr("=\"-")));
  }
}

TEST(SelectionFileTest, ReadsAnAnswerAndItsShadow) {
  ASSERT_OK_AND_ASSIGN(const SelectionFile file,
                       ReadSelectionFile("s.json",
                                         R"({"selection_id": "i", "base": "b", "head": "h",
                            "index": [{"job": "unit"}], "run": ["x", "y"], "skip": [],
                            "shadow": {"run": 1, "skip": ["y"]}})"));
  EXPECT_EQ(file.selection_id, "i");
  EXPECT_THAT(file.jobs, ElementsAre("unit"));
  EXPECT_THAT(file.run, ElementsAre("x"));
  EXPECT_THAT(file.skip, ElementsAre("y"));
}

TEST(SelectionFileTest, AnythingElseIsNamed) {
  for (const char* text : {"", "[]", "{", "{\"run\": []}",
                           R"({"selection_id": "i", "base": "b", "head": "h", "run": [1]})"}) {
    EXPECT_THAT(ReadSelectionFile("s.json", text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("s.json: ")))
        << text;
  }
}

}  // namespace
}  // namespace testselect::client
