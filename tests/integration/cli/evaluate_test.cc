// Selections judged, made again, and learnt from, through the real command.
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/cli/cli_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class EvaluateCliTest : public CliTest {
 protected:
  // A selection that is recorded: test_add runs, test_mul is left out.
  std::string Select(const std::vector<std::string>& more = {}) {
    EXPECT_EQ(UploadFirst().exit_code, 0);
    const Finished done = Run(SelectArguments(more));
    EXPECT_EQ(done.exit_code, 0) << done.err;
    selection_ = folder_ + "/selection.json";
    std::ofstream(selection_) << done.out;
    return std::string(std::string_view(Json(done.out)["selection_id"]));
  }

  // A JUnit file of a run of both tests.
  std::string Outcomes(const std::string& mul, const std::string& more = "") {
    const std::string file = folder_ + "/junit.xml";
    std::ofstream(file) << "<testsuites><testsuite name=\"pytest\">"
                           "<testcase classname=\"tests.test_calc\" name=\"test_add\" time=\"1\"/>"
                           "<testcase classname=\"tests.test_calc\" name=\"test_mul\" time=\"3\">"
                        << mul << "</testcase>" << more << "</testsuite></testsuites>";
    return file;
  }

  std::string selection_;
};

constexpr char kFailure[] = "<failure message=\"no\">no</failure>";

TEST_F(EvaluateCliTest, AMissedFailureIsReported) {
  const std::string id = Select();
  const Finished done = Run({"evaluate", id, "--outcomes", Outcomes(kFailure)});
  EXPECT_EQ(done.exit_code, 1) << done.err;
  EXPECT_THAT(done.out, HasSubstr("selection " + id));
  EXPECT_THAT(done.out, HasSubstr("job unit\n--- executed: 2 labels\n+++ selected: 1 labels\n"));
  EXPECT_THAT(done.out, HasSubstr(std::string("+ ") + kMul + "   failed and was left out\n"));
  EXPECT_THAT(done.out, HasSubstr("missed 1 of 1 failed, 0 flaky left out\n"
                                  "selected 1 of 2 (50.0%), executed 2 (1 of them selected)\n"
                                  "saves 3.0 of 4.0 seconds (75.0%)\n"));
  // It is kept, summed up, and asked for again without outcomes.
  const Finished again = Run({"evaluate", id, "--json"});
  EXPECT_EQ(again.exit_code, 1) << again.err;
  const auto json = Json(again.out);
  EXPECT_EQ(uint64_t(json["missed"]), 1u);
  EXPECT_THAT(Strings(json["evaluations"].at(0)["missed"]), ElementsAre(kMul));
  const Finished stats = Run({"stats", "--json"});
  const auto job = Json(stats.out)["jobs"].at(0);
  EXPECT_EQ(std::string_view(job["job"]), "unit");
  EXPECT_EQ(uint64_t(job["counts"]["missed"]), 1u);
  EXPECT_EQ(double(job["seconds"]["saved"]), 3.0);
}

TEST_F(EvaluateCliTest, ARightSelectionIsPraised) {
  const std::string id = Select();
  const Finished done = Run({"evaluate", selection_, "--outcomes", Outcomes("")});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr(std::string("- ") + kMul + "\n"));
  EXPECT_THAT(done.out, HasSubstr("missed 0 of 0 failed"));
  EXPECT_THAT(done.err, Not(HasSubstr("nothing was stored")));
}

TEST_F(EvaluateCliTest, AttemptsThatPassMakeAFailureFlaky) {
  const std::string id = Select();
  EXPECT_EQ(Run({"evaluate", id, "--outcomes", Outcomes(kFailure)}).exit_code, 1);
  const Finished done = Run({"evaluate", id, "--outcomes", Outcomes("")});
  EXPECT_EQ(done.exit_code, 0) << done.out;
  EXPECT_THAT(done.out, HasSubstr(std::string("~ ") + kMul));
}

TEST_F(EvaluateCliTest, AFileIsEvaluatedWithoutARecord) {
  Select();
  std::filesystem::remove_all(repo_ + "/.testselect");
  const Finished done = Run({"evaluate", selection_, "--outcomes", Outcomes(kFailure)});
  EXPECT_EQ(done.exit_code, 1) << done.err;
  EXPECT_THAT(done.err, HasSubstr("nothing was stored"));
  EXPECT_THAT(done.out, HasSubstr(std::string("+ ") + kMul));
}

TEST_F(EvaluateCliTest, FullUploadsWithOutcomesAreEvaluated) {
  const std::string id = Select();
  const Finished upload = Run(
      {"upload", "--commit", head_, "--job", "unit", "--outcomes", Outcomes(kFailure), coverage_});
  ASSERT_EQ(upload.exit_code, 0) << upload.err;
  const Finished done = Run({"evaluate", id});
  EXPECT_EQ(done.exit_code, 1) << done.err;
  EXPECT_THAT(done.out, HasSubstr(std::string("+ ") + kMul));
}

TEST_F(EvaluateCliTest, SubsetUploadsAreNot) {
  const std::string id = Select();
  ASSERT_EQ(Run({"upload", "--commit", head_, "--job", "unit", "--subset", "--outcomes",
                 Outcomes(kFailure), coverage_})
                .exit_code,
            0);
  EXPECT_EQ(Run({"evaluate", id}).exit_code, 5);
}

TEST_F(EvaluateCliTest, WhatCannotBeEvaluatedIsSaid) {
  const std::string id = Select();
  EXPECT_EQ(Run({"evaluate", std::string(32, 'a'), "--outcomes", Outcomes("")}).exit_code, 5);
  EXPECT_EQ(Run({"evaluate", folder_ + "/none.json"}).exit_code, 5);
  EXPECT_EQ(Run({"evaluate", labels_}).exit_code, 2) << "no JSON";
  EXPECT_EQ(Run({"evaluate", id}).exit_code, 5) << "nothing was reported";
  std::ofstream(folder_ + "/other.xml")
      << "<testsuite name=\"x\"><testcase classname=\"other\" name=\"y\"/></testsuite>";
  const Finished other = Run({"evaluate", id, "--outcomes", folder_ + "/other.xml"});
  EXPECT_EQ(other.exit_code, 6) << other.out;
  EXPECT_THAT(other.err, HasSubstr("no test that ran is one of the selection's labels"));
  std::ofstream(folder_ + "/broken.xml") << "<testsuite";
  EXPECT_EQ(Run({"evaluate", id, "--outcomes", folder_ + "/broken.xml"}).exit_code, 2);
}

TEST_F(EvaluateCliTest, ThePageHoldsEverythingAndRunsNothing) {
  const std::string evil = "tests/test_calc.py::test_x[<script>alert(1)</script>\"&']";
  std::ofstream(labels_, std::ios::app) << evil << "\n";
  const std::string id = Select();
  const std::string page = folder_ + "/page.html";
  const Finished done = Run({"evaluate", id, "--html", page, "--outcomes",
                             Outcomes(kFailure,
                                      "<testcase classname=\"tests.test_calc\" "
                                      "name=\"other[&lt;img src=x&gt;]\"><failure/></testcase>")});
  EXPECT_EQ(done.exit_code, 1) << done.err;
  std::stringstream html;
  html << std::ifstream(page).rdbuf();
  EXPECT_THAT(html.str(), HasSubstr(kMul));
  EXPECT_THAT(html.str(), Not(HasSubstr("<script")));
  EXPECT_THAT(html.str(), Not(HasSubstr("http:")));
  EXPECT_THAT(html.str(), Not(HasSubstr("https:")));
  EXPECT_THAT(html.str(), HasSubstr("<svg"));
  EXPECT_THAT(html.str(), HasSubstr("<rect class=\"missed\""));
  EXPECT_THAT(html.str(), HasSubstr("<polyline class=\"ratio\""));
}

TEST_F(EvaluateCliTest, ReplayGivesTheSameAnswerUntilItsInputsAreGone) {
  const std::string id = Select();
  const Finished same = Run({"replay", id});
  EXPECT_EQ(same.exit_code, 0) << same.out << same.err;
  EXPECT_EQ(same.out, "selection " + id + ": the same answer\n");
  // New evidence of base supersedes what the decision rests on; it is made again from that.
  WriteCoverageFile(coverage_, {{std::string(kAdd) + "|run", {{"calc.py", {2, 6}}}},
                                {std::string(kMul) + "|run", {{"calc.py", {2, 6}}}}});
  ASSERT_EQ(UploadFirst({"--attempt", "2"}).exit_code, 0);
  const Finished changed = Run({"replay", id, "--json"});
  EXPECT_EQ(changed.exit_code, 0) << changed.out;
  EXPECT_TRUE(bool(Json(changed.out)["same"]));
  EXPECT_THAT(Strings(Json(changed.out)["notes"]),
              ElementsAre(HasSubstr("the index has changed since")));
  ASSERT_EQ(Run({"index", "delete", base_}).exit_code, 0);
  const Finished gone = Run({"replay", id});
  EXPECT_EQ(gone.exit_code, 1) << gone.out;
  EXPECT_THAT(gone.out, HasSubstr("! gone: the segment "));
  EXPECT_THAT(gone.out, HasSubstr("! the fallback: was none, is NO_INDEX"));
  EXPECT_THAT(gone.out, HasSubstr(std::string("+ ") + kMul + "\n"));
  EXPECT_EQ(Run({"replay", std::string(32, 'a')}).exit_code, 5);
}

TEST_F(EvaluateCliTest, DecisionsAreListedAndShown) {
  const std::string id = Select();
  EXPECT_EQ(Run(SelectArguments()).exit_code, 0) << "the same selection is one decision";
  const Finished list = Run({"decisions", "--json"});
  ASSERT_EQ(list.exit_code, 0) << list.err;
  const auto decisions = Json(list.out)["decisions"].get_array();
  ASSERT_EQ(decisions.size(), 1u) << list.out;
  EXPECT_EQ(std::string_view(decisions.at(0)["selection_id"]), id);
  EXPECT_EQ(uint64_t(decisions.at(0)["run"]), 1u);
  EXPECT_EQ(uint64_t(decisions.at(0)["labels"]), 2u);
  EXPECT_EQ(Json(Run({"decisions", "--head", base_, "--json"}).out)["decisions"].get_array().size(),
            0u);
  const auto shown = Json(Run({"decisions", "show", id, "--json"}).out);
  EXPECT_EQ(std::string_view(shown["base"]), base_);
  EXPECT_THAT(Strings(shown["present_diff_labels"]), ElementsAre(kAdd));
  EXPECT_EQ(shown["segments"].get_array().size(), 1u);
  EXPECT_THAT(Run({"decisions", "show", id}).out, HasSubstr("reason    COVERED_CHANGE"));
}

TEST_F(EvaluateCliTest, TheProjectLearnsFromAMiss) {
  Shell("git checkout -q " + base_);
  WriteFile(".testselect.yml", "on_miss: always_run\nharmless: [.testselect.yml]\n");
  WriteFile("calc.py", "def add(a, b):\n    return b + a\n\n\ndef mul(a, b):\n    return a * b\n");
  head_ = Commit("policy");
  const std::string id = Select();
  const Finished done = Run({"evaluate", id, "--outcomes", Outcomes(kFailure)});
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_THAT(done.out, HasSubstr("failed and was left out; runs always from now on"));
  const Finished misses = Run({"misses"});
  EXPECT_THAT(misses.out, HasSubstr(std::string(kMul) + "   job unit, since "));
  const auto answer = Json(Run(SelectArguments()).out);
  EXPECT_THAT(Strings(answer["skip"]), IsEmpty());
  EXPECT_EQ(uint64_t(answer["reasons"]["CONFIRMED_MISS"]), 1u);
  EXPECT_EQ(Run({"misses", "forget", kMul}).exit_code, 5) << "of the job 'default'";
  EXPECT_EQ(Run({"misses", "forget", kMul, "--job", "unit"}).exit_code, 0);
  EXPECT_EQ(Run({"misses"}).out, "");
  EXPECT_THAT(Strings(Json(Run(SelectArguments()).out)["skip"]), ElementsAre(kMul));
}

}  // namespace
}  // namespace testselect
