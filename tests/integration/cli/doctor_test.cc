// doctor and init on a real repository, in process and against a real testselectd.
#include <signal.h>

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/cli/cli_fixture.h"

namespace testselect {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class DoctorTest : public CliTest {
 protected:
  // Runs it; `expected` is the exit code. Both labels, unless `more` says where they are.
  void Doctor(std::vector<std::string> more, int expected) {
    if (!with_own_labels_) more.insert(more.end(), {"--labels-file", labels_});
    more.insert(more.begin(), {"doctor", "--json"});
    const Finished done = Run(more);
    EXPECT_EQ(done.exit_code, expected) << done.out << done.err;
    out_ = done.out;
  }
  // "state: found -> todo" of a check; "" where there is none.
  std::string Check(const std::string& name) {
    for (const simdjson::dom::element check : Json(out_)["checks"].get_array()) {
      if (std::string_view(check["name"]) != name) continue;
      return std::string(std::string_view(check["state"])) + ": " +
             std::string(std::string_view(check["found"])) + " -> " +
             std::string(std::string_view(check["todo"]));
    }
    return "";
  }
  void Serve(const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {"serve", "--listen", "127.0.0.1:0", "--metrics-listen", ""};
    words.insert(words.end(), more.begin(), more.end());
    server_ = Start(words);
    ASSERT_TRUE(server_->WaitForOutput("\n")) << server_->Wait().err;
    const std::string line = server_->Output();
    const size_t at = line.find("grpc=") + 5;
    address_ = line.substr(at, line.find_first_of(" \n", at) - at);
  }

  bool with_own_labels_ = false;
  std::string out_, address_;
  std::unique_ptr<Process> server_;
};

TEST_F(DoctorTest, NothingIndexedIsAProblemAndChangesNothing) {
  Doctor({}, 1);
  EXPECT_THAT(Check("repository"), HasSubstr("ok: " + repo_));
  EXPECT_THAT(Check("history"), HasSubstr("ok: 2 commits, complete"));
  EXPECT_THAT(Check("base"), AllOf(HasSubstr("ok: "), HasSubstr(base_.substr(0, 12))));
  EXPECT_THAT(Check("rules"), HasSubstr("ok: no .testselect.yml"));
  EXPECT_THAT(Check("server"), HasSubstr("skipped: none is named"));
  EXPECT_THAT(Check("token"), HasSubstr("skipped: "));
  EXPECT_THAT(Check("index"),
              AllOf(HasSubstr("problem: nothing is indexed"), HasSubstr("-> upload a full run")));
  EXPECT_THAT(Check("labels"), HasSubstr("ok: --labels-file"));
  EXPECT_THAT(Check("known"), HasSubstr("skipped: "));
  EXPECT_FALSE(fs::exists(repo_ + "/.testselect"));
}

TEST_F(DoctorTest, AnIndexedAncestorThatKnowsTheLabelsIsFine) {
  ASSERT_EQ(UploadFirst().exit_code, 0);
  Doctor({coverage_}, 0);
  EXPECT_THAT(Check("index"), HasSubstr("ok: 1 commits, 1 sealed; the newest is 0 hours old"));
  EXPECT_THAT(Check("distance"), HasSubstr("1 commits behind HEAD"));
  EXPECT_THAT(Check("known"), HasSubstr("ok: 2 of 2 labels"));
  EXPECT_THAT(Check("report"), AllOf(HasSubstr("ok: "), HasSubstr("2 labels, 2 file names fit")));
}

TEST_F(DoctorTest, LabelsThatAreSpeltOtherwiseAreAProblem) {
  ASSERT_EQ(UploadFirst().exit_code, 0);
  std::ofstream(labels_) << "test_calc.py::test_add\ntest_calc.py::test_mul\n";
  Doctor({}, 1);
  EXPECT_THAT(Check("known"), HasSubstr("problem: 0 of 2 labels looked up are in the index"));
  std::ofstream(labels_) << kAdd << "\ntests/test_new.py::test_new\n";
  Doctor({}, 0);
  EXPECT_THAT(Check("known"), HasSubstr("warning: 1 of 2"));
}

TEST_F(DoctorTest, ARunnerThatFailsIsAProblem) {
  with_own_labels_ = true;
  Doctor({"--labels-command", "echo a::b; exit 3"}, 1);
  EXPECT_THAT(Check("labels"), AllOf(HasSubstr("problem: "), HasSubstr("status 3")));
  Doctor({"--labels-command", "true"}, 1);
  EXPECT_THAT(Check("labels"), HasSubstr("problem: `true` lists none"));
}

TEST_F(DoctorTest, ReportsThatDoNotFitAreProblemsAndDoNotHideEachOther) {
  ASSERT_EQ(UploadFirst().exit_code, 0);
  std::ofstream(folder_ + "/bad") << "no report\n";
  const std::string other = folder_ + "/other";
  WriteCoverageFile(other, {{"t::a|run", {{"/elsewhere/x.py", {1}}, {"/elsewhere/y.py", {2}}}}});
  Doctor({folder_ + "/bad", other, coverage_}, 1);
  EXPECT_THAT(out_, AllOf(HasSubstr("no known format"), HasSubstr("/elsewhere/x.py"),
                          HasSubstr("2 file names fit HEAD")));
}

TEST_F(DoctorTest, AShallowCloneWithoutBaseSaysHowToDeepenIt) {
  Shell("git clone -q --depth 1 file://" + repo_ + " " + folder_ + "/shallow");
  Doctor({"--repo", folder_ + "/shallow", "--base", base_}, 1);
  EXPECT_THAT(Check("history"), AllOf(HasSubstr("warning: a shallow clone of 1 commits"),
                                      HasSubstr("git fetch --unshallow")));
  EXPECT_THAT(Check("base"), AllOf(HasSubstr("problem: "), HasSubstr("is not in this clone"),
                                   HasSubstr("git fetch --unshallow")));
}

TEST_F(DoctorTest, ABaseBesideHeadIsAWarning) {
  Shell("git checkout -q -b side " + base_);
  WriteFile("other.py", "x = 1\n");
  const std::string side = Commit("side");
  Shell("git checkout -q -");
  Doctor({"--base", side}, 1);
  EXPECT_THAT(Check("base"), AllOf(HasSubstr("warning: "), HasSubstr("git merge-base")));
}

TEST_F(DoctorTest, RulesThatAreWrongOrNotCommittedAreTold) {
  WriteFile(".testselect.yml", "harmles: [x]\n");
  Doctor({}, 1);
  EXPECT_THAT(Check("rules"),
              AllOf(HasSubstr("problem: .testselect.yml:1: 'harmles'"), HasSubstr("RULE_ERROR")));
  WriteFile(".testselect.yml", "branches:\n  \"*\": full\n");
  Doctor({}, 1);
  EXPECT_THAT(Check("rules"), HasSubstr("warning: .testselect.yml is not as it is at HEAD"));
  EXPECT_THAT(Check("branch"), HasSubstr("warning: everything runs on "));
  Commit("rules");
  Doctor({}, 1);
  EXPECT_THAT(Check("rules"), HasSubstr("ok: "));
}

TEST_F(DoctorTest, AServerItsTokenAndItsRepositories) {
  ASSERT_EQ(UploadFirst().exit_code, 0);
  std::ofstream(folder_ + "/tokens") << "a-token-for-tests-0123\n";
  Serve({"--token-file", folder_ + "/tokens"});
  Doctor({"--server", address_, "--repo", "local"}, 1);
  EXPECT_THAT(Check("server"), HasSubstr("ok: " + address_));
  EXPECT_THAT(Check("token"), AllOf(HasSubstr("problem: "), HasSubstr("--token-file")));
  EXPECT_THAT(Check("known"), HasSubstr("ok: 2 of 2"));
  EXPECT_THAT(Check("commits"), HasSubstr("ok: the server has HEAD and base"));
  Doctor({"--server", address_, "--repo", "local", "--token-file", folder_ + "/tokens"}, 0);
  EXPECT_THAT(Check("token"), HasSubstr("ok: uploads are allowed"));
  Doctor({"--server", address_, "--repo", "other"}, 1);
  EXPECT_THAT(Check("index"), AllOf(HasSubstr("problem: "), HasSubstr("other")));
  Doctor({"--server", address_}, 1);
  EXPECT_THAT(Check("server"), HasSubstr("problem: "));
  Doctor({"--server", "127.0.0.1:1", "--repo", "local", coverage_}, 1);
  EXPECT_THAT(Check("server"), HasSubstr("problem: no server answers"));
  // And the rest is checked all the same.
  EXPECT_THAT(Check("report"), HasSubstr("ok: "));
}

TEST_F(DoctorTest, LabelsThatTheNewestUploadDidNotRunAreKnownToo) {
  ASSERT_EQ(UploadFirst().exit_code, 0);
  Shell("printf 'TN:\\nSF:calc.py\\nDA:2,1\\nend_of_record\\n' >" + folder_ + "/add.info");
  const Finished subset = Run({"upload", "--commit", head_, "--subset", "--job", "unit", "--label",
                               kAdd, folder_ + "/add.info"});
  ASSERT_EQ(subset.exit_code, 0) << subset.err;
  Doctor({}, 0);
  EXPECT_THAT(Check("known"), HasSubstr("ok: 2 of 2"));
}

TEST_F(DoctorTest, ACommitThatTheServerLacksIsAProblem) {
  ASSERT_EQ(UploadFirst().exit_code, 0);
  Serve();
  Shell("git clone -q . " + folder_ + "/clone");
  Shell("cd " + folder_ +
        "/clone && git -c user.email=t@example.com -c user.name=t commit -q "
        "--allow-empty -m mine");
  const Finished done =
      Run({"doctor", "--json", "--server", address_, "--repo", "local", "--labels-file", labels_},
          {.cwd = folder_ + "/clone"});
  EXPECT_EQ(done.exit_code, 1) << done.err;
  out_ = done.out;
  EXPECT_THAT(Check("commits"), AllOf(HasSubstr("problem: "), HasSubstr("-> push it")));
  EXPECT_THAT(Check("distance"), HasSubstr("ok: "));
}

TEST_F(DoctorTest, OutsideOfARepositoryItSaysSo) {
  fs::create_directory(folder_ + "/empty");
  const Finished done = Run({"doctor", "--labels-file", labels_}, {.cwd = folder_ + "/empty"});
  EXPECT_EQ(done.exit_code, 1) << done.out;
  EXPECT_THAT(done.out,
              AllOf(HasSubstr("problem  repository"), HasSubstr("-> "), HasSubstr("1 problems, ")));
}

class InitTest : public CliTest {};

TEST_F(InitTest, WhatItWritesIsReadByTheRulesAndNeverOverwritten) {
  const Finished dry = Run({"init", "--dry-run"});
  EXPECT_EQ(dry.exit_code, 0) << dry.err;
  EXPECT_THAT(dry.out, HasSubstr("unknown_change: all"));
  EXPECT_FALSE(fs::exists(repo_ + "/.testselect.yml"));
  EXPECT_FALSE(fs::exists(repo_ + "/.gitignore"));
  WriteFile("Dockerfile", "FROM scratch\n");
  const Finished init = Run({"init"});
  EXPECT_EQ(init.exit_code, 0) << init.err;
  EXPECT_THAT(init.out, AllOf(HasSubstr("pytest (tests/test_calc.py)"),
                              HasSubstr("testselect upload --commit")));
  EXPECT_THAT(init.err, AllOf(HasSubstr("wrote " + repo_ + "/.testselect.yml"),
                              HasSubstr("added /.testselect/ to " + repo_ + "/.gitignore")));
  const Finished check = Run({"rules", "check", "Dockerfile"});
  EXPECT_EQ(check.exit_code, 0) << check.err;
  EXPECT_THAT(check.out, HasSubstr("Dockerfile: runs all (ENVIRONMENT_FILE)"));
  WriteFile(".testselect.yml", "# mine\n");
  const Finished again = Run({"init"});
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_THAT(again.err, HasSubstr("--force"));
  EXPECT_EQ(Shell("cat .testselect.yml"), "# mine");
  const Finished forced = Run({"init", "--force"});
  EXPECT_EQ(forced.exit_code, 0) << forced.err;
  EXPECT_THAT(forced.err, ::testing::Not(HasSubstr(".gitignore")));
  EXPECT_EQ(Shell("grep -c testselect .gitignore"), "1");
}

TEST_F(InitTest, OutsideOfARepositoryNothingIsWritten) {
  fs::create_directory(folder_ + "/empty");
  EXPECT_EQ(Run({"init"}, {.cwd = folder_ + "/empty"}).exit_code, 5);
  EXPECT_TRUE(fs::is_empty(folder_ + "/empty"));
}

}  // namespace
}  // namespace testselect
