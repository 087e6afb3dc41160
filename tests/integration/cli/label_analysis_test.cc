// Codecov's command line of label analysis, on the real index.
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/cli/cli_fixture.h"

namespace testselect {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class LabelAnalysisTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    result_ = folder_ + "/result";
    WriteFile("codecov.yml",
              "cli:\n  runners:\n    dan:\n      collect_tests_command: [cat, " + labels_ +
                  "]\n      process_labelanalysis_result_command: [sh, -c, 'printf %s \"$1\" > " +
                  result_ + "', x]\n");
    ASSERT_EQ(UploadFirst().exit_code, 0);
  }

  Finished Analyse(const std::vector<std::string>& more, const Process::Options& options = {}) {
    std::vector<std::string> arguments = {"label-analysis", "--token=t", "--base-sha", base_,
                                          "--head-sha",     head_,       "--runner",   "dan"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Run(arguments, options);
  }
  std::string Result() const {
    std::ifstream file(result_);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string result_;  // what the runner was handed
};

TEST_F(LabelAnalysisTest, ADryRunPrintsWhatRunsAndWhatIsSkipped) {
  const Finished done = Analyse({"--dry-run"});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  const auto json = Json(done.out);
  EXPECT_THAT(Strings(json["runner_options"]), IsEmpty());
  EXPECT_THAT(Strings(json["ats_tests_to_run"]), ElementsAre(kAdd));
  EXPECT_THAT(Strings(json["ats_tests_to_skip"]), ElementsAre(kMul));
  EXPECT_TRUE(json["ats_fallback_reason"].is_null());
  EXPECT_EQ(Analyse({"--dry-run", "--dry-run-format", "space-separated-list"}).out,
            "TESTS_TO_RUN='" + std::string(kAdd) + "'\nTESTS_TO_SKIP='" + kMul + "'\n");
}

TEST_F(LabelAnalysisTest, TheRunnerIsHandedTheFourLists) {
  const Finished done = Analyse({});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(done.out, "");
  const auto json = Json(Result());
  EXPECT_THAT(Strings(json["present_diff_labels"]), ElementsAre(kAdd));
  EXPECT_THAT(Strings(json["present_report_labels"]), ElementsAre(kMul, kAdd));
  EXPECT_THAT(Strings(json["absent_labels"]), IsEmpty());
  EXPECT_THAT(Strings(json["global_level_labels"]), IsEmpty());
}

TEST_F(LabelAnalysisTest, TheHeadIsTheCiSystemsElseTheCheckedOutCommit) {
  const std::vector<std::string> arguments = {"label-analysis", "--base-sha", base_,
                                              "--runner-name",  "dan",        "--dry-run"};
  const std::vector<std::string> no_ci = {"GITHUB_SHA=", "CIRCLE_SHA1=", "CI_COMMIT_SHA="};
  const Finished head = Run(arguments, {.environment = no_ci});
  EXPECT_THAT(Strings(Json(head.out)["ats_tests_to_run"]), ElementsAre(kAdd)) << head.err;
  const Finished same = Run(arguments, {.environment = {"CIRCLE_SHA1=" + base_}});
  EXPECT_EQ(same.exit_code, 1);
  EXPECT_THAT(same.err, HasSubstr("Base and head sha can't be the same"));
}

TEST_F(LabelAnalysisTest, WhereCodecovAbortsEverythingRunsAndItIsSaidWhy) {
  const auto all = [&](const Finished& done, const char* reason, const char* why) {
    EXPECT_EQ(done.exit_code, 0) << done.err;
    const auto json = Json(done.out);
    EXPECT_THAT(Strings(json["ats_tests_to_run"]), ElementsAre(kAdd, kMul));
    EXPECT_THAT(Strings(json["ats_tests_to_skip"]), IsEmpty());
    EXPECT_EQ(std::string_view(json["ats_fallback_reason"]), reason);
    EXPECT_THAT(done.err, HasSubstr(why));
  };
  // Not reachable.
  all(Analyse({"--dry-run", "--server", "127.0.0.1:1", "--repo", "x", "--timeout", "1"}),
      "codecov_unavailable", "everything runs (UNAVAILABLE)");
  // Somebody else uses the index for longer than we are told to wait.
  const std::unique_ptr<Process> server =
      Start({"serve", "--listen", "127.0.0.1:0", "--metrics-listen", ""});
  ASSERT_TRUE(server->WaitForOutput("\n")) << server->Wait().err;
  all(Analyse({"--dry-run", "--max-wait-time", "0.1"}), "max_wait_time_exceeded",
      "everything runs (MAX_WAIT)");
  server->Signal(SIGTERM);
  EXPECT_EQ(server->Wait().exit_code, 0);
  // What is submitted is wrong: a job of a malformed name.
  all(Analyse({"--dry-run", "--job", "unit;x"}), "codecov_unavailable", "--job");
  // A base that nobody knows.
  all(Run({"label-analysis", "--base-sha", std::string(40, '1'), "--head-sha", head_, "--runner",
           "dan", "--dry-run"}),
      "test_list_processing_errors", "UNKNOWN_BASE");
}

TEST_F(LabelAnalysisTest, MalformedCommitsAreRefused) {
  const auto with_base = [&](const std::string& base) {
    return Run({"label-analysis", "--base-sha", base, "--head-sha", head_, "--dry-run"});
  };
  EXPECT_EQ(with_base("abc").exit_code, 2);
  EXPECT_EQ(with_base(base_ + "0").exit_code, 2);
  EXPECT_THAT(with_base("abc").err, HasSubstr("--base-sha"));
  EXPECT_EQ(Run({"label-analysis", "--head-sha", head_}).exit_code, 2);
}

TEST_F(LabelAnalysisTest, NothingCollectedAndAFailingRunnerEndWithStatusOne) {
  const Finished none = Analyse({"--dry-run", "--runner-param", "collect_tests_command=true"});
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_THAT(none.err, HasSubstr("collected no labels"));
  const Finished failed = Analyse({"--runner-param", "process_labelanalysis_result_command=false"});
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_THAT(failed.err, HasSubstr("process_labelanalysis_result_command ended with status 1"));
}

// The index knows more labels than this job has: whoever is not collected is in no list.
TEST_F(LabelAnalysisTest, TheListsHaveCollectedLabelsOnly) {
  const std::string collect = "collect_tests_command=printf,%s\\n," + std::string(kAdd) + ",t::new";
  const Finished done = Analyse({"--runner-param", collect});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  const auto json = Json(Result());
  EXPECT_THAT(Strings(json["absent_labels"]), ElementsAre("t::new"));
  EXPECT_THAT(Strings(json["present_diff_labels"]), ElementsAre(kAdd));
  EXPECT_THAT(Strings(json["present_report_labels"]), ElementsAre(kAdd));
  const Finished dry = Analyse({"--dry-run", "--runner-param", collect});
  EXPECT_THAT(Strings(Json(dry.out)["ats_tests_to_run"]), ElementsAre("t::new", kAdd));
  EXPECT_THAT(Strings(Json(dry.out)["ats_tests_to_skip"]), IsEmpty());
}

// What pytest is started with, by a program in its place; `python` is the section's older name.
TEST_F(LabelAnalysisTest, PytestIsStartedAsTheConfigurationSays) {
  const std::string calls = folder_ + "/calls";
  WriteFile("../python", "#!/bin/sh\necho \"$*\" >> " + calls +
                             "\ncase \"$*\" in *--collect-only*) cat " + labels_ + " ;; esac\n");
  Shell("chmod +x " + folder_ + "/python");
  for (const std::string section : {"pytest", "python"}) {
    std::filesystem::remove(calls);
    WriteFile("codecov.yml",
              "cli:\n  runners:\n    " + section + ":\n      python_path: " + folder_ +
                  "/python\n      collect_tests_options: [--ignore=x, -x]\n"
                  "      execute_tests_options: [-s, --cov-report=xml, --cov=other]\n"
                  "      coverage_root: src/\n      some_missing_option: 1\n");
    const Finished done = Run({"label-analysis", "--base-sha", base_, "--head-sha", head_});
    ASSERT_EQ(done.exit_code, 0) << done.err;
    EXPECT_EQ(Shell("cat " + calls),
              "-m pytest -q --collect-only --ignore=x -x\n"
              "-m pytest --cov=src/ --cov-context=test -s --cov-report=xml --cov=other " +
                  std::string(kAdd));
    EXPECT_THAT(done.err, AllOf(HasSubstr("the setting 'some_missing_option' is unknown"),
                                HasSubstr("--cov option: use coverage_root")));
  }
}

TEST_F(LabelAnalysisTest, ALabelThatNoListCanCarryRunsAsItIs) {
  if (std::system("python3 -c '' 2> /dev/null") != 0) GTEST_SKIP() << "there is no python3 here";
  WriteFile("runner.py",
            "class Runner:\n    def collect_tests(self):\n        return ['a\\nb', '', '" +
                std::string(kAdd) + "', '" + kMul + "']\n");
  WriteFile("codecov.yml",
            "cli: {runners: {mine: {module: runner, class: Runner, python_path: python3}}}\n");
  const Finished done = Run({"label-analysis", "--base-sha", base_, "--head-sha", head_, "--runner",
                             "mine", "--dry-run"});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  EXPECT_THAT(Strings(Json(done.out)["ats_tests_to_run"]), ElementsAre("", "a\nb", kAdd));
  EXPECT_THAT(Strings(Json(done.out)["ats_tests_to_skip"]), ElementsAre(kMul));
}

class PytestLabelAnalysisTest : public LabelAnalysisTest {
 protected:
  void SetUp() override {
    LabelAnalysisTest::SetUp();
    if (std::system("python3 -c 'import pytest' 2> /dev/null") != 0) {
      GTEST_SKIP() << "there is no pytest for python3 here";
    }
    // What pytest-cov takes; the project need not have it.
    WriteFile("conftest.py",
              "def pytest_addoption(parser):\n"
              "    for name in ('--cov', '--cov-context'):\n"
              "        parser.addoption(name)\n");
  }
  Finished Pytest(const std::string& head, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {"label-analysis",     "--base-sha", base_,
                                          "--head-sha",         head,         "--runner-param",
                                          "python_path=python3"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Run(arguments,
               {.environment = {"PYTHONDONTWRITEBYTECODE=1", "PYTEST_ADDOPTS=-p no:cov"}});
  }
};

TEST_F(PytestLabelAnalysisTest, PytestCollectsAndRunsWhatIsSelected) {
  const Finished dry = Pytest(head_, {"--dry-run"});
  ASSERT_EQ(dry.exit_code, 0) << dry.err;
  EXPECT_THAT(Strings(Json(dry.out)["runner_options"]), ElementsAre("--cov-context=test"));
  EXPECT_THAT(Strings(Json(dry.out)["ats_tests_to_run"]), ElementsAre(kAdd));
  const Finished run = Pytest(head_);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("1 passed"));
}

TEST_F(PytestLabelAnalysisTest, WhereNothingIsToRunNoRandomTestRuns) {
  Shell("git checkout -q " + base_);
  const std::string head = Shell("git commit -q --allow-empty -m same && git rev-parse HEAD");
  const Finished run = Pytest(head);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.err, HasSubstr("no test needs to run"));
  EXPECT_THAT(run.out, Not(HasSubstr("passed")));
}

TEST_F(PytestLabelAnalysisTest, FailingTestsAndFailingCollectionEndWithStatusOneAndTwo) {
  WriteFile("tests/test_new.py", "def test_new():\n    assert False\n");
  const Finished failed = Pytest(Commit("failing"));
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_THAT(failed.err, HasSubstr("pytest ended with status 1"));
  WriteFile("tests/test_new.py", "import nothing_of_this_name\n");
  const Finished broken = Pytest(Commit("broken"), {"--dry-run"});
  EXPECT_EQ(broken.exit_code, 2);
  EXPECT_THAT(broken.err, HasSubstr("nothing_of_this_name"));
}

TEST_F(PytestLabelAnalysisTest, ThousandsOfLongNamesReachPytest) {
  WriteFile("tests/test_many.py",
            "def test_many():\n    pass\n\n"
            "for n in range(1500):\n    globals()[f'test_{n}_' + 'x' * 120] = test_many\n");
  const Finished run = Pytest(Commit("many"), {"--runner-param", "execute_tests_options=-q"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("1503 passed"));
}

}  // namespace
}  // namespace testselect
