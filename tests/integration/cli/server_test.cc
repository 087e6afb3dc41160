// The command against a real testselectd, and commands that meet on one local index.
#include <signal.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/cli/cli_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CliServerTest : public CliTest {
 protected:
  // Starts `testselect serve`, which becomes testselectd, on a free port.
  void Serve() {
    server_ = Start({"serve", "--listen", "127.0.0.1:0", "--metrics-listen", ""});
    FindAddress();
  }
  void FindAddress() {
    ASSERT_TRUE(server_->WaitForOutput("\n")) << server_->Wait().err;
    const std::string line = server_->Output();
    const size_t at = line.find("grpc=");
    ASSERT_NE(at, std::string::npos) << line;
    address_ = line.substr(at + 5, line.find_first_of(" \n", at) - at - 5);
  }
  Finished RunRemote(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--server", address_, "--repo", "local"});
    return Run(arguments);
  }
  std::unique_ptr<Process> server_;
  std::string address_;
};

TEST_F(CliServerTest, UploadSelectAndStop) {
  Serve();
  const Finished upload = RunRemote({"upload", "--commit", base_, "--job", "unit", coverage_});
  ASSERT_EQ(upload.exit_code, 0) << upload.err;
  const Finished select = RunRemote(SelectArguments({"--job", "unit"}));
  ASSERT_EQ(select.exit_code, 0) << select.err;
  EXPECT_THAT(Strings(Json(select.out)["run"]), ElementsAre(kAdd));
  // The variable does what the flag does.
  const Finished by_variable = Run(SelectArguments({"--repo", "local", "--format", "list"}),
                                   {.environment = {"TESTSELECT_SERVER=" + address_}});
  EXPECT_EQ(by_variable.out, std::string(kAdd) + "\n") << by_variable.err;
  server_->Signal(SIGTERM);
  EXPECT_EQ(server_->Wait().exit_code, 0);
  // What the server stored is the local index.
  EXPECT_EQ(Run(SelectArguments({"--format", "list"})).out, std::string(kAdd) + "\n");
}

TEST_F(CliServerTest, ARunAsksTheFrontendAndGivesItsEvidenceToTheIndexer) {
  std::vector<std::unique_ptr<Process>> machines;
  const auto start = [&](const std::string& role) {
    machines.push_back(Process::Start(
        {bin_ + "/testselectd", "--data-dir=" + folder_ + "/" + role, "--repository=app=" + repo_,
         "--object-store=file://" + folder_ + "/objects", "--object-store-refresh=0s",
         "--listen=127.0.0.1:0", "--metrics-listen=", "--role=" + role},
        folder_, {}));
    EXPECT_TRUE(machines.back()->WaitForOutput("\n")) << machines.back()->Wait().err;
    const std::string line = machines.back()->Output();
    const size_t at = line.find("grpc=") + 5;
    return line.substr(at, line.find_first_of(" \n", at) - at);
  };
  std::filesystem::create_directory(folder_ + "/objects");
  const std::string indexer = start("indexer"), frontend = start("frontend");
  WriteFile("list.sh", "printf 'one\\ntwo\\n'\n");
  WriteFile("run.sh",
            "echo '<testsuite name=\"s\">' >$TESTSELECT_RUN_REPORTS/o.xml\n"
            "for n; do echo \"<testcase classname='$n' name='$n'/>\"; done "
            ">>$TESTSELECT_RUN_REPORTS/o.xml\n"
            "echo '</testsuite>' >>$TESTSELECT_RUN_REPORTS/o.xml\n");
  Commit("runner");
  const std::vector<std::string> run = {
      "run", "custom", "--server", frontend,     "--repo",
      "app", "--json", "--",       "sh list.sh", "sh run.sh {labels}"};
  EXPECT_EQ(Run(run).exit_code, 121);
  const Finished done = Run(run, {.environment = {"TESTSELECT_UPLOAD_SERVER=" + indexer}});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(std::string_view(Json(done.out)["upload"]["state"]), "sealed");
  // What uploads alone takes the variable, too; what is typed comes before it.
  const std::vector<std::string> upload = {"upload", "--repo", "app", "--commit", base_, coverage_};
  const std::vector<std::string> both = {"TESTSELECT_SERVER=" + frontend,
                                         "TESTSELECT_UPLOAD_SERVER=" + indexer};
  EXPECT_EQ(Run(upload, {.environment = both}).exit_code, 0);
  std::vector<std::string> typed = upload;
  typed.insert(typed.end(), {"--server", frontend});
  EXPECT_NE(Run(typed, {.environment = both}).exit_code, 0);
  // Questions go to the other one.
  const Finished asked =
      Run({"select", "--repo", "app", "--base", base_, "--head", head_}, {.environment = both});
  EXPECT_EQ(asked.exit_code, 0) << asked.err;
  EXPECT_EQ(Run(upload, {.environment = {"TESTSELECT_SERVER=" + indexer}}).exit_code, 0);
}

TEST_F(CliServerTest, ALargeListIsAnsweredTheSameByDigest) {
  Serve();
  ASSERT_EQ(RunRemote({"upload", "--commit", base_, coverage_}).exit_code, 0);
  std::ofstream file(labels_);
  for (int i = 0; i < 5000; ++i) file << "new::test[" << i << "]\n";
  file << kMul << "\n" << kAdd << "\n";
  file.close();
  const Finished first = RunRemote(SelectArguments());
  const Finished second = RunRemote(SelectArguments());
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_EQ(first.out, second.out);
  EXPECT_EQ(Strings(Json(second.out)["run"]).size(), 5001u);
}

TEST_F(CliServerTest, MistakesAgainstAServer) {
  Serve();
  const Finished directory = Run({"index", "list", "--server", address_, "--repo", repo_});
  EXPECT_EQ(directory.exit_code, 2);
  EXPECT_THAT(directory.err, HasSubstr("NAME"));
  const Finished unnamed = Run({"index", "list", "--server", address_});
  EXPECT_EQ(unnamed.exit_code, 2);
  const Finished unknown = Run({"index", "list", "--server", address_, "--repo", "other"});
  EXPECT_EQ(unknown.exit_code, 5) << unknown.err;
  EXPECT_THAT(unknown.err, HasSubstr("other"));
}

TEST_F(CliServerTest, FilesThatTheServerDoesNotSee) {
  const std::string origin = folder_ + "/origin.git";
  Shell("git clone -q --bare . '" + origin + "' && git remote add origin '" + origin +
        "' && git checkout -q -b work " + base_ + " && git fetch -q origin");
  server_ = Process::Start({bin_ + "/testselectd", "--listen=127.0.0.1:0", "--metrics-listen=",
                            "--data-dir=" + folder_ + "/data", "--repository=local=" + origin},
                           folder_, {});
  FindAddress();
  ASSERT_EQ(RunRemote({"upload", "--commit", base_, coverage_}).exit_code, 0);
  const auto selected = [&](const std::string& flag) {
    const Finished done = RunRemote({"select", flag, "--labels-file", labels_, "--format", "list"});
    EXPECT_EQ(done.exit_code, 0) << done.err;
    return done.out;
  };
  const std::string mul = "def mul(a, b):\n    return b * a\n";
  WriteFile("calc.py", "def add(a, b):\n    return a + b\n\n\n" + mul);
  EXPECT_EQ(selected("--working-tree"), std::string(kMul) + "\n");
  EXPECT_EQ(selected("--staged"), "");
  // A commit that was not pushed: the server is told what differs from the one before.
  const std::string mine = Commit("not pushed");
  EXPECT_EQ(selected("--working-tree"), std::string(kMul) + "\n");
  Shell("git rm -q calc.py");
  EXPECT_EQ(selected("--staged"), std::string(kMul) + "\n" + kAdd + "\n");
  EXPECT_EQ(Shell("git -C '" + origin + "' cat-file -t " + mine + " 2>&1 || true"),
            "fatal: git cat-file: could not get object info");
}

TEST_F(CliTest, WithoutItsServerSelectRunsEverything) {
  // Port 1 of loopback: reserved, and nothing serves there.
  const std::vector<std::string> server = {"--server", "127.0.0.1:1", "--repo", "local"};
  std::vector<std::string> select = SelectArguments(server);
  const Finished fallback = Run(select);
  EXPECT_EQ(fallback.exit_code, 0) << fallback.err;
  EXPECT_EQ(std::string_view(Json(fallback.out)["fallback"]["code"]), "UNAVAILABLE");
  EXPECT_THAT(Strings(Json(fallback.out)["absent_labels"]), ElementsAre(kMul, kAdd));
  EXPECT_THAT(Strings(Json(fallback.out)["run"]), ElementsAre(kMul, kAdd));
  EXPECT_EQ(std::string_view(Json(fallback.out)["head"]), head_);
  EXPECT_THAT(fallback.err, HasSubstr("warning"));
  select.push_back("--fail-on-fallback");
  EXPECT_EQ(Run(select).exit_code, 3);
  select = SelectArguments(server);
  select.insert(select.end(), {"--max-wait", "0.2"});
  const Finished waited = Run(select);
  EXPECT_EQ(waited.exit_code, 0) << waited.err;
  EXPECT_EQ(Strings(Json(waited.out)["run"]).size(), 2u);
  // Nobody knows the labels: an empty answer would lose them.
  const Finished unknown = Run(
      {"select", "--base", base_, "--head", head_, "--server", "127.0.0.1:1", "--repo", "local"});
  EXPECT_EQ(unknown.exit_code, 4);
  EXPECT_EQ(unknown.out, "");
  EXPECT_EQ(
      Run({"upload", "--commit", base_, "--server", "127.0.0.1:1", "--repo", "local", coverage_})
          .exit_code,
      4);
}

TEST_F(CliServerTest, CommandsWaitForALockedIndexAndSaySo) {
  ASSERT_EQ(UploadFirst().exit_code, 0);
  Serve();  // holds the local index
  const std::unique_ptr<Process> waiting = Start(SelectArguments({"--format", "list"}));
  EXPECT_TRUE(waiting->WaitForError("waiting for another command")) << waiting->Wait().err;
  EXPECT_TRUE(waiting->Running());
  server_->Signal(SIGTERM);
  const Finished done = waiting->Wait();
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(done.out, std::string(kAdd) + "\n");
}

TEST_F(CliServerTest, TheWaitForALockedIndexEnds) {
  ASSERT_EQ(UploadFirst().exit_code, 0);
  Serve();
  const Finished list = Run({"index", "list", "--lock-wait", "0.1"});
  EXPECT_EQ(list.exit_code, 4);
  EXPECT_THAT(list.err, HasSubstr("in use by another command"));
  const Finished select = Run(SelectArguments({"--lock-wait", "0.1"}));
  EXPECT_EQ(select.exit_code, 0) << select.err;
  EXPECT_EQ(std::string_view(Json(select.out)["fallback"]["code"]), "UNAVAILABLE");
  const Finished bounded = Run(SelectArguments({"--max-wait", "0.1"}));
  EXPECT_EQ(bounded.exit_code, 0) << bounded.err;
  EXPECT_EQ(std::string_view(Json(bounded.out)["fallback"]["code"]), "MAX_WAIT");
}

TEST_F(CliTest, CommandsAtOnceTakeTurns) {
  std::vector<std::unique_ptr<Process>> uploads;
  for (int i = 1; i <= 4; ++i) {
    uploads.push_back(Start({"upload", "--commit", base_, "--job", "unit", "--shard",
                             std::to_string(i) + "/4", coverage_}));
  }
  for (const auto& upload : uploads) {
    const Finished done = upload->Wait();
    EXPECT_EQ(done.exit_code, 0) << done.err;
  }
  const Finished list = Run({"index", "list", "--json"});
  EXPECT_EQ(Json(list.out)["commits"].at(0)["segments"].get_array().size(), 4u);
  EXPECT_THAT(Strings(Json(Run(SelectArguments()).out)["run"]), ElementsAre(kAdd));
}

}  // namespace
}  // namespace testselect
