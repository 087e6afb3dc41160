#include "client/ci/ci_writers.h"

#include <simdjson.h>
#include <yaml-cpp/yaml.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/ci/yaml_text.h"
#include "client/cli/ci_shards.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace testselect::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

CiPlan Shards(size_t count) {
  CiPlan plan;
  plan.selection_id = "id";
  for (size_t n = 1; n <= count; ++n) {
    plan.shards.push_back({absl::StrCat("lists/shard-", n, ".txt"), n, 1.5});
  }
  return plan;
}

CiSuite Suite(const std::string& name, uint32_t shards) {
  CiSuite suite;
  suite.name = suite.job = suite.pattern = name;
  suite.stage = "core";
  suite.shards = shards;
  return suite;
}

CiPlan Suites(size_t count, uint32_t shards) {
  CiPlan plan;
  plan.by_suite = true;
  for (size_t n = 0; n < count; ++n) plan.suites.push_back(Suite(absl::StrCat("s", n), shards));
  return plan;
}

CiPlan NoSuites() {
  CiPlan plan;
  plan.by_suite = true;
  return plan;
}

// The value of one line of $GITHUB_OUTPUT.
std::map<std::string, std::string> OutputLines(const CiPlan& plan) {
  const auto text = GithubOutput(plan);
  EXPECT_TRUE(text.ok()) << text.status();
  std::map<std::string, std::string> lines;
  for (const absl::string_view line : absl::StrSplit(text.value_or(""), '\n', absl::SkipEmpty())) {
    lines.insert(absl::StrSplit(line, absl::MaxSplits('=', 1)));
  }
  return lines;
}

size_t MatrixSize(const CiPlan& plan, std::multiset<std::string>* suites = nullptr) {
  const std::string matrix = OutputLines(plan)["matrix"];
  simdjson::dom::parser parser;
  const simdjson::dom::array include = parser.parse(matrix)["include"];
  for (const simdjson::dom::element entry : include) {
    if (suites == nullptr) continue;
    const std::string names{std::string_view(entry["suite"])};
    for (const absl::string_view name : absl::StrSplit(names, ' ', absl::SkipEmpty())) {
      suites->insert(std::string(name));
    }
  }
  return include.size();
}

TEST(GithubOutputTest, AShardIsAnEntryWithItsFile) {
  auto lines = OutputLines(Shards(2));
  EXPECT_EQ(lines["matrix"],
            "{\"include\": [{\"shard\": 1, \"shards\": 2, \"labels\": \"lists/shard-1.txt\", "
            "\"tests\": 1, \"seconds\": 1.5}, {\"shard\": 2, \"shards\": 2, \"labels\": "
            "\"lists/shard-2.txt\", \"tests\": 2, \"seconds\": 1.5}]}");
  EXPECT_EQ(lines["has_tests"], "true");
  EXPECT_EQ(lines["selection_id"], "id");
}

TEST(GithubOutputTest, AnEmptyMatrixIsValidAndSaysSo) {
  for (const CiPlan& plan : {Shards(0), NoSuites()}) {
    EXPECT_EQ(OutputLines(plan)["has_tests"], "false");
    EXPECT_EQ(MatrixSize(plan), 1u);
  }
}

TEST(GithubOutputTest, NoSuiteIsLostWithinTheLimitOfAMatrix) {
  std::multiset<std::string> few, many;
  EXPECT_EQ(MatrixSize(Suites(10, 100), &few), 256u);
  EXPECT_EQ(std::set<std::string>(few.begin(), few.end()).size(), 10u);
  EXPECT_EQ(MatrixSize(Suites(1000, 3), &many), 256u);
  EXPECT_EQ(std::set<std::string>(many.begin(), many.end()).size(), 1000u);
}

YAML::Node Pipeline(const CiPlan& plan, const CiJobOptions& options = {}) {
  const auto text = GitlabPipeline(plan, options);
  EXPECT_TRUE(text.ok()) << text.status();
  return YAML::Load(text.value_or(""));
}

TEST(GitlabPipelineTest, ShardsAreOneParallelJob) {
  CiJobOptions options;
  options.needs = {"build it"};
  const YAML::Node job = Pipeline(Shards(3), options)["testselect"];
  EXPECT_EQ(job["extends"].as<std::string>(), ".testselect_shard");
  EXPECT_EQ(job["parallel"].as<int>(), 3);
  EXPECT_EQ(job["variables"]["TESTSELECT_SHARDS"].as<std::string>(), "3");
  EXPECT_EQ(job["needs"][0].as<std::string>(), "build it");
  EXPECT_FALSE(Pipeline(Shards(1))["testselect"]["parallel"].IsDefined());
}

TEST(GitlabPipelineTest, NothingToRunIsAJobThatDoesNothing) {
  for (const CiPlan& plan : {Shards(0), NoSuites()}) {
    const YAML::Node root = Pipeline(plan);
    ASSERT_EQ(root.size(), 1u);
    EXPECT_EQ(root["testselect-noop"]["script"][0].as<std::string>(), "echo no tests need to run");
  }
}

TEST(GitlabPipelineTest, ASuiteHasTheFieldsOfItsKeys) {
  CiPlan plan = NoSuites();
  CiSuite suite = Suite("contrib::x", 500);
  suite.job = "contrib/x: \"y\"";
  suite.stage = "contrib";
  suite.snapshot = suite.gpu = suite.allow_failure = true;
  suite.services = {"azurite", "redis"};
  suite.env = {{"N", "3"}, {"T", "\"a: b\""}};
  suite.only = {"main"};
  suite.retry = "2";
  suite.timeout = "\"40m\"";
  plan.suites = {suite, Suite("plain", 1)};
  CiJobOptions options;
  options.job = ".base";
  options.template_text =
      "include: [x.yml]\nstages:\n  - setup\n\n  - deploy\n.base:\n  script: [run]";
  const YAML::Node root = Pipeline(plan, options);
  EXPECT_THAT(root["stages"].as<std::vector<std::string>>(),
              ElementsAre("setup", "deploy", "contrib", "core"));
  EXPECT_EQ(root[".base"]["script"][0].as<std::string>(), "run");
  const YAML::Node job = root["contrib/x: \"y\""];
  EXPECT_EQ(job["extends"].as<std::string>(), ".base_gpu_snapshot");
  EXPECT_EQ(job["stage"].as<std::string>(), "contrib");
  EXPECT_EQ(job["parallel"].as<uint32_t>(), kGitlabParallel);
  EXPECT_EQ(job["variables"]["SUITE_NAME"].as<std::string>(), "contrib::x");
  EXPECT_EQ(job["variables"]["N"].as<std::string>(), "3");
  EXPECT_EQ(job["variables"]["T"].as<std::string>(), "a: b");
  EXPECT_THAT(job["only"].as<std::vector<std::string>>(), ElementsAre("main"));
  EXPECT_EQ(job["retry"].as<int>(), 2);
  EXPECT_EQ(job["timeout"].as<std::string>(), "40m");
  EXPECT_TRUE(job["allow_failure"].as<bool>());
  ASSERT_EQ(job["services"].size(), 3u);
  EXPECT_EQ(job["services"][0].Tag(), "!reference");
  EXPECT_THAT(job["services"][0].as<std::vector<std::string>>(),
              ElementsAre(".base_gpu_snapshot", "services"));
  EXPECT_THAT(job["services"][2].as<std::vector<std::string>>(), ElementsAre(".services", "redis"));
  EXPECT_EQ(root["plain"].size(), 3u);  // extends, stage, variables
}

TEST(GitlabPipelineTest, WhatGitlabWouldRefuseIsRefusedBefore) {
  CiJobOptions options;
  options.needs.assign(51, "x");
  EXPECT_EQ(GitlabPipeline(Shards(1), options).status().code(), absl::StatusCode::kOutOfRange);
  options.needs.clear();
  options.template_text.assign(5'000'001, '#');
  EXPECT_EQ(GitlabPipeline(Shards(1), options).status().code(), absl::StatusCode::kOutOfRange);
}

TEST(BuildkiteStepsTest, UploadsHaveAtMostFiveHundredJobs) {
  CiJobOptions options;
  options.command = "run \"$$SUITE\"";
  const auto uploads = BuildkiteSteps(Suites(9, 200), options);
  ASSERT_TRUE(uploads.ok()) << uploads.status();
  ASSERT_THAT(*uploads, SizeIs(5));
  std::set<std::string> suites;
  for (const std::string& upload : *uploads) {
    uint32_t jobs = 0;
    for (const YAML::Node& step : YAML::Load(upload)["steps"]) {
      jobs += step["parallelism"].as<uint32_t>();
      suites.insert(step["env"]["SUITE"].as<std::string>());
      EXPECT_EQ(step["command"].as<std::string>(), options.command);
    }
    EXPECT_LE(jobs, kBuildkiteJobs);
  }
  EXPECT_THAT(suites, SizeIs(9));
}

TEST(BuildkiteStepsTest, ShardsAreOneStepAndNothingIsAStepThatDoesNothing) {
  CiJobOptions options;
  options.command = "run";
  const YAML::Node steps = YAML::Load(BuildkiteSteps(Shards(7), options)->at(0))["steps"];
  EXPECT_EQ(steps[0]["parallelism"].as<int>(), 7);
  EXPECT_EQ(steps[0]["env"]["TESTSELECT_SHARDS"].as<std::string>(), "7");
  const YAML::Node nothing = YAML::Load(BuildkiteSteps(Shards(0), options)->at(0))["steps"];
  EXPECT_EQ(nothing[0]["command"].as<std::string>(), "true");
  EXPECT_THAT(std::string(BuildkiteSteps(Shards(1), {}).status().message()),
              HasSubstr("--command is missing"));
}

TEST(CircleciConfigTest, WithoutATemplateTheParametersAreWritten) {
  simdjson::dom::parser parser;
  const std::string text = *CircleciConfig(Shards(4), {});
  const simdjson::dom::element json = parser.parse(text);
  EXPECT_TRUE(bool(json["testselect-has-tests"]));
  EXPECT_EQ(uint64_t(json["testselect-shards"]), 4u);
  const std::string none = *CircleciConfig(Shards(0), {});
  EXPECT_THAT(none, HasSubstr("\"testselect-has-tests\": false"));
  EXPECT_THAT(none, HasSubstr("\"testselect-shards\": 1"));
}

TEST(CircleciConfigTest, WithATemplateAWorkflowFollows) {
  CiJobOptions options;
  options.template_text = "version: 2.1\njobs:\n  testselect:\n    docker: [{image: x}]";
  const YAML::Node root = YAML::Load(*CircleciConfig(Suites(2, 3), options));
  const YAML::Node jobs = root["workflows"]["testselect"]["jobs"];
  ASSERT_EQ(jobs.size(), 2u);
  EXPECT_EQ(jobs[1]["testselect"]["suite"].as<std::string>(), "s1");
  EXPECT_EQ(jobs[1]["testselect"]["shards"].as<int>(), 3);
  const YAML::Node nothing = YAML::Load(*CircleciConfig(NoSuites(), options));
  EXPECT_FALSE(nothing["workflows"]["testselect"]["when"].as<bool>());
  EXPECT_EQ(nothing["workflows"]["testselect"]["jobs"].size(), 1u);
  options.template_text += "\nworkflows: {}\n";
  EXPECT_FALSE(CircleciConfig(Suites(1, 1), options).ok());
  EXPECT_FALSE(CircleciConfig(Suites(1, 1), {}).ok());
}

TEST(YamlTextTest, ATopLevelKeyEndsWhereTheNextBegins) {
  const std::string yaml = "a: 1\nstages:\n- x\n\n# why\n  - y\nb:\n  stages: 2\n";
  const TextRange range = FindTopLevelKey(yaml, "stages");
  EXPECT_EQ(yaml.substr(range.begin, range.size), "stages:\n- x\n\n# why\n  - y\n");
  EXPECT_EQ(FindTopLevelKey("b:\n  stages: 2\n", "stages").size, 0u);
}

TEST(ShardCountTest, SecondsDecideWithinWhatIsGiven) {
  CiOptions options;
  EXPECT_EQ(ShardCount(options, 100, 50, 256), 1u);
  options.shards = 10;
  EXPECT_EQ(ShardCount(options, 100, 50, 256), 10u);
  EXPECT_EQ(ShardCount(options, 100, 3, 256), 3u);
  EXPECT_EQ(ShardCount(options, 100, 0, 256), 0u);
  EXPECT_EQ(ShardCount(options, 100, 50, 4), 4u);
  options.shard_seconds = 30;
  EXPECT_EQ(ShardCount(options, 100, 50, 256), 4u);
  EXPECT_EQ(ShardCount(options, 10'000, 50, 256), 10u);
  EXPECT_EQ(ShardCount(options, 0, 50, 256), 10u);
  options.shards = 0;
  EXPECT_EQ(ShardCount(options, 1e9, 5000, 256), 256u);
}

TEST(DivideByNumberTest, EachLabelIsInOneShardAndTheirSizesAreNearlyTheSame) {
  std::vector<std::string> labels;
  for (int n = 0; n < 10; ++n) labels.push_back(absl::StrCat(n));
  std::vector<size_t> sizes;
  std::vector<std::string> seen;
  for (const ShardLabels& shard : DivideByNumber(labels, 4)) {
    sizes.push_back(shard.labels.size());
    seen.insert(seen.end(), shard.labels.begin(), shard.labels.end());
  }
  EXPECT_THAT(sizes, ElementsAre(3, 2, 3, 2));
  EXPECT_EQ(seen, labels);
}

}  // namespace
}  // namespace testselect::client
