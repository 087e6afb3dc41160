// What users of an index by job and package expect of their selections: the tests of a job whose
// packages changed run, the others of the job are skipped, and nothing is in both.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/cli/cli_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class IndexedJobsTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    for (const char* package : kPackages) Write(package, 1);
    base_ = Commit("packages");
    Upload("job", {{"t1", "pkgA"}, {"t2", "pkgA"}, {"t3", "pkgB"}, {"t4", "pkgC"}, {"t5", "pkgC"}});
    Upload("job2", {{"t9", "pkgA"}, {"t10", "pkgD"}, {"t11", "pkgD"}});
  }

  void Write(const std::string& package, int value) {
    WriteFile(package + "/code.py", "def code():\n    return " + std::to_string(value) + "\n");
    WriteFile(package + "/more.py", "def more():\n    return 0\n");
  }
  // Every test executes both files of its packages.
  void Upload(const std::string& job, const std::vector<std::pair<std::string, std::string>>& tests,
              const std::vector<std::string>& more = {}) {
    Coverage coverage;
    for (const auto& [test, package] : tests) {
      coverage[test + "|run"][package + "/code.py"] = {2};
      coverage[test + "|run"][package + "/more.py"] = {2};
    }
    WriteCoverageFile(coverage_, coverage);
    std::vector<std::string> arguments = {"upload", "--commit", base_, "--job", job};
    arguments.insert(arguments.end(), more.begin(), more.end());
    arguments.push_back(coverage_);
    const Finished done = Run(arguments);
    ASSERT_EQ(done.exit_code, 0) << done.err;
  }
  // The answer for a change of these packages' code.
  simdjson::dom::element Change(const std::vector<std::string>& packages,
                                const std::vector<std::string>& more) {
    Shell("git checkout -q " + base_);
    for (const std::string& package : packages) Write(package, 2);
    std::vector<std::string> arguments = {"select",         "--base",        base_,    "--head",
                                          Commit("change"), "--granularity", "package"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Finished done = Run(arguments);
    EXPECT_EQ(done.exit_code, 0) << done.err;
    return Json(done.out);
  }

  static constexpr const char* kPackages[] = {"pkgA", "pkgB", "pkgC", "pkgD", "pkgE"};
};

TEST_F(IndexedJobsTest, TheTestsOfAJobThatChangesConcernRunAndTheOthersAreSkipped) {
  const auto one = Change({"pkgA"}, {"--job", "job"});
  EXPECT_THAT(Strings(one["run"]), UnorderedElementsAre("t1", "t2"));
  EXPECT_THAT(Strings(one["skip"]), ElementsAre("t3", "t4", "t5"));
  const auto two = Change({"pkgA", "pkgB"}, {"--job", "job"});
  EXPECT_THAT(Strings(two["skip"]), ElementsAre("t4", "t5"));
  const auto all = Change({"pkgA", "pkgB", "pkgC"}, {"--job", "job"});
  EXPECT_THAT(Strings(all["skip"]), IsEmpty());
}

// An index of packages selects nothing for it. Here nobody was seen to run it, so nobody knows.
TEST_F(IndexedJobsTest, AChangedPackageThatNoTestExecutedRunsEverything) {
  const auto answer = Change({"pkgE"}, {"--job", "job"});
  EXPECT_THAT(Strings(answer["run"]), UnorderedElementsAre("t1", "t2", "t3", "t4", "t5"));
}

TEST_F(IndexedJobsTest, EachJobHasItsOwnAnswer) {
  const auto answer = Change({"pkgA"}, {"--per-job"});
  const auto jobs = answer["jobs"];
  EXPECT_THAT(Strings(jobs["job"]["run"]), UnorderedElementsAre("t1", "t2"));
  EXPECT_THAT(Strings(jobs["job"]["skip"]), ElementsAre("t3", "t4", "t5"));
  EXPECT_THAT(Strings(jobs["job2"]["run"]), ElementsAre("t9"));
  EXPECT_THAT(Strings(jobs["job2"]["skip"]), ElementsAre("t10", "t11"));
}

TEST_F(IndexedJobsTest, WhatRunsAndWhatIsSkippedAreAllTestsAndNothingIsBoth) {
  for (const char* job : {"job", "job2"}) {
    const auto answer = Change({"pkgA", "pkgC"}, {"--job", job});
    std::vector<std::string> run = Strings(answer["run"]), skip = Strings(answer["skip"]);
    std::vector<std::string> known = Strings(answer["present_report_labels"]);
    std::set<std::string> both(run.begin(), run.end());
    both.insert(skip.begin(), skip.end());
    EXPECT_EQ(both.size(), run.size() + skip.size());
    EXPECT_EQ(both, std::set<std::string>(known.begin(), known.end()));
  }
}

TEST_F(IndexedJobsTest, AJobThatNobodyIndexedRunsEverythingThatIsAskedAbout) {
  WriteFile("../labels", "t1\nt3\n");
  const auto answer = Change({"pkgA"}, {"--job", "unknown", "--labels-file", labels_});
  EXPECT_THAT(Strings(answer["run"]), UnorderedElementsAre("t1", "t3"));
  EXPECT_EQ(std::string_view(answer["fallback"]["code"]), "NO_INDEX");
}

TEST_F(IndexedJobsTest, ATestThatTheIndexNeverSawRuns) {
  WriteFile("../labels", "t1\nt3\nt_new\n");
  const auto answer = Change({"pkgB"}, {"--job", "job", "--labels-file", labels_});
  EXPECT_THAT(Strings(answer["run"]), UnorderedElementsAre("t3", "t_new"));
  EXPECT_THAT(Strings(answer["absent_labels"]), ElementsAre("t_new"));
}

TEST_F(IndexedJobsTest, ShardsOfAJobAddUpAndRepeatsCountOnce) {
  Upload("merged", {{"a", "pkgA"}, {"b", "pkgB"}}, {"--shard", "1/2"});
  Upload("merged", {{"c", "pkgA"}, {"a", "pkgA"}, {"z", "pkgD"}}, {"--shard", "2/2"});
  const auto answer = Change({"pkgA"}, {"--job", "merged"});
  EXPECT_THAT(Strings(answer["run"]), UnorderedElementsAre("a", "c"));
  EXPECT_THAT(Strings(answer["skip"]), ElementsAre("b", "z"));
}

TEST_F(IndexedJobsTest, APathWithABracketIsItsOwnPathAndNoPattern) {
  WriteFile("pkg[D]/code.py", "def code():\n    return 1\n");
  base_ = Commit("bracket");
  Coverage coverage;
  coverage["t|run"]["pkg[D]/code.py"] = {2};
  coverage["u|run"]["pkgD/code.py"] = {2};
  WriteCoverageFile(coverage_, coverage);
  ASSERT_EQ(Run({"upload", "--commit", base_, "--job", "odd", coverage_}).exit_code, 0);
  EXPECT_THAT(Strings(Change({"pkgD"}, {"--job", "odd"})["run"]), ElementsAre("u"));
  Shell("git checkout -q " + base_);
  WriteFile("pkg[D]/code.py", "def code():\n    return 2\n");
  const Finished done =
      Run({"select", "--base", base_, "--head", Commit("change"), "--job", "odd"});
  EXPECT_THAT(Strings(Json(done.out)["run"]), ElementsAre("t")) << done.err;
}

}  // namespace
}  // namespace testselect
