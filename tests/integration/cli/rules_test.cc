// Path rules, overrides and suites through the real command.
#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/cli/cli_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class RulesCliTest : public CliTest {
 protected:
  // The answer for a commit of what was written, on top of the evidence of the first commit.
  simdjson::dom::element SelectFor(const std::string& message,
                                   const std::vector<std::string>& more = {}) {
    EXPECT_EQ(UploadFirst().exit_code, 0);
    const std::string head = Shell("git add -A && git commit -q --allow-empty -m '" + message +
                                   "' && git rev-parse HEAD");
    std::vector<std::string> arguments = {"select", "--base",        base_,  "--head",
                                          head,     "--labels-file", labels_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Finished done = Run(arguments);
    EXPECT_EQ(done.exit_code, 0) << done.err;
    return Json(done.out);
  }
};

TEST_F(RulesCliTest, SelectFollowsTheRuleFileOfHead) {
  Shell("git checkout -q " + base_);
  WriteFile(".testselect.yml",
            "harmless: [notes.txt]\nrun_labels: {schema.sql: ['*::test_mul']}\n");
  WriteFile("notes.txt", "x");
  WriteFile("schema.sql", "x");
  const auto answer = SelectFor("rules");
  EXPECT_TRUE(answer["fallback"].is_null());
  EXPECT_THAT(Strings(answer["run"]), ElementsAre(kMul));
  EXPECT_EQ(uint64_t(answer["reasons"]["RULE_LABELS"]), 1u);
}

TEST_F(RulesCliTest, AMalformedRuleFileIsToldAndRunsAll) {
  WriteFile(".testselect.yml", "harmless: x\nunknown_change: some\n");
  const auto answer = SelectFor("rules");
  EXPECT_EQ(Strings(answer["run"]).size(), 2u);
  EXPECT_EQ(uint64_t(answer["reasons"]["RULE_ERROR"]), 2u);
  EXPECT_THAT(std::string(std::string_view(answer["fallback"]["message"])),
              HasSubstr(".testselect.yml:2: unknown_change: 'some'"));
  const Finished shown = Run({"rules", "show"});
  EXPECT_EQ(shown.exit_code, 2);
  EXPECT_THAT(shown.err, HasSubstr(".testselect.yml:2: unknown_change: 'some'"));
}

TEST_F(RulesCliTest, UnknownChangesAreTheCommandLinesElseTheProjects) {
  WriteFile(".testselect.yml", "unknown_change: none\n");
  WriteFile("unknown.bin", "x");
  EXPECT_THAT(Strings(SelectFor("rules")["run"]), ElementsAre(kAdd));
  EXPECT_EQ(Strings(SelectFor("same", {"--unknown-change", "all"})["run"]).size(), 2u);
}

TEST_F(RulesCliTest, TheCommitsMessageRunsAll) {
  const auto answer = SelectFor("testselect: all");
  EXPECT_EQ(Strings(answer["run"]).size(), 2u);
  EXPECT_EQ(std::string_view(answer["fallback"]["code"]), "RUN_ALL");
}

TEST_F(RulesCliTest, BranchPolicies) {
  WriteFile(".testselect.yml", "branches: {main: full, next: shadow, '*': select}\n");
  const auto full = SelectFor("policies", {"--branch", "main"});
  EXPECT_THAT(Strings(full["skip"]), IsEmpty());
  EXPECT_THAT(std::string(std::string_view(full["fallback"]["message"])),
              HasSubstr("policy full (.testselect.yml:1)"));
  EXPECT_THAT(Strings(SelectFor("topic", {"--branch", "topic"})["skip"]), ElementsAre(kMul));
  const auto shadow = SelectFor("shadow", {"--branch", "next"});
  EXPECT_EQ(Strings(shadow["run"]).size(), 2u);
  EXPECT_THAT(Strings(shadow["skip"]), IsEmpty());
  EXPECT_THAT(Strings(shadow["shadow"]["skip"]), ElementsAre(kMul));
  EXPECT_EQ(uint64_t(shadow["shadow"]["run"]), 1u);
}

TEST_F(RulesCliTest, TheBranchIsThatOfTheCheckoutUnlessTheEnvironmentSays) {
  WriteFile(".testselect.yml", "branches: {release: full, '*': select}\n");
  Shell("git checkout -q -b release");
  const std::string unset =
      "env -u GITHUB_HEAD_REF -u GITHUB_REF_NAME -u CI_COMMIT_BRANCH -u BRANCH_NAME ";
  ASSERT_EQ(UploadFirst().exit_code, 0);
  const std::string command = bin_ + "/testselect select -q --base " + base_ + " --head " +
                              Commit("release") + " --labels-file " + labels_ +
                              " --format list | wc -l";
  EXPECT_EQ(Shell(unset + command), "2");
  EXPECT_EQ(Shell(unset + "CI_COMMIT_BRANCH=topic " + command), "1");
}

TEST_F(RulesCliTest, RulesShowAndCheck) {
  WriteFile(".testselect.yml", "run_all: ['*.sql']\n");
  WriteFile("pyproject.toml", "[tool.ruff]\na = 1\n");
  const std::string before = Commit("before");
  const Finished shown = Run({"rules", "show"});
  ASSERT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr(".testselect.yml:1  run_all: *.sql\n"));
  EXPECT_THAT(shown.out, HasSubstr("built-in  harmless: *.md\n"));
  // The rules of the files as they are, before they are committed.
  WriteFile(".testselect.yml", "run_all: ['*.sql']\nharmless: [x.sql]\n");
  const Finished checked = Run({"rules", "check", "--json", "a/b.sql", "x.sql", "calc.py"});
  ASSERT_EQ(checked.exit_code, 0) << checked.err;
  const auto checks = Json(checked.out)["checks"];
  EXPECT_EQ(std::string_view(checks.at(0)["action"]), "all");
  EXPECT_EQ(std::string_view(checks.at(0)["code"]), "RULE_RUN_ALL");
  EXPECT_EQ(std::string_view(checks.at(1)["action"]), "harmless");
  EXPECT_EQ(std::string_view(checks.at(1)["origin"]), ".testselect.yml:2");
  EXPECT_EQ(std::string_view(checks.at(2)["action"]), "none");
  EXPECT_THAT(Run({"rules", "check", "pyproject.toml"}).out, HasSubstr("is not known"));
  WriteFile("pyproject.toml", "[tool.ruff]\na = 2\n");
  EXPECT_EQ(Run({"rules", "check", "pyproject.toml", "--base", before}).out,
            "pyproject.toml: runs nothing\n  keys: pyproject.toml (built-in)\n"
            "  the key 'tool.ruff.a' changed\n");
}

TEST_F(RulesCliTest, Suites) {
  WriteFile("tests/suitespec.yml",
            "components:\n  $all: [conftest.py]\n  lib: [calc.py]\n"
            "suites:\n  calc: {paths: ['@lib'], retry: 2}\n  rest: {paths: ['idle/*']}\n");
  const std::string before = Commit("suites");
  WriteFile("calc.py", "x = 1\n");
  const Finished chosen = Run({"suites", "--base", before, "--head", Commit("change"), "--json"});
  ASSERT_EQ(chosen.exit_code, 0) << chosen.err;
  EXPECT_EQ(chosen.out,
            "{\"suites\": {\"calc\": [\"calc.py changed, which calc.py (tests/suitespec.yml:3) "
            "matches\"]}}\n");
  const Finished listed =
      Run({"suites", "--changed-files", "-", "--json"}, {.input = "conftest.py\n"});
  EXPECT_EQ(Json(listed.out)["suites"].get_object().size(), 2u) << listed.err;
  EXPECT_EQ(Run({"suites", "--changed-files", "-", "--json"}, {.input = ""}).out,
            "{\"suites\": {}}\n");
  EXPECT_EQ(Run({"suites"}).exit_code, 2);
  const Finished lint = Run({"suites", "lint"});
  EXPECT_EQ(lint.exit_code, 2);
  EXPECT_THAT(lint.out, HasSubstr("tests/suitespec.yml:6: the pattern 'idle/*' matches no file"));
  EXPECT_THAT(lint.out, HasSubstr("tests/test_calc.py: no suite covers it"));
  const Finished list = Run({"suites", "list", "--json"});
  EXPECT_EQ(uint64_t(Json(list.out)["suites"]["calc"]["keys"]["retry"]), 2u) << list.out;
}

TEST_F(RulesCliTest, BrokenSuitesAreToldAndAllRun) {
  WriteFile("tests/suitespec.yml", "suites:\n  a: {paths: ['@nope']}\n  b: {paths: [x]}\n");
  const Finished chosen =
      Run({"suites", "--changed-files", "-", "--json"}, {.input = "unrelated\n"});
  EXPECT_EQ(chosen.exit_code, 0);
  EXPECT_THAT(chosen.err, HasSubstr("tests/suitespec.yml:2: '@nope'"));
  EXPECT_EQ(Json(chosen.out)["suites"].get_object().size(), 2u);
  WriteFile("tests/suitespec.yml", "suites: [\n");
  const Finished broken = Run({"suites", "--changed-files", "-"}, {.input = ""});
  EXPECT_EQ(broken.exit_code, 2);
  EXPECT_THAT(broken.err, HasSubstr("tests/suitespec.yml:"));
  Shell("rm tests/suitespec.yml");
  EXPECT_EQ(Run({"suites", "--changed-files", "-"}, {.input = ""}).exit_code, 5);
}

}  // namespace
}  // namespace testselect
