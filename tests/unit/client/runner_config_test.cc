// How runners of label analysis are configured, and what they make of it.
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "client/codecov/codecov_yaml.h"
#include "client/codecov/label_runner.h"
#include "client/codecov/pytest_arguments.h"
#include "client/codecov/runner_params.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temporary_folder.h"

namespace testselect::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

RunnerConfigs Configs(absl::string_view yaml) {
  const auto configs = ParseCodecovRunners("codecov.yml", yaml);
  EXPECT_TRUE(configs.ok()) << configs.status();
  return configs.value_or(RunnerConfigs());
}

TEST(RunnerParamsTest, CommasMakeListsAndOnlyTheFirstEqualsSignSplits) {
  std::vector<std::string> warnings;
  const RunnerParams params = ParseRunnerParams(
      {"wrong_param", "key=value", "list_key=val1,val2,val3", "point=somethingwith=sign"},
      warnings);
  EXPECT_EQ(params.at("wrong_param").kind, RunnerParam::Kind::kNull);
  EXPECT_EQ(TextOf(params, "key", ""), "value");
  EXPECT_THAT(ListOf(params, "list_key"), ElementsAre("val1", "val2", "val3"));
  EXPECT_EQ(TextOf(params, "point", ""), "somethingwith=sign");
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("'wrong_param' has no value")));
  EXPECT_EQ(ParamsJson(params),
            "{\"key\": \"value\", \"list_key\": [\"val1\", \"val2\", \"val3\"], \"point\": "
            "\"somethingwith=sign\", \"wrong_param\": null}");
}

TEST(CodecovYamlTest, RunnersHaveTheirSettingsWithTheirTypes) {
  const RunnerConfigs configs = Configs(
      "coverage: {status: off}\n"
      "cli:\n"
      "  plugins: {x: [1]}\n"
      "  runners:\n"
      "    pytest:\n"
      "      coverage_root: src\n"
      "      collect_tests_options: ['--ignore=a b', -x]\n"
      "      execute_tests_options:\n"
      "    mine:\n"
      "      params: {b: yes, s: 'yes', n: 3, f: 1.5, o: '3', z: 010, l: [1, null, {a: ~}]}\n"
      "    empty:\n");
  const RunnerParams& pytest = configs.at("pytest");
  EXPECT_EQ(TextOf(pytest, "coverage_root", "./"), "src");
  EXPECT_EQ(TextOf(pytest, "python_path", "python"), "python");
  EXPECT_THAT(ListOf(pytest, "collect_tests_options"), ElementsAre("--ignore=a b", "-x"));
  EXPECT_THAT(ListOf(pytest, "execute_tests_options"), IsEmpty());
  EXPECT_EQ(configs.at("mine").at("params").json,
            "{\"b\": true, \"s\": \"yes\", \"n\": 3, \"f\": 1.5, \"o\": \"3\", \"z\": \"010\", "
            "\"l\": [1, null, {\"a\": null}]}");
  EXPECT_THAT(configs.at("empty"), IsEmpty());
}

TEST(CodecovYamlTest, AFileWithoutRunnersHasNone) {
  EXPECT_THAT(Configs(""), IsEmpty());
  EXPECT_THAT(Configs("coverage: {}\n"), IsEmpty());
  EXPECT_THAT(Configs("cli:\n"), IsEmpty());
  EXPECT_THAT(Configs("cli: {runners: }\n"), IsEmpty());
}

TEST(CodecovYamlTest, WhatIsNoConfigurationIsNamedByLine) {
  for (const auto& [text, wanted] : std::vector<std::pair<std::string, std::string>>{
           {"cli: [", "codecov.yml:1: no YAML: "},
           {"a: 1\ncli: 3\n", "codecov.yml:2: cli: expected a map"},
           {"cli:\n  runners: [x]\n", "codecov.yml:2: runners: expected a map"},
           {"cli:\n  runners:\n    dan: cmd\n", "codecov.yml:3: expected a map of a runner"},
           {"- a\n", "codecov.yml:1: expected a map"}}) {
    const auto configs = ParseCodecovRunners("codecov.yml", text);
    EXPECT_EQ(configs.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(configs.status().message()), HasSubstr(wanted));
  }
}

TEST(PytestArgumentsTest, AFunctionOfWhichAllParametersRunStandsForThem) {
  const std::vector<std::string> collected = {"a.py::f[1]", "a.py::f[2]", "a.py::g[x::y[z]]",
                                              "a.py::g[w]", "a.py::h"};
  EXPECT_THAT(PytestArguments(collected, {"a.py::f[1]", "a.py::f[2]", "a.py::g[w]", "a.py::h"}),
              ElementsAre("a.py::f", "a.py::g[w]", "a.py::h"));
  EXPECT_THAT(PytestArguments(collected, {"a.py::g[x::y[z]]", "a.py::f[2]"}),
              ElementsAre("a.py::f[2]", "a.py::g[x::y[z]]"));
}

TEST(PytestArgumentsTest, ABracketInAPathIsNoParameterAndUnknownLabelsRunToo) {
  EXPECT_THAT(PytestArguments({"d[1]/a.py::f", "d[1]/a.py::g[p]"}, {"d[1]/a.py::g[p]", "b.py::x"}),
              ElementsAre("d[1]/a.py::g", "b.py::x"));
}

class LabelRunnerTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<LabelRunner>> Make(const std::string& name, absl::string_view yaml,
                                                    const RunnerParams& dynamic = {}) {
    return MakeLabelRunner(name, Configs(yaml), dynamic, console_);
  }
  // Of a runner that must be there.
  std::unique_ptr<LabelRunner> Get(const std::string& name, absl::string_view yaml,
                                   const RunnerParams& dynamic = {}) {
    auto runner = Make(name, yaml, dynamic);
    EXPECT_TRUE(runner.ok()) << runner.status();
    return *std::move(runner);
  }
  std::string FileText(const std::string& name) const {
    std::ifstream file(folder_.Path(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }

  Console console_{/*quiet=*/true, /*verbose=*/false};
  const TemporaryFolder folder_;
};

TEST_F(LabelRunnerTest, DanListsLabelsOfACommandAndHandsItTheResult) {
  const std::string out = folder_.Path("dan");
  const auto runner =
      Get("dan",
          "cli: {runners: {dan: {collect_tests_command: [printf, 'a b\\r\\n\\nc[1]\\n'], "
          "process_labelanalysis_result_command: [sh, -c, 'printf %s \"$1\" > " +
              out + "; cmp -s \"$TESTSELECT_RESULT_FILE\" " + out + "', x]}}}");
  const auto labels = runner->CollectTests();
  ASSERT_TRUE(labels.ok()) << labels.status();
  EXPECT_THAT(*labels, ElementsAre("a b", "c[1]"));
  EXPECT_THAT(runner->DryRunOptions(), IsEmpty());
  const LabelResult result = RunAllOf(*labels, "");
  EXPECT_TRUE(runner->Process(result).ok());
  EXPECT_EQ(FileText("dan"), ResultJson(result));
}

TEST_F(LabelRunnerTest, DanHandsALongResultOverAsAFile) {
  const std::string out = folder_.Path("long");
  const auto runner = Get("dan",
                          "cli: {runners: {dan: {process_labelanalysis_result_command: [sh, -c, "
                          "'cat \"${1#@}\" > " +
                              out + "', x]}}}");
  std::vector<std::string> labels;
  for (int n = 0; n < 30'000; ++n) labels.push_back("tests/t.py::t[ä \"" + std::to_string(n) + "]");
  const LabelResult result = RunAllOf(labels, "");
  const absl::Status done = runner->Process(result);
  EXPECT_TRUE(done.ok()) << done;
  EXPECT_EQ(FileText("long"), ResultJson(result));
}

TEST_F(LabelRunnerTest, DanSaysWhichCommandIsMissingOrFails) {
  const auto message = [&](const std::string& settings) {
    return std::string(
        Get("dan", "cli: {runners: {dan: {" + settings + "}}}")->CollectTests().status().message());
  };
  EXPECT_THAT(message(""), HasSubstr("cli.runners.dan.collect_tests_command is missing"));
  EXPECT_THAT(message("collect_tests_command: [sh, -c, 'echo a; exit 3']"),
              HasSubstr("collect_tests_command ended with status 3"));
  EXPECT_THAT(message("collect_tests_command: [printf, 'a\\377b']"), HasSubstr("is not UTF-8"));
  EXPECT_THAT(message("collect_tests_command: 'no-such-program --list'"),
              HasSubstr("give a list for arguments"));
  EXPECT_THAT(std::string(Get("dan", "")->Process(RunAllOf({"a"}, "")).message()),
              HasSubstr("process_labelanalysis_result_command is missing"));
}

TEST_F(LabelRunnerTest, TheCommandLinesSettingsGoOverTheFiles) {
  const auto runner = Get("dan", "cli: {runners: {dan: {collect_tests_command: [printf, file]}}}",
                          {{"collect_tests_command", ListParam({"printf", "line"})}});
  EXPECT_THAT(*runner->CollectTests(), ElementsAre("line"));
}

TEST_F(LabelRunnerTest, AnUnknownNameIsToldWithTheKnownOnes) {
  const auto runner = Make("nope", "cli: {runners: {mine: {module: m}}}");
  EXPECT_EQ(runner.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(runner.status().message()), HasSubstr("known are pytest, dan, mine"));
  EXPECT_THAT(std::string(Make("mine", "cli: {runners: {mine: {module: m}}}").status().message()),
              HasSubstr("cli.runners.mine.class is missing"));
}

class PythonClassTest : public LabelRunnerTest {
 protected:
  void SetUp() override {
    if (std::system("python3 -c '' 2> /dev/null") != 0) GTEST_SKIP() << "there is no python3 here";
    setenv("PYTHONPATH", folder_.Path("").c_str(), 1);
    std::ofstream(folder_.Path("custom_runner.py"))
        << "from codecov_cli.runners.types import LabelAnalysisRunnerInterface\n"
           "class Mine(LabelAnalysisRunnerInterface):\n"
           "    dry_run_runner_options = ['--mine']\n"
           "    def __init__(self, out, extra=None):\n"
           "        self.out, self.extra, self.calls = out, extra, 0\n"
           "    def collect_tests(self):\n"
           "        print('not an answer')\n"
           "        self.calls += 1\n"
           "        return ['a', 'b\\u00e4', self.extra]\n"
           "    def process_labelanalysis_result(self, result):\n"
           "        self.calls += 1\n"
           "        open(self.out, 'w').write(f'{self.calls} {result.absent_labels}')\n"
           "class Broken(Mine):\n"
           "    def collect_tests(self):\n"
           "        raise ValueError('no tests today')\n"
           "class Failing(Mine):\n"
           "    def process_labelanalysis_result(self, result):\n"
           "        raise SystemExit(3)\n";
  }
  void TearDown() override { unsetenv("PYTHONPATH"); }

  std::unique_ptr<LabelRunner> Class(const std::string& name, const std::string& more = "") {
    return Get("mine",
               "cli: {runners: {mine: {module: custom_runner, class: " + name +
                   ", python_path: python3, params: {out: " + folder_.Path("class") + more + "}}}}",
               {{"extra", TextParam("c")}});
  }
};

TEST_F(PythonClassTest, OneObjectCollectsAndProcessesAndCodecovNeedNotBeInstalled) {
  const auto runner = Class("Mine");
  const auto labels = runner->CollectTests();
  ASSERT_TRUE(labels.ok()) << labels.status();
  EXPECT_THAT(*labels, ElementsAre("a", "bä", "c"));
  EXPECT_THAT(runner->DryRunOptions(), ElementsAre("--mine"));
  const absl::Status done = runner->Process(RunAllOf(*labels, ""));
  EXPECT_TRUE(done.ok()) << done;
  EXPECT_EQ(FileText("class"), "2 ['a', 'bä', 'c']");
}

TEST_F(PythonClassTest, ARunnerThatIsNotAskedToProcessEndsByItself) {
  EXPECT_TRUE(Class("Mine")->CollectTests().ok());
}

TEST_F(PythonClassTest, WhatFailsInPythonIsTold) {
  EXPECT_THAT(std::string(Class("Broken")->CollectTests().status().message()),
              HasSubstr("collecting ended with status 1"));
  EXPECT_FALSE(Class("NoSuchClass")->CollectTests().ok());
  EXPECT_FALSE(Class("Mine", ", wrong: 1")->CollectTests().ok());
  const auto failing = Class("Failing");
  ASSERT_TRUE(failing->CollectTests().ok());
  EXPECT_THAT(std::string(failing->Process(RunAllOf({"a"}, "")).message()),
              HasSubstr("ended with status 3"));
}

}  // namespace
}  // namespace testselect::client
