#include "client/cli/init_files.h"

#include <filesystem>
#include <string>
#include <vector>

#include "client/cli/project_scan.h"
#include "client/files.h"
#include "client/runners/registry.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/selection/path_rules.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_folder.h"

namespace testselect::client {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class InitFilesTest : public ::testing::Test {
 protected:
  void Write(const std::string& path, const std::string& content = "") {
    const std::filesystem::path file = folder_.Path(path);
    std::filesystem::create_directories(file.parent_path());
    EXPECT_THAT(WriteFileAtomically(file, content), IsOk());
  }
  ProjectScan Scan() {
    auto scan = ScanProject(folder_.path());
    EXPECT_THAT(scan, IsOk());
    return scan.value_or(ProjectScan{});
  }
  // "name@folder (sign)" of each runner.
  std::vector<std::string> Runners() {
    std::vector<std::string> runners;
    for (const FoundRunner& runner : Scan().runners) {
      runners.push_back(runner.name + "@" + runner.folder + " (" + runner.sign + ")");
    }
    return runners;
  }
  const TemporaryFolder folder_;
};

TEST_F(InitFilesTest, RunnersAreFoundByTheirFiles) {
  const struct {
    std::string path, content, runner;
  } cases[] = {
      {"pytest.ini", "", "pytest@ (pytest.ini)"},
      {"pyproject.toml", "[tool.pytest.ini_options]\n", "pytest@ (pyproject.toml)"},
      {"setup.cfg", "[tool:pytest]\n", "pytest@ (setup.cfg)"},
      {"tests/test_a.py", "", "pytest@ (tests/test_a.py)"},
      {"tests/conftest.py", "", "pytest@ (tests/conftest.py)"},
      {"go.mod", "module x\n", "go test@ (go.mod)"},
      {"CMakeLists.txt", "enable_testing()\n", "CTest@ (CMakeLists.txt)"},
      {"package.json", R"({"devDependencies": {"jest": "1"}})", "Jest@ (package.json)"},
      {"package.json", R"({"devDependencies": {"vitest": "1"}})", "Vitest@ (package.json)"},
      {"pom.xml", "", "Maven Surefire@ (pom.xml)"},
      {"build.gradle.kts", "", "Gradle@ (build.gradle.kts)"},
      {"Cargo.toml", "", "cargo test@ (Cargo.toml)"},
      {"Gemfile", "gem 'rspec'\n", "RSpec@ (Gemfile)"},
      {".rspec", "", "RSpec@ (.rspec)"},
      {"services/api/go.mod", "", "go test@services/api (services/api/go.mod)"},
  };
  for (const auto& [path, content, runner] : cases) {
    Write(path, content);
    EXPECT_THAT(Runners(), ElementsAre(runner));
    std::filesystem::remove_all(folder_.Path(path.substr(0, path.find('/'))));
  }
}

TEST_F(InitFilesTest, WhatItSaysToRunCanBeRun) {
  Write("pytest.ini");
  Write("go.mod");
  Write("CMakeLists.txt", "enable_testing()\n");
  Write("Cargo.toml");
  Write("build.gradle");
  Write("package.json", R"({"devDependencies": {"jest": "1", "vitest": "1"}})");
  Write("pom.xml");
  Write(".rspec");
  const ProjectScan scan = Scan();
  size_t known = 0;
  for (const FoundRunner& runner : scan.runners) {
    if (runner.run_name.empty()) continue;
    ++known;
    EXPECT_THAT(FindRunner(runner.run_name), IsOk());
    // Each under a job of its own, whose whole runs say nothing about the other's tests.
    EXPECT_THAT(NextSteps(scan), HasSubstr("testselect run " + runner.run_name + " --job " +
                                           runner.run_name + runner.run_arguments + "\n"));
  }
  EXPECT_EQ(known, 9u);
  EXPECT_THAT(NextSteps(scan), HasSubstr("git commit")) << "before, a run records nothing";
}

TEST_F(InitFilesTest, ASingleRunnerNeedsNoJobAndCTestIsToldWhereItsBuildIs) {
  Write("CMakeLists.txt", "enable_testing()\n");
  EXPECT_THAT(NextSteps(Scan()), AllOf(HasSubstr("-DCMAKE_CXX_FLAGS=--coverage"),
                                       HasSubstr("testselect run ctest -- --test-dir build\n")));
}

TEST_F(InitFilesTest, NextestIsNamedWhereItIsConfiguredOrRunByCi) {
  Write("Cargo.toml");
  Write(".github/workflows/ci.yml", "run: cargo test --workspace\n");
  EXPECT_THAT(Runners(), ElementsAre("cargo test@ (Cargo.toml)"));
  Write(".github/workflows/ci.yml", "run: cargo nextest run --workspace\n");
  EXPECT_THAT(Runners(), ElementsAre("nextest@ (.github/workflows/ci.yml)"));
  EXPECT_THAT(NextSteps(Scan()), HasSubstr("testselect run nextest\n"));
  Write(".github/workflows/ci.yml", "");
  Write(".config/nextest.toml", "[profile.ci]\n");
  EXPECT_THAT(Runners(), ElementsAre("nextest@ (.config/nextest.toml)"));
}

TEST_F(InitFilesTest, WhatIsNoSignIsNoRunner) {
  Write("pyproject.toml", "[tool.ruff]\n");
  Write("CMakeLists.txt", "project(x)\n");
  Write("package.json", "{}");
  Write("node_modules/x/package.json", R"({"jest": {}})");
  Write("vendor/y/go.mod");
  EXPECT_THAT(Runners(), IsEmpty());
}

TEST_F(InitFilesTest, ModulesBelowOneOfTheirKindAreItsOwn) {
  Write("a/pom.xml");
  Write("pom.xml");
  Write("x/go.mod");
  Write("y/go.mod");
  EXPECT_THAT(Runners(), ElementsAre("Maven Surefire@ (pom.xml)", "go test@x (x/go.mod)",
                                     "go test@y (y/go.mod)"));
}

TEST_F(InitFilesTest, LanguagesSuitesAndCiAreFound) {
  Write("a.py");
  Write("b.py");
  Write("c.go");
  Write("tests/suitespec.yml");
  Write(".github/workflows/ci.yml");
  Write("codecov.yml", "cli:\n  runners:\n    pytest:\n      coverage_root: .\n");
  const ProjectScan scan = Scan();
  EXPECT_THAT(scan.languages, ElementsAre("Python", "Go"));
  EXPECT_THAT(scan.suitespecs, ElementsAre("tests/suitespec.yml"));
  EXPECT_THAT(scan.ci_files, ElementsAre(".github/workflows/ci.yml"));
  EXPECT_THAT(scan.codecov_runners, ElementsAre("pytest"));
  EXPECT_THAT(NextSteps(scan), AllOf(HasSubstr("codecov.yml runs pytest"), HasSubstr("suites list"),
                                     HasSubstr("fetch-depth: 0")));
}

TEST_F(InitFilesTest, AFileThatIsNoYamlNamesNoRunners) {
  Write("codecov.yml", "cli: [\n");
  EXPECT_THAT(Scan().codecov_runners, IsEmpty());
}

TEST_F(InitFilesTest, TheRulesOnlyAddTests) {
  Write("Dockerfile");
  Write("requirements.txt");
  Write("tests/e2e/test_login.py");
  ASSERT_OK_AND_ASSIGN(const std::string text, FirstRuleFile(Scan()));
  ASSERT_OK_AND_ASSIGN(const RuleSet rules, RuleSet::Parse(text, kRuleFileName));
  EXPECT_EQ(rules.unknown_change_selects_all(), true);
  EXPECT_THAT(rules.opaque(), ElementsAre("tests/e2e/*"));
  for (const PathRule& rule : rules.rules()) {
    EXPECT_NE(rule.effect, RuleEffect::kHarmless) << RuleSet::Describe(rule);
  }
  // What the built-in rules know already is not said again.
  EXPECT_THAT(text, Not(HasSubstr("requirements")));
}

TEST_F(InitFilesTest, OddNamesMakeNoOddRules) {
  Write("a [b]*\"\\/Dockerfile");
  Write("c\nd/Dockerfile");
  Write("e2e/x\"y.js");
  ASSERT_OK_AND_ASSIGN(const std::string text, FirstRuleFile(Scan()));
  EXPECT_THAT(RuleSet::Parse(text, kRuleFileName), IsOk());
}

TEST_F(InitFilesTest, TheExamplesInTheCommentsAreRules) {
  ASSERT_OK_AND_ASSIGN(const std::string text, FirstRuleFile(Scan()));
  std::string examples;
  const size_t begin = text.find("# harmless:");
  ASSERT_NE(begin, std::string::npos);
  for (size_t at = begin; at < text.size(); at = text.find('\n', at) + 1) {
    const std::string line = text.substr(at, text.find('\n', at) - at);
    examples += (line.size() > 2 ? line.substr(2) : "") + "\n";
  }
  ASSERT_OK_AND_ASSIGN(const RuleSet rules, RuleSet::Parse(examples, "examples"));
  EXPECT_EQ(rules.rules().size(), 3u);
  EXPECT_EQ(rules.branches().size(), 2u);
}

TEST(IgnoreTest, TheLocalFolderIsIgnoredOnce) {
  EXPECT_EQ(WithLocalFolderIgnored(""), "/.testselect/\n");
  EXPECT_EQ(WithLocalFolderIgnored("build"), "build\n/.testselect/\n");
  for (const std::string line :
       {".testselect", "/.testselect", ".testselect/", "/.testselect/\r"}) {
    EXPECT_EQ(WithLocalFolderIgnored("a\n" + line + "\nb\n"), "a\n" + line + "\nb\n");
  }
}

}  // namespace
}  // namespace testselect::client
