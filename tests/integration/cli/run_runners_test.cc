// `testselect run` with the real runners, where the machine has them.
#include <cstdlib>

#include "gmock/gmock.h"
#include "tests/integration/cli/cli_fixture.h"

namespace testselect {
namespace {

using ::testing::HasSubstr;

class RunRunnersTest : public CliTest {
 protected:
  bool Works(const std::string& command) {
    return Process::Start({"sh", "-c", command}, folder_, {.cwd = repo_})->Wait().exit_code == 0;
  }
  // The Python whose pytest also has pytest-cov; empty: none.
  std::string Python() {
    for (const std::string python : {"python3", "/usr/bin/python3"}) {
      if (Works(python + " -c 'import pytest, pytest_cov'")) return python;
    }
    return "";
  }
  Finished RunRunner(const std::string& runner, std::vector<std::string> options,
                     const std::vector<std::string>& arguments = {}) {
    std::vector<std::string> words = {"run", runner, "--json"};
    words.insert(words.end(), options.begin(), options.end());
    words.push_back("--");
    words.insert(words.end(), arguments.begin(), arguments.end());
    return Run(words);
  }
  // Of the index at HEAD.
  std::string FilesOf(const std::string& label) {
    const Finished shown =
        Run({"index", "show", Shell("git rev-parse HEAD"), "--label", label, "--json"});
    EXPECT_EQ(shown.exit_code, 0) << shown.err;
    return shown.out;
  }
  // Both numbers of a summary, and that all went well.
  void ExpectRan(const Finished& done, uint64_t selected, uint64_t skipped) {
    ASSERT_EQ(done.exit_code, 0) << done.err;
    const auto summary = Json(done.out);
    ASSERT_EQ(uint64_t(summary["selected"]), selected) << done.err;
    EXPECT_EQ(uint64_t(summary["skipped"]), skipped) << done.err;
    EXPECT_EQ(uint64_t(summary["executed"]), selected) << done.err;
  }
};

class RunPytestTest : public RunRunnersTest {
 protected:
  void SetUp() override {
    RunRunnersTest::SetUp();
    const std::string python = Python();
    if (python.empty()) GTEST_SKIP() << "there is no pytest with pytest-cov";
    WriteFile(".gitignore", "__pycache__\n.pytest_cache\n.coverage\n");
    WriteFile("conftest.py", "");
    Commit("for pytest");
    with_ = {"--with", python + " -m pytest"};
  }
  Finished Pytest(std::vector<std::string> options = {},
                  const std::vector<std::string>& arguments = {}) {
    options.insert(options.end(), with_.begin(), with_.end());
    return RunRunner("pytest", options, arguments);
  }
  std::vector<std::string> with_;
};

TEST_F(RunPytestTest, RecordsSelectsAndRunsWhatAChangeNeeds) {
  ExpectRan(Pytest(), 2, 0);
  EXPECT_THAT(FilesOf(kAdd), HasSubstr("calc.py"));
  ExpectRan(Pytest(), 0, 2);
  WriteFile("calc.py", "def add(a, b):\n    return b + a\n\n\ndef mul(a, b):\n    return b * a\n");
  const Finished changed = Pytest();
  ExpectRan(changed, 1, 1);
  EXPECT_THAT(changed.err, HasSubstr("1 passed"));
  Commit("mul");
  ExpectRan(Pytest(), 1, 1);
  ExpectRan(Pytest(), 0, 2);
}

// What is installed did not change with it; of what is installed for others pytest knows nothing.
TEST_F(RunPytestTest, ALockFileAloneRunsNothing) {
  WriteFile("requirements.txt", "a==1\n");
  WriteFile("yarn.lock", "# 1\n");
  Commit("locked");
  ExpectRan(Pytest(), 2, 0);
  WriteFile("requirements.txt", "a==2\n");
  ExpectRan(Pytest(), 0, 2);
  ExpectRan(Pytest({"--environment", "none"}), 2, 0);
  const Finished other = Pytest({"--environment", "python-packages:other"});
  ExpectRan(other, 2, 0);
  EXPECT_EQ(std::string_view(Json(other.out)["fallback"]["code"]), "ENVIRONMENT");
  WriteFile("yarn.lock", "# 2\n");
  ExpectRan(Pytest(), 2, 0);
}

TEST_F(RunPytestTest, EvidenceOfARunInASubfolderHoldsTheCodeOutsideOfIt) {
  WriteFile("service/conftest.py", "import sys\nsys.path.insert(0, '..')\n");
  WriteFile("service/test_service.py",
            "import calc\n\ndef test_s():\n    assert calc.mul(1, 2) == 2\n");
  Commit("service");
  std::vector<std::string> words = {"run", "pytest", "--json"};
  words.insert(words.end(), with_.begin(), with_.end());
  const Finished done = Start(words, {.cwd = repo_ + "/service"})->Wait();
  ASSERT_EQ(done.exit_code, 0) << done.err;
  EXPECT_THAT(FilesOf("test_service.py::test_s"), HasSubstr("\"calc.py\": [[6, 6]]"));
}

TEST_F(RunPytestTest, AFailureIsPytestsStatusAndRunsUntilItPasses) {
  ExpectRan(Pytest(), 2, 0);
  WriteFile("calc.py", "def add(a, b):\n    return 7\n\n\ndef mul(a, b):\n    return a * b\n");
  Commit("broken");
  EXPECT_EQ(Pytest().exit_code, 1);
  const Finished again = Pytest();
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_EQ(uint64_t(Json(again.out)["selected"]), 1u);
}

TEST_F(RunPytestTest, StoppingAtTheFirstFailureIsNoReasonToRunTheRest) {
  WriteFile("calc.py", "def add(a, b):\n    return 7\n\n\ndef mul(a, b):\n    return 7\n");
  Commit("broken");
  const Finished done = Pytest({}, {"-x"});
  EXPECT_EQ(done.exit_code, 1);
  const auto summary = Json(done.out);
  EXPECT_EQ(uint64_t(summary["rounds"]), 1u);
  EXPECT_EQ(Strings(summary["not_executed"]).size(), 1u);
  EXPECT_THAT(std::string(std::string_view(summary["stopped"])), HasSubstr("1 failures"));
}

TEST_F(RunPytestTest, AFileThatDoesNotImportEndsTheRunWithPytestsStatus) {
  WriteFile("tests/test_broken.py", "import no_such_module_here\n");
  const Finished done = Pytest();
  EXPECT_EQ(done.exit_code, 2);
  EXPECT_THAT(done.err, HasSubstr("no_such_module_here"));
}

TEST_F(RunPytestTest, ThirtyThousandAwkwardNodeIdsSurvive) {
  WriteFile(
      "tests/test_awkward.py",
      "import pytest\n"
      "P = ['a b', '[x]', ']', '[', '::', 'a::b[c]', \"'\", '\"', '\\u00fc', '\\u65e5', '-k', "
      "'@f', '$HOME', '`ls`', 'a\\tb', 'a\\\\b', '*', '?', ';', '#', '%s', '{x}', '(', 'a=b', "
      "',', '/', '..', '\\u2028', 'x' * 300, 'nul\\0', 'line\\n']\n"
      "N = 29998\n"
      "IDS = [P[n % len(P)] + str(n) + P[n // len(P) % len(P)] for n in range(N)]\n"
      "@pytest.mark.parametrize('n', range(N), ids=IDS)\n"
      "def test_param(n):\n    pass\n");
  Commit("awkward");
  // Half of them, so that there is a list.
  const Finished done = Pytest({"--shard", "1/2", "--no-record"}, {"-q"});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  const auto summary = Json(done.out);
  EXPECT_EQ(uint64_t(summary["listed"]), 30'000u);
  EXPECT_EQ(uint64_t(summary["selected"]), 15'000u);
  EXPECT_EQ(uint64_t(summary["executed"]), 15'000u);
  EXPECT_EQ(uint64_t(summary["rounds"]), 1u);
}

TEST_F(RunRunnersTest, GoRecordsEachTestAlone) {
  if (!Works("go version")) GTEST_SKIP() << "there is no go";
  WriteFile("go.mod", "module example.com/calc\n\ngo 1.19\n");
  WriteFile("calc.go",
            "package calc\n\nfunc Add(a, b int) int {\n\treturn a + b\n}\n\n"
            "func Mul(a, b int) int {\n\treturn a * b\n}\n");
  WriteFile("calc_test.go",
            "package calc\n\nimport \"testing\"\n\n"
            "func TestAdd(t *testing.T) {\n\tif Add(1, 2) != 3 {\n\t\tt.Fatal()\n\t}\n}\n\n"
            "func Test\xC3\x9C"
            "ber(t *testing.T) {\n\tt.Run(\"a/b c\", func(t *testing.T) {\n"
            "\t\tif Mul(1, 2) != 2 {\n\t\t\tt.Fatal()\n\t\t}\n\t})\n}\n");
  WriteFile("sub/sub.go", "package sub\n\nfunc One() int {\n\treturn 1\n}\n");
  WriteFile("sub/sub_test.go",
            "package sub\n\nimport \"testing\"\n\n"
            "func TestOne(t *testing.T) {\n\tif One() != 1 {\n\t\tt.Fatal()\n\t}\n}\n");
  Commit("go");
  ASSERT_NO_FATAL_FAILURE(ExpectRan(RunRunner("go", {}), 3, 0));
  const auto files = Json(FilesOf("example.com/calc.TestAdd"))["files"];
  EXPECT_EQ(std::string(simdjson::minify(files["calc.go"])), "[[3,5]]");
  ExpectRan(RunRunner("go", {}), 0, 3);
  // From a subfolder the module's other packages count, too.
  WriteFile("sub/calc_test.go",
            "package sub\n\nimport (\n\t\"testing\"\n\n\t\"example.com/calc\"\n)\n\n"
            "func TestCalc(t *testing.T) {\n\tcalc.Add(1, 2)\n}\n");
  Commit("sub");
  ASSERT_EQ(Start({"run", "go", "--subset"}, {.cwd = repo_ + "/sub"})->Wait().exit_code, 0);
  EXPECT_EQ(std::string(simdjson::minify(Json(FilesOf("example.com/calc/sub.TestCalc"))["files"])),
            "{\"calc.go\":[[3,5]]}");
  WriteFile("calc.go",
            "package calc\n\nfunc Add(a, b int) int {\n\treturn a + b\n}\n\n"
            "func Mul(a, b int) int {\n\treturn b * a * 3\n}\n");
  Commit("mul is broken");
  const Finished broken = RunRunner("go", {});
  EXPECT_EQ(broken.exit_code, 1);
  EXPECT_EQ(uint64_t(Json(broken.out)["selected"]), 1u) << broken.err;
  EXPECT_THAT(broken.err, HasSubstr("--- FAIL: Test\xC3\x9C"
                                    "ber"));
}

TEST_F(RunRunnersTest, AGoSumAloneRunsNothing) {
  if (!Works("go version")) GTEST_SKIP() << "there is no go";
  WriteFile("go.mod", "module example.com/calc\n\ngo 1.19\n");
  WriteFile("calc.go", "package calc\n\nfunc One() int {\n\treturn 1\n}\n");
  WriteFile("calc_test.go",
            "package calc\n\nimport \"testing\"\n\nfunc TestA(t *testing.T) {\n\tOne()\n}\n");
  WriteFile("go.sum", "example.com/a v1.0.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
  Commit("go");
  ASSERT_NO_FATAL_FAILURE(ExpectRan(RunRunner("go", {}), 1, 0));
  WriteFile("go.sum", "");
  ExpectRan(RunRunner("go", {}), 0, 1);
}

TEST_F(RunRunnersTest, ThousandsOfAwkwardGoNamesSurvive) {
  if (!Works("go version")) GTEST_SKIP() << "there is no go";
  const char* const many = std::getenv("TESTSELECT_MANY");
  const int count = many == nullptr ? 3000 : std::atoi(many);
  std::string tests = "package many\n\nimport \"testing\"\n\n";
  for (int i = 0; i < count; ++i) {
    const std::string names[] = {
        "Test\xC3\x9C"
        "ber_",
        "Test_", "TestA\xE6\x97\xA5_", "Test9x"};
    tests += "func " + names[i % 4] + std::to_string(i) +
             "(t *testing.T) { t.Run(\"a b/[c]::'\", " + "func(t *testing.T) {}) }\n";
  }
  WriteFile("go.mod", "module example.com/many\n\ngo 1.19\n");
  WriteFile("many_test.go", tests);
  Commit("many");
  const Finished done = RunRunner("go", {"--shard", "1/2", "--no-record"});
  ExpectRan(done, static_cast<uint64_t>(count) / 2, 0);
  EXPECT_EQ(uint64_t(Json(done.out)["listed"]), static_cast<uint64_t>(count));
  EXPECT_EQ(uint64_t(Json(done.out)["rounds"]), 1u);
}

constexpr char kCMake[] =
    "cmake_minimum_required(VERSION 3.20)\nproject(calc CXX)\nenable_testing()\n"
    "add_compile_options(--coverage -O0)\nadd_link_options(--coverage)\n"
    "add_executable(calc calc.cc)\n"
    "add_test(NAME \"adds [1] 'q' \\\"d\\\" \xC3\xBC::x #2\" COMMAND calc add)\n"
    "add_test(NAME multiplies COMMAND calc mul)\n"
    "add_test(NAME off COMMAND calc mul)\nset_tests_properties(off PROPERTIES DISABLED TRUE)\n";
constexpr char kCalc[] =
    "#include <cstring>\nint Add(int a, int b) {\n  return a + b;\n}\n"
    "int Mul(int a, int b) {\n  return a * b;\n}\n"
    "int main(int, char** argv) {\n"
    "  return std::strcmp(argv[1], \"add\") == 0 ? Add(1, 2) != 3 : Mul(2, 3) != 6;\n}\n";

TEST_F(RunRunnersTest, CTestRecordsEachTestAloneWhateverItsName) {
  if (!Works("ctest --version && c++ --version && gcov --version")) {
    GTEST_SKIP() << "there is no ctest, compiler or gcov";
  }
  const std::string adds = "adds [1] 'q' \"d\" \xC3\xBC::x #2";
  WriteFile("CMakeLists.txt", kCMake);
  WriteFile("calc.cc", kCalc);
  WriteFile(".gitignore", "build/\n");
  Commit("C++");
  Shell("cmake -G Ninja -B build . && cmake --build build");
  const std::vector<std::string> arguments = {"--test-dir", "build"};
  ASSERT_NO_FATAL_FAILURE(ExpectRan(RunRunner("ctest", {}, arguments), 2, 0));
  EXPECT_EQ(std::string(simdjson::minify(Json(FilesOf(adds))["files"])),
            "{\"calc.cc\":[[2,3],[8,9]]}");
  ExpectRan(RunRunner("ctest", {}, arguments), 0, 2);
  std::string changed = kCalc;
  changed.replace(changed.find("a + b"), 5, "b + a");
  WriteFile("calc.cc", changed);
  Shell("cmake --build build");
  ExpectRan(RunRunner("ctest", {}, arguments), 1, 1);
}

TEST_F(RunRunnersTest, CTestInAFolderWithoutABuildIsNoSuccess) {
  if (!Works("ctest --version")) GTEST_SKIP() << "there is no ctest";
  const Finished done = RunRunner("ctest", {});
  EXPECT_EQ(done.exit_code, 122) << done.err;
  EXPECT_THAT(done.err, HasSubstr("--test-dir BUILD"));
}

TEST_F(RunRunnersTest, ThirtyThousandCTestsAreChosenByNumber) {
  if (!Works("ctest --version")) GTEST_SKIP() << "there is no ctest";
  std::string tests;
  for (int i = 0; i < 30'000; ++i) {
    tests += "add_test([=[t" + std::to_string(i) + " [x] 'q' \"d\" \\ $ (]=] \"/bin/true\")\n";
  }
  WriteFile("CTestTestfile.cmake", tests);
  Commit("tests");
  // All but those of the last shards: a list of thousands of numbers, of which few run.
  const Finished done = RunRunner("ctest", {"--shard", "1/100", "--no-record"}, {"-Q"});
  ExpectRan(done, 300, 0);
  EXPECT_EQ(uint64_t(Json(done.out)["listed"]), 30'000u);
}

TEST_F(RunRunnersTest, GTestTakesItsListFromAFlagFile) {
  // This very kind of program: the unit tests beside us.
  const std::string program = bin_ + "/runners_test";
  if (!std::filesystem::exists(program)) GTEST_SKIP() << "runners_test is not built";
  const Finished done = RunRunner("gtest", {"--no-record"}, {program});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  const Finished shard = RunRunner("gtest", {"--no-record", "--shard", "1/2"}, {program});
  EXPECT_EQ(shard.exit_code, 0) << shard.err;
  EXPECT_THAT(shard.err, HasSubstr("Google Test filter = "));
  const auto summary = Json(shard.out);
  EXPECT_EQ(uint64_t(summary["executed"]), uint64_t(summary["selected"]));
  EXPECT_LT(uint64_t(summary["selected"]), uint64_t(summary["listed"]));
}

}  // namespace
}  // namespace testselect
