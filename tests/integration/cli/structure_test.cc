// `testselect graph` and `testselect who`, in process and against a server.
#include <signal.h>

#include <filesystem>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/cli/cli_fixture.h"

namespace testselect {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

class StructureCliTest : public CliTest {
 protected:
  void ExpectError(const std::vector<std::string>& arguments, int code,
                   const std::string& message) {
    const Finished done = Run(arguments);
    EXPECT_EQ(done.exit_code, code) << done.out;
    EXPECT_THAT(done.err, HasSubstr(message));
  }
  void ExpectUsageError(const std::vector<std::string>& arguments, const std::string& message) {
    ExpectError(arguments, 2, message);
  }
  void ExpectNoSuch(const std::vector<std::string>& arguments, const std::string& message) {
    ExpectError(arguments, 5, message);
  }
};

TEST_F(StructureCliTest, GraphAsJsonAndDot) {
  const Finished json = Run({"graph"});
  ASSERT_EQ(json.exit_code, 0) << json.err;
  const auto files = Json(json.out)["files"];
  ASSERT_EQ(files.get_array().size(), 2u) << json.out;
  EXPECT_EQ(std::string_view(files.at(0)["path"]), "calc.py");
  EXPECT_EQ(std::string_view(files.at(0)["language"]), "python");
  EXPECT_THAT(Strings(files.at(0)["imports"]), IsEmpty());
  EXPECT_THAT(Strings(files.at(1)["imports"]), ElementsAre("calc.py"));
  EXPECT_EQ(Run({"graph", "--format", "dot", "calc.py"}).out,
            "digraph imports {\n  node [shape=box];\n  \"calc.py\";\n  \"tests/test_calc.py\";\n"
            "  \"tests/test_calc.py\" -> \"calc.py\";\n}\n");
  // The commit counts, not the files as they are.
  WriteFile("new.py", "import calc\n");
  ExpectNoSuch({"graph", "new.py"}, "'new.py'");
  const std::string added = Commit("added");
  EXPECT_EQ(Json(Run({"graph", "new.py"}).out)["files"].get_array().size(), 2u);
  ExpectNoSuch({"graph", "--commit", base_, "--", "new.py"}, "paths: 'new.py'");
  EXPECT_EQ(Run({"graph", "--commit", added, "--", "new.py"}).exit_code, 0);
}

TEST_F(StructureCliTest, AffectedFilesAndTests) {
  ASSERT_EQ(UploadFirst().exit_code, 0);
  const Finished done = Run({"affected", "--base", base_, "--head", head_, "--json"});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  const auto affected = Json(done.out);
  EXPECT_THAT(Strings(affected["changed"]), ElementsAre("calc.py"));
  EXPECT_THAT(Strings(affected["affected_modules"]), ElementsAre("calc.py", "tests/test_calc.py"));
  EXPECT_THAT(Strings(affected["tests"]), ElementsAre("tests/test_calc.py"));
  EXPECT_EQ(uint64_t(affected["labels"]), 1u);
  EXPECT_TRUE(affected["fallback"].is_null());
  Shell("git checkout -q " + base_);
  WriteFile("other.py", "x = 1\n");
  EXPECT_THAT(Run({"affected", "--working-tree"}).out,
              HasSubstr("changed files (1):\n  other.py\n"));
}

// A module that goes or moves concerns those who imported it under its old name, and through
// others.
TEST_F(StructureCliTest, AffectedByWhatIsDeletedMovedStagedAndNew) {
  WriteFile("src/pkg/__init__.py", "from .a import A\n");
  WriteFile("src/pkg/a.py", "A = 1\n");
  WriteFile("src/pkg/b.py", "from . import a\n");
  WriteFile("src/pkg/apart.py", "X = 1\n");
  WriteFile("tests/test_b.py", "from pkg.b import a\n\n\ndef test_b():\n    assert a.A\n");
  WriteFile("tests/test_apart.py", "import apart_of_all\n\n\ndef test_x():\n    pass\n");
  Commit("package");
  const auto affected = [&](const std::string& change, const char* how) {
    Shell(change);
    const Finished done = Run({"affected", how, "--json"});
    EXPECT_EQ(done.exit_code, 0) << done.err;
    const auto files = Strings(Json(done.out)["affected_modules"]);
    Shell("git reset -q --hard && git clean -qfd src tests");
    return files;
  };
  EXPECT_THAT(
      affected("rm src/pkg/a.py", "--working-tree"),
      IsSupersetOf({"src/pkg/__init__.py", "src/pkg/a.py", "src/pkg/b.py", "tests/test_b.py"}));
  EXPECT_THAT(affected("git rm -q src/pkg/__init__.py", "--staged"),
              IsSupersetOf({"src/pkg/__init__.py", "tests/test_b.py"}));
  EXPECT_THAT(
      affected("git mv src/pkg/a.py src/pkg/other.py", "--staged"),
      IsSupersetOf({"src/pkg/a.py", "src/pkg/other.py", "src/pkg/b.py", "tests/test_b.py"}));
  EXPECT_THAT(affected("echo 'Y = 2' >> src/pkg/a.py", "--staged"), IsEmpty());
  EXPECT_THAT(affected("echo 'Y = 2' >> src/pkg/a.py", "--working-tree"),
              AllOf(Contains("tests/test_b.py"), Not(Contains("tests/test_apart.py"))));
  EXPECT_THAT(affected("echo 'Y = 2' > tests/test_new.py", "--working-tree"),
              Contains("tests/test_new.py"));
  EXPECT_THAT(affected("true", "--working-tree"), IsEmpty());
}

TEST_F(StructureCliTest, StaleSaysWhatDiffersFromTheEvidence) {
  const Finished none = Run({"stale"});
  EXPECT_EQ(none.exit_code, 1) << none.err;
  EXPECT_THAT(none.out, HasSubstr("no evidence"));
  ASSERT_EQ(UploadFirst().exit_code, 0);
  const Finished behind = Run({"stale", "--json"});
  EXPECT_EQ(behind.exit_code, 1) << behind.err;
  const auto job = Json(behind.out)["jobs"].at(0);
  EXPECT_EQ(std::string_view(job["commit"]), base_);
  EXPECT_EQ(uint64_t(job["distance"]), 1u);
  EXPECT_THAT(Strings(job["changed"]), ElementsAre("calc.py"));
  Shell("git checkout -q " + base_);
  EXPECT_EQ(Run({"stale"}).exit_code, 0);
}

TEST_F(StructureCliTest, WhoExecutedAndWhoReaches) {
  ASSERT_EQ(UploadFirst().exit_code, 0);
  const Finished line = Run({"who", "calc.py:2", "--commit", base_});
  ASSERT_EQ(line.exit_code, 0) << line.err;
  EXPECT_EQ(line.out, std::string("executed by (1):\n  ") + kAdd + "\nreached by (2):\n  " + kAdd +
                          "  via tests/test_calc.py > calc.py\n  " + kMul +
                          "  via tests/test_calc.py > calc.py\nevidence: unit at " +
                          base_.substr(0, 12) + ", 0 commits back\n");
  EXPECT_THAT(Run({"who", "calc.py", "--commit", base_}).out,
              HasSubstr("executed by (2):\n  " + std::string(kAdd)));
  EXPECT_THAT(Run({"who", "calc.py:1"}).out,
              HasSubstr("executed by (0)\n  and outside of tests, while modules were imported"));
  // HEAD is later than the evidence.
  const Finished json = Run({"who", "calc.py:5-6", "--job", "unit", "--json"});
  ASSERT_EQ(json.exit_code, 0) << json.err;
  const auto answer = Json(json.out);
  EXPECT_EQ(std::string_view(answer["path"]), "calc.py");
  EXPECT_EQ(uint64_t(answer["lines"].at(0)), 5u);
  EXPECT_EQ(uint64_t(answer["lines"].at(1)), 6u);
  EXPECT_EQ(std::string_view(answer["commit"]), head_);
  EXPECT_THAT(Strings(answer["executed"]), ElementsAre(kMul));
  EXPECT_THAT(Strings(answer["reached"].at(0)["via"]),
              ElementsAre("tests/test_calc.py", "calc.py"));
  EXPECT_EQ(uint64_t(answer["index"].at(0)["distance"]), 1u);
}

TEST_F(StructureCliTest, ErrorsNameFieldAndValue) {
  ExpectNoSuch({"who", "calc.py"}, "commit: '" + head_ + "': no commit at or before it has");
  ASSERT_EQ(UploadFirst().exit_code, 0);
  ExpectNoSuch({"who", "gone.py:1"}, "path: 'gone.py'");
  ExpectUsageError({"who", "calc.py:0"}, "FILE: 'calc.py:0': line 0");
  ExpectUsageError({"who", "calc.py:6-5"}, "FILE: 'calc.py:6-5': the last line, 5, is before");
  ExpectUsageError({"who", "calc.py:1-"}, "FILE: 'calc.py:1-': expected FILE[:LINE[-LINE]]");
  ExpectUsageError({"who", "calc.py:10000001"}, "with lines from 1 to 10000000");
  ExpectNoSuch({"who", "calc.py:x"}, "path: 'calc.py:x'");
  EXPECT_EQ(Run({"who", "calc.py", "--commit", "HEAD"}).exit_code, 0);
  ExpectUsageError({"who", "calc.py", "--commit", "nowhere"}, "--commit");
}

// Where `testselect serve` listens.
std::string AddressOf(Process& server) {
  EXPECT_TRUE(server.WaitForOutput("\n"));
  const std::string line = server.Output();
  const size_t at = line.find("grpc=");
  EXPECT_NE(at, std::string::npos) << line;
  return line.substr(at + 5, line.find_first_of(" \n", at) - at - 5);
}

TEST_F(StructureCliTest, AColdCloneTakesWhatTheServerHasCut) {
  for (int i = 0; i < 40; ++i) {
    WriteFile("many/m" + std::to_string(i) + ".py", "N = " + std::to_string(i) + "\n");
  }
  Commit("many files");
  const std::string graph = Run({"graph"}).out;
  Shell("git clone -q . " + folder_ + "/clone");
  const auto server = Start({"serve", "--listen", "127.0.0.1:0", "--metrics-listen", ""});
  const std::string address = AddressOf(*server);
  const std::string clone = folder_ + "/clone";
  const Finished cold = Run({"graph", "--repo", clone, "--sources", address, "--verbose"});
  EXPECT_EQ(cold.exit_code, 0);
  EXPECT_EQ(cold.out, graph);
  EXPECT_THAT(cold.err, HasSubstr("cut sources fetched"));
  const Finished warm = Run({"graph", "--repo", clone, "--sources", address, "--verbose"});
  EXPECT_EQ(warm.out, graph);
  EXPECT_THAT(warm.err, Not(HasSubstr("cut sources")));
  server->Signal(SIGTERM);
  EXPECT_EQ(server->Wait().exit_code, 0);
  // Without the server the files are cut here, and the command says why.
  std::filesystem::remove_all(clone + "/.testselect");
  const Finished alone = Run({"graph", "--repo", clone, "--sources", address});
  EXPECT_EQ(alone.exit_code, 0);
  EXPECT_EQ(alone.out, graph);
  EXPECT_THAT(alone.err, HasSubstr("are cut here"));
  ExpectUsageError({"graph", "--sources", "nowhere"}, "--sources");
}

TEST_F(StructureCliTest, AServerAnswersTheSame) {
  ASSERT_EQ(UploadFirst().exit_code, 0);
  const std::string graph = Run({"graph", "--commit", head_}).out;
  const std::string who = Run({"who", "calc.py:6", "--commit", head_}).out;
  EXPECT_THAT(who, HasSubstr(kMul));
  const auto server = Start({"serve", "--listen", "127.0.0.1:0", "--metrics-listen", ""});
  const std::string address = AddressOf(*server);
  const std::vector<std::string> there = {"--server", address,    "--repo",
                                          "local",    "--commit", head_};
  const auto remote = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), there.begin(), there.end());
    const Finished done = Run(arguments);
    EXPECT_EQ(done.exit_code, 0) << done.err;
    return done.out;
  };
  EXPECT_EQ(remote({"graph"}), graph);
  EXPECT_EQ(remote({"who", "calc.py:6"}), who);
  ExpectUsageError({"who", "calc.py", "--server", address, "--repo", "local"}, "--commit: ''");
  server->Signal(SIGTERM);
  EXPECT_EQ(server->Wait().exit_code, 0);
}

}  // namespace
}  // namespace testselect
