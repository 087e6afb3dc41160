// `testselect run` with runners made of shell commands, which every machine has: what is common to
// all runners.
#include <signal.h>

#include "gmock/gmock.h"
#include "tests/integration/cli/cli_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kList[] = "cat labels.txt";
// Leaves JUnit XML that names what it was given, and fails where a label says so.
constexpr char kScript[] =
    "#!/bin/sh\n"
    "out=$TESTSELECT_RUN_REPORTS/$$.xml\n"
    "echo '<testsuite name=\"s\">' >\"$out\"\n"
    "status=0\n"
    "for label; do\n"
    "  echo \"$label\" >>executed.txt\n"
    "  case $label in *lazy*) [ -f awake ] || continue;; *bad*) status=9;; esac\n"
    "  echo \"<testcase classname='$label' name='$label' time='0.1'/>\" >>\"$out\"\n"
    "done\n"
    "echo '</testsuite>' >>\"$out\"\n"
    "touch awake\n"
    "exit $status\n";

class RunTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    WriteFile("run.sh", kScript);
    WriteFile("labels.txt", "one\ntwo words\n");
    WriteFile(".gitignore", "executed.txt\nawake\n");
    head_ = Commit("runner");
  }
  Finished Custom(const std::vector<std::string>& options,
                  const std::string& command = "sh run.sh {labels}") {
    std::vector<std::string> words = {"run", "custom"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"--", kList, command});
    return Run(words);
  }
  simdjson::dom::element Summary(const Finished& done) { return Json(done.out); }
};

TEST_F(RunTest, TheFirstRunIsTheWholeSuiteAndIsUploadedAsFull) {
  const Finished done = Custom({"--json"});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  const auto summary = Summary(done);
  EXPECT_EQ(uint64_t(summary["executed"]), 2u);
  EXPECT_EQ(std::string_view(summary["fallback"]["code"]), "NO_INDEX");
  EXPECT_EQ(std::string_view(summary["upload"]["state"]), "sealed");
  EXPECT_EQ(Shell("cat executed.txt"), "one\ntwo words");
}

TEST_F(RunTest, TheRunnersStatusIsOurs) {
  WriteFile("labels.txt", "one\nbad\n");
  EXPECT_EQ(Custom({"--no-upload"}).exit_code, 9);
}

TEST_F(RunTest, AListingWithoutTestsIsToldAndNotTakenForAChangeThatAffectsNone) {
  WriteFile("labels.txt", "");
  const Finished done = Custom({"--no-upload"});
  EXPECT_THAT(done.err, HasSubstr("custom lists no tests here"));
  EXPECT_THAT(done.err, ::testing::Not(HasSubstr("no test can be affected")));
}

TEST_F(RunTest, AListingThatFailsRunsNothingAndEndsWithItsStatus) {
  const Finished done = Run({"run", "custom", "--", "echo one; exit 4", "sh run.sh {labels}"});
  EXPECT_EQ(done.exit_code, 4);
  EXPECT_THAT(done.err, HasSubstr("could not list its tests"));
  EXPECT_FALSE(std::filesystem::exists(repo_ + "/executed.txt"));
}

TEST_F(RunTest, WhatWasNotExecutedRunsOnceMore) {
  WriteFile("labels.txt", "one\nlazy\n");
  const Finished done = Custom({"--no-upload", "--json"});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(uint64_t(Summary(done)["rounds"]), 2u);
  EXPECT_EQ(uint64_t(Summary(done)["executed"]), 2u);
  EXPECT_EQ(Shell("cat executed.txt"), "one\nlazy\nlazy");
}

TEST_F(RunTest, WhatWasNotExecutedIsNamedAndIsAFailureOfItsOwn) {
  WriteFile("labels.txt", "one\nlazy\n");
  const Finished done = Custom({"--no-upload", "--json", "--on-missing", "fail"});
  EXPECT_EQ(done.exit_code, 120);
  EXPECT_THAT(done.err, HasSubstr("1 selected tests were not executed:\n  lazy"));
  EXPECT_THAT(Strings(Summary(done)["not_executed"]), ElementsAre("lazy"));
}

TEST_F(RunTest, ARunThatLeavesNoOutcomesIsToldToBeUnchecked) {
  const Finished done = Custom({}, ": {file}");
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_THAT(done.err, HasSubstr("is not known"));
}

TEST_F(RunTest, ARunThatSaysItIsAPartIsUploadedAsOne) {
  ASSERT_EQ(Custom({"--subset"}).exit_code, 0);
  const Finished shown = Run({"index", "show", head_, "--json"});
  EXPECT_THAT(shown.out, HasSubstr("\"subset\""));
}

TEST_F(RunTest, ShardsOfTheWholeSuiteMakeOneUploadAndShardsOfASelectionWaitForNobody) {
  EXPECT_EQ(std::string_view(Summary(Custom({"--json", "--shard", "1/2"}))["upload"]["state"]),
            "building");
  EXPECT_EQ(std::string_view(Summary(Custom({"--json", "--shard", "2/2"}))["upload"]["state"]),
            "sealed");
  WriteFile("labels.txt", "one\ntwo words\nthree\n");
  Commit("one more");
  // Labels without evidence run all; one of them at a time.
  EXPECT_EQ(std::string_view(
                Summary(Custom({"--json", "--subset", "--shard", "1/3"}))["upload"]["state"]),
            "sealed");
  EXPECT_EQ(Shell("cat executed.txt | wc -l"), "3");
}

TEST_F(RunTest, ChangedFilesAreNoEvidenceOfTheCommit) {
  WriteFile("calc.py", "x = 1\n");
  const Finished done = Custom({"--json"});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(std::string_view(Summary(done)["not_uploaded"]), "calc.py differs from the commit");
  const Finished other = Custom({"--head", base_});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, HasSubstr("check the head out"));
}

TEST_F(RunTest, AServerThatIsGoneIsNoReasonToRunNothing) {
  const Finished done = Custom(
      {"--json", "--no-upload", "--server", "127.0.0.1:1", "--repo", "app", "--timeout", "2"});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(std::string_view(Summary(done)["fallback"]["code"]), "UNAVAILABLE");
  EXPECT_EQ(uint64_t(Summary(done)["executed"]), 2u);
  // The tests passed, but what they left is lost: that has a status of its own.
  EXPECT_EQ(Custom({"--server", "127.0.0.1:1", "--repo", "app", "--timeout", "2"}).exit_code, 121);
}

TEST_F(RunTest, ADryRunPrintsAndRunsNothing) {
  const Finished done = Custom({"--dry-run"});
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_THAT(done.out, HasSubstr("one\ntwo words\n"));
  EXPECT_FALSE(std::filesystem::exists(repo_ + "/executed.txt"));
}

TEST_F(RunTest, AnInterruptReachesTheRunner) {
  WriteFile("wait.sh", "trap 'exit 77' INT\necho ready\nwhile :; do sleep 0.01; done\n");
  const auto running =
      Start({"run", "custom", "--no-upload", "--", kList, "exec sh wait.sh {labels}"});
  ASSERT_TRUE(running->WaitForOutput("ready"));
  running->Signal(SIGINT);
  EXPECT_EQ(running->Wait().exit_code, 77);
}

TEST_F(RunTest, ThirtyThousandLabelsReachACommandByArgumentsAndByFile) {
  std::string labels;
  for (int i = 0; i < 30'000; ++i) {
    labels += "t::x[" + std::to_string(i) + " 'q' \"d\" $HOME \\ \xC3\xBC ]" +
              std::string(80, 'y') + "\n";
  }
  WriteFile("labels.txt", labels);
  ASSERT_EQ(Custom({"--no-upload"}, "printf '%s\\n' {labels} >>executed.txt").exit_code, 0);
  EXPECT_EQ(Shell("cmp labels.txt executed.txt && rm executed.txt && echo same"), "same");
  ASSERT_EQ(Custom({"--no-upload"}, "cat {file} >executed.txt").exit_code, 0);
  EXPECT_EQ(Shell("cmp labels.txt executed.txt && echo same"), "same");
}

TEST_F(RunTest, DanGetsTheListsOfCodecovInAFile) {
  const Finished done = Run({"run", "dan", "--no-upload", "--", kList, "cat"});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(Strings(Json(done.out)["present_diff_labels"]).size(), 2u) << done.out;
}

TEST_F(RunTest, UnknownRunnersAndBadArgumentsAreUsageErrors) {
  EXPECT_EQ(Run({"run", "nose"}).exit_code, 2);
  EXPECT_EQ(Run({"run", "custom", "--", "one command"}).exit_code, 2);
  EXPECT_EQ(Run({"run", "pytest", "--with", "no-such-pytest"}).exit_code, 127);
  EXPECT_EQ(Run({"run", "go", "--with", "", "--", "-skip=x"}).exit_code, 2);
}

}  // namespace
}  // namespace testselect
