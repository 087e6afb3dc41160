// The jobs of CI systems, from the real index and real suitespec.yml files.
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/cli/cli_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class CiTest : public CliTest {
 protected:
  Finished Ci(const std::string& system, const std::vector<std::string>& more,
              const Process::Options& options = {}) {
    std::vector<std::string> arguments = {"ci", system};
    const bool suites = std::find(more.begin(), more.end(), "--suites") != more.end();
    if (!suites) arguments.insert(arguments.end(), {"--lists", folder_ + "/lists"});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Run(arguments, options);
  }
  std::vector<std::string> List(const std::string& name) const {
    std::ifstream file(folder_ + "/lists/" + name);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }
  // The value of one line of $GITHUB_OUTPUT.
  static std::string Output(const std::string& text, const std::string& name) {
    const size_t at = ("\n" + text).find("\n" + name + "=");
    if (at == std::string::npos) return "none";
    const size_t begin = at + name.size() + 1;
    return text.substr(begin, text.find('\n', begin) - begin);
  }
};

class ShardedCiTest : public CiTest {
 protected:
  // Evidence for forty labels, each executing the changed line, with a duration each.
  void SetUp() override {
    CiTest::SetUp();
    Coverage coverage;
    std::ofstream labels(labels_), junit(folder_ + "/junit.xml");
    junit << "<testsuite>";
    for (int n = 0; n < kLabels; ++n) {
      const std::string name = "test_" + std::to_string(n);
      coverage["tests/test_calc.py::" + name + "|run"] = {{"calc.py", {2}}};
      labels << "tests/test_calc.py::" << name << "\n";
      junit << "<testcase classname='tests.test_calc' name='" << name << "' time='"
            << (n == 0 ? 40 : 1) << "'/>";
    }
    junit << "</testsuite>";
    junit.close();
    WriteCoverageFile(coverage_, coverage);
    ASSERT_EQ(UploadFirst({"--outcomes", folder_ + "/junit.xml"}).exit_code, 0);
  }
  std::vector<std::string> Change(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {"--base", base_, "--head", head_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  static constexpr int kLabels = 40;
};

TEST_F(ShardedCiTest, ShardsAreOfEqualDurationAndHaveEachLabelOnce) {
  const Finished done = Ci("github", Change({"--labels-file", labels_, "--shards", "3"}));
  ASSERT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(Output(done.out, "has_tests"), "true");
  const auto matrix = Json(Output(done.out, "matrix"));
  EXPECT_EQ(matrix["include"].get_array().size(), 3u);
  EXPECT_EQ(List("run.txt").size(), size_t{kLabels});
  std::multiset<std::string> seen;
  for (const char* name : {"shard-1.txt", "shard-2.txt", "shard-3.txt"}) {
    for (const std::string& label : List(name)) seen.insert(label);
  }
  const std::vector<std::string> run = List("run.txt");
  EXPECT_EQ(seen, std::multiset<std::string>(run.begin(), run.end()));
  // The label of forty seconds is alone: the other shards share the rest.
  std::set<size_t> sizes;
  for (const char* name : {"shard-1.txt", "shard-2.txt", "shard-3.txt"}) {
    sizes.insert(List(name).size());
  }
  EXPECT_THAT(sizes, ElementsAre(1, 19, 20));
}

TEST_F(ShardedCiTest, SecondsSayHowManyShards) {
  const Finished done = Ci("gitlab", Change({"--shard-seconds", "20"}));
  ASSERT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(YAML::Load(done.out)["testselect"]["parallel"].as<int>(), 4);
  const Finished most = Ci("gitlab", Change({"--shard-seconds", "1", "--shards", "5"}));
  EXPECT_EQ(YAML::Load(most.out)["testselect"]["parallel"].as<int>(), 5);
}

TEST_F(ShardedCiTest, ASelectionsFileIsDividedByNumberAndAPartOfOneIsRefused) {
  const std::string file = folder_ + "/selection.json";
  ASSERT_EQ(Run({"select", "--base", base_, "--head", head_, "--out", file}).exit_code, 0);
  const Finished done = Ci("buildkite", {"--selection", file, "--shards", "4", "--command", "run"});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(YAML::Load(done.out)["steps"][0]["parallelism"].as<int>(), 4);
  EXPECT_EQ(List("shard-4.txt").size(), 10u);
  ASSERT_EQ(Run({"select", "--base", base_, "--head", head_, "--shards", "2", "--shard", "1",
                 "--out", file})
                .exit_code,
            0);
  const Finished part = Ci("github", {"--selection", file});
  EXPECT_EQ(part.exit_code, 2);
  EXPECT_THAT(part.err, HasSubstr("it leaves out labels that must run"));
}

TEST_F(ShardedCiTest, WhatABranchInShadowTellsToRunIsWhatItsJobsRun) {
  WriteFile(".testselect.yml", "branches: {'*': shadow}\nharmless: [.testselect.yml]\n");
  const std::string head = Commit("shadow");
  const std::string file = folder_ + "/selection.json";
  std::ofstream(labels_, std::ios::app) << kMul << "\n";
  ASSERT_EQ(
      Run({"select", "--base", base_, "--head", head, "--labels-file", labels_, "--out", file})
          .exit_code,
      0);
  ASSERT_EQ(Ci("github", {"--selection", file}).exit_code, 0);
  EXPECT_EQ(List("run.txt").size(), size_t{kLabels + 1});
}

TEST_F(ShardedCiTest, WhereTheServerDoesNotAnswerEveryLabelIsInAShard) {
  const Finished done = Ci("github", Change({"--labels-file", labels_, "--shards", "3", "--server",
                                             "127.0.0.1:1", "--repo", "x", "--timeout", "1"}));
  ASSERT_EQ(done.exit_code, 0) << done.err;
  EXPECT_THAT(done.err, HasSubstr("everything runs (UNAVAILABLE)"));
  EXPECT_EQ(List("run.txt").size(), size_t{kLabels});
  EXPECT_EQ(List("shard-1.txt").size() + List("shard-2.txt").size() + List("shard-3.txt").size(),
            size_t{kLabels});
}

TEST_F(CiTest, NothingToRunIsValidForEverySystem) {
  ASSERT_EQ(UploadFirst().exit_code, 0);
  Shell("git checkout -q " + base_);
  const std::string head = Shell("git commit -q --allow-empty -m same && git rev-parse HEAD");
  const auto ci = [&](const std::string& system, const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"--base", base_, "--head", head};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Finished done = Ci(system, arguments);
    EXPECT_EQ(done.exit_code, 0) << done.err;
    return done.out;
  };
  EXPECT_EQ(Output(ci("github", {}), "has_tests"), "false");
  EXPECT_TRUE(YAML::Load(ci("gitlab", {}))["testselect-noop"].IsMap());
  EXPECT_EQ(YAML::Load(ci("buildkite", {"--command", "run"}))["steps"].size(), 1u);
  EXPECT_FALSE(bool(Json(ci("circleci", {}))["testselect-has-tests"]));
  EXPECT_TRUE(List("run.txt").empty());
}

// What CI systems give as the commit before a branch that is new.
TEST_F(ShardedCiTest, ABaseOfZerosRunsEverything) {
  const Finished done = Ci("github", {"--base", std::string(40, '0'), "--head", head_,
                                      "--labels-file", labels_, "--shards", "2"});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  EXPECT_THAT(done.err, HasSubstr("everything runs (UNKNOWN_BASE)"));
  EXPECT_EQ(List("run.txt").size(), size_t{kLabels});
}

TEST_F(CiTest, WithoutAnIndexAndWithoutLabelsThereIsNoPipeline) {
  const Finished done = Ci("gitlab", {"--base", base_, "--head", head_});
  EXPECT_EQ(done.exit_code, 5);
  EXPECT_EQ(done.out, "");
  EXPECT_THAT(done.err, HasSubstr("give --labels-file or --labels-command"));
}

// What deploy/ci has for the systems, run by the shell that they run it with.
class CiTemplateTest : public ShardedCiTest {
 protected:
  YAML::Node Template(const std::string& name) const {
    return YAML::LoadFile(std::string(std::getenv("TESTSELECT_SOURCE_DIR")) + "/deploy/ci/" + name);
  }
  Finished Bash(const std::string& script, const std::vector<std::string>& environment) {
    Process::Options options{.cwd = repo_, .environment = environment};
    options.environment.push_back("PATH=" + bin_ + ":" + std::getenv("PATH"));
    return Process::Start({"bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script},
                          folder_, options)
        ->Wait();
  }
};

TEST_F(CiTemplateTest, TheGithubActionWritesTheOutputsOfItsStep) {
  const YAML::Node action = Template("github/action.yml");
  std::vector<std::string> environment = {"RUNNER_TEMP=" + folder_,
                                          "GITHUB_OUTPUT=" + folder_ + "/output"};
  const std::map<std::string, std::string> given = {
      {"BASE", base_},    {"HEAD", head_}, {"LABELS_COMMAND", "cat " + labels_},
      {"SHARDS", "3"},    {"SERVER", ""},  {"PROGRAM", "testselect"},
      {"SUITES", "false"}};
  const YAML::Node step = action["runs"]["steps"][0];
  for (const auto& variable : step["env"]) {
    const std::string name = variable.first.as<std::string>();
    const auto value = given.find(name);
    environment.push_back(name + "=" + (value == given.end() ? "" : value->second));
  }
  const Finished done = Bash(step["run"].as<std::string>(), environment);
  ASSERT_EQ(done.exit_code, 0) << done.err;
  std::ifstream file(folder_ + "/output");
  const std::string output{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(Json(Output(output, "matrix"))["include"].get_array().size(), 3u);
  for (const auto& value : action["outputs"]) {
    EXPECT_NE(Output(output, value.first.as<std::string>()), "none");
  }
  EXPECT_TRUE(std::filesystem::exists(repo_ + "/testselect-shards/shard-3.txt"));
}

TEST_F(CiTemplateTest, TheGitlabTemplateWritesTheChildPipeline) {
  WriteFile(".gitlab/tests.yml", ".testselect_shard:\n  script: [run]\n");
  const YAML::Node job = Template("gitlab/testselect.gitlab-ci.yml")[".testselect_generate"];
  std::vector<std::string> environment = {"CI_COMMIT_BEFORE_SHA=" + base_,
                                          "CI_COMMIT_SHA=" + head_};
  for (const auto& variable : job["variables"]) {
    environment.push_back(variable.first.as<std::string>() + "=" +
                          variable.second.as<std::string>());
  }
  environment.push_back("TESTSELECT_ARGUMENTS=--shards 3");
  environment.push_back("TESTSELECT_LABELS_COMMAND=cat " + labels_);
  std::string script;
  for (const YAML::Node& line : job["script"]) script += line.as<std::string>() + "\n";
  const Finished done = Bash(script, environment);
  ASSERT_EQ(done.exit_code, 0) << done.err;
  for (const YAML::Node& path : job["artifacts"]["paths"]) {
    EXPECT_TRUE(std::filesystem::exists(repo_ + "/" + path.as<std::string>()));
  }
  const YAML::Node child = YAML::LoadFile(repo_ + "/testselect-child.yml");
  EXPECT_EQ(child["testselect"]["parallel"].as<int>(), 3);
  EXPECT_TRUE(child[".testselect_shard"].IsMap());
}

class SuiteCiTest : public CiTest {
 protected:
  void SetUp() override {
    CiTest::SetUp();
    WriteFile("tests/suitespec.yml",
              "components:\n"
              "  $all: [setup.cfg]\n"
              "  core: [calc.py]\n"
              "suites:\n"
              "  telemetry: {paths: ['@core'], parallelism: 3}\n"
              "  old: {paths: ['@core'], skip: true}\n");
    WriteFile("tests/contrib/suitespec.yml",
              "suites:\n"
              "  flask:\n"
              "    paths: [flask/*]\n"
              "    venvs_per_job: 2\n"
              "    snapshot: true\n"
              "    services: [redis]\n"
              "    env: {A: 'b: c'}\n");
    WriteFile("benchmarks/suitespec.yml",
              "suites:\n  speed: {paths: ['@core'], type: benchmark}\n");
    suites_head_ = Commit("suites");
    WriteFile("../changed", "calc.py\nflask/app.py\n");
  }
  Finished Suites(const std::string& system, const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"--suites", "--changed-files", folder_ + "/changed"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Ci(system, arguments);
  }
  std::string suites_head_;
};

TEST_F(SuiteCiTest, TheJobsAreThoseOfTheSuitesThatTheChangeNeeds) {
  WriteFile("../units", "contrib::flask\t5\n");
  WriteFile("../template.yml", "stages:\n  - setup\n.base:\n  script: [run]\n");
  const Finished done = Suites("gitlab", {"--template", folder_ + "/template.yml", "--extends",
                                          ".base", "--units", folder_ + "/units"});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  const YAML::Node root = YAML::Load(done.out);
  std::vector<std::string> jobs;
  for (const auto& entry : root) jobs.push_back(entry.first.as<std::string>());
  EXPECT_THAT(jobs, UnorderedElementsAre("stages", ".base", "contrib/flask", "core/telemetry"));
  EXPECT_EQ(root["contrib/flask"]["extends"].as<std::string>(), ".base_snapshot");
  EXPECT_EQ(root["contrib/flask"]["parallel"].as<int>(), 3);
  EXPECT_EQ(root["contrib/flask"]["variables"]["A"].as<std::string>(), "b: c");
  EXPECT_EQ(root["core/telemetry"]["parallel"].as<int>(), 3);
  EXPECT_THAT(done.err, HasSubstr("their key `skip` is true: old"));
  EXPECT_THAT(done.err, HasSubstr("their type is not test: benchmarks::speed"));
}

TEST_F(SuiteCiTest, TheMatrixHasAnEntryForEachShardOfASuite) {
  const Finished done = Suites("github", {});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  const auto matrix = Json(Output(done.out, "matrix"));
  EXPECT_EQ(matrix["include"].get_array().size(), 4u);
  EXPECT_EQ(std::string_view(matrix["include"].at(0)["suite"]), "contrib::flask");
  WriteFile("../changed", "README.md\n");
  EXPECT_EQ(Output(Suites("github", {}).out, "has_tests"), "false");
}

TEST_F(SuiteCiTest, OptionsAboutLabelsAreRefusedAndNotPassedOver) {
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{"--shards", "4"}, {"--shard-seconds", "60"}, {"--lists", "x"}}) {
    const Finished done = Suites("github", more);
    EXPECT_EQ(done.exit_code, 2) << more[0];
    EXPECT_THAT(done.err, HasSubstr(more[0] + " is about labels"));
  }
  const Finished done = Ci("github", {"--target-jobs", "9", "--base", base_, "--head", head_});
  EXPECT_EQ(done.exit_code, 2);
  EXPECT_THAT(done.err, HasSubstr("--target-jobs needs --suites"));
}

TEST_F(SuiteCiTest, ABaseOfZerosRunsAllSuites) {
  const Finished done =
      Ci("github", {"--suites", "--base", std::string(40, '0'), "--head", suites_head_});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(Json(Output(done.out, "matrix"))["include"].get_array().size(), 4u);
}

TEST_F(SuiteCiTest, ASuitespecThatIsBrokenRunsAllSuites) {
  WriteFile("tests/x/suitespec.yml", "suites:\n  y: {paths: ['@nowhere']}\n");
  WriteFile("../changed", "README.md\n");
  const Finished done = Suites("github", {});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  EXPECT_THAT(done.err, HasSubstr("all suites run"));
  EXPECT_EQ(Json(Output(done.out, "matrix"))["include"].get_array().size(), 5u);
}

}  // namespace
}  // namespace testselect
