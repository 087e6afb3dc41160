// suitespec.yml files as dd-trace-py writes them, and which suites a change needs by them.
#include "server/selection/suitespec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/selection/suite_selection.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/git/git_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

SuiteSpec Spec(const std::vector<SpecFile>& files) {
  auto spec = SuiteSpec::Read(files);
  EXPECT_TRUE(spec.ok()) << spec.status();
  return spec.ok() ? *std::move(spec) : SuiteSpec();
}

std::vector<std::string> Names(const std::vector<SuiteChoice>& choices) {
  std::vector<std::string> names;
  for (const SuiteChoice& choice : choices) {
    EXPECT_THAT(choice.reasons, ::testing::Not(IsEmpty())) << choice.name;
    names.push_back(choice.name);
  }
  return names;
}

std::vector<std::string> Chosen(const SuiteSpec& spec, const std::vector<std::string>& paths) {
  return Names(ChooseSuites(spec, paths));
}

std::vector<std::string> PatternsOf(const SuiteSpec& spec, const std::string& name) {
  std::vector<std::string> texts;
  for (const Suite& suite : spec.suites()) {
    for (const SuitePattern& p : suite.patterns) {
      if (suite.name == name) texts.push_back(p.text);
    }
  }
  return texts;
}

TEST(SuiteSpecTest, ComponentsOfAllFilesAndOfEverySuite) {
  const SuiteSpec spec = Spec({{"tests/suitespec.yml",
                                "components:\n"
                                "  $harness: [tests/conftest.py]\n"
                                "  core: [lib/core/*, '@base']\n"
                                "  base: [lib/base.py]\n"
                                "suites:\n"
                                "  core: {paths: ['@core', 'tests/core/*']}\n"
                                "  other: {paths: [x]}\n"},
                               {"tests/contrib/suitespec.yml",
                                "suites:\n  flask:\n    paths: ['@base', 'tests/{suite}/*']\n"}});
  EXPECT_THAT(spec.errors(), IsEmpty());
  EXPECT_THAT(Chosen(spec, {"lib/base.py"}), ElementsAre("contrib::flask", "core"));
  EXPECT_THAT(Chosen(spec, {"lib/core/a/b.py"}), ElementsAre("core"));  // `*` crosses folders
  EXPECT_THAT(Chosen(spec, {"tests/conftest.py"}), ElementsAre("contrib::flask", "core", "other"));
  EXPECT_THAT(Chosen(spec, {"tests/contrib.flask/x"}), ElementsAre("contrib::flask"));
  EXPECT_THAT(Chosen(spec, {"README.md"}), IsEmpty());
  EXPECT_THAT(Chosen(spec, {}), IsEmpty());
  EXPECT_THAT(ChooseSuites(spec, {"lib/core/a", "lib/core/b"})[0].reasons,
              ElementsAre("lib/core/a changed, which lib/core/* (tests/suitespec.yml:3) matches, "
                          "and 1 more"));
}

TEST(SuiteSpecTest, BenchmarksReplaceComponentsAndOthersAddUp) {
  const SuiteSpec spec =
      Spec({{"benchmarks/suitespec.yml",
             "components: {core: [c]}\nsuites:\n  bench: {paths: ['@core'], type: benchmark}\n"},
            {"tests/a/suitespec.yml", "components: {core: [a], one: [x]}\n"},
            {"tests/b/suitespec.yml",
             "components: {one: [y]}\nsuites: {s: {paths: ['@core', '@one']}}\n"}});
  EXPECT_THAT(PatternsOf(spec, "b::s"), ElementsAre("c", "x", "y"));
  EXPECT_THAT(PatternsOf(spec, "benchmarks::bench"), ElementsAre("c"));
}

TEST(SuiteSpecTest, NamesFollowFoldersAndKeysAreKept) {
  const SuiteSpec spec = Spec({{"suitespec.yml", "suites: {top: {paths: [a]}}\n"},
                               {"tests/x/y/suitespec.yml",
                                "suites:\n"
                                "  s:\n"
                                "    paths: [a]\n"
                                "    retry: 2\n"
                                "    gpu: true\n"
                                "    env: {A: '1', B: x}\n"
                                "  t: {paths: [a], pattern: own}\n"}});
  ASSERT_EQ(spec.suites().size(), 3u);
  EXPECT_EQ(spec.suites()[0].name, "top");
  EXPECT_THAT(spec.suites()[0].keys, ElementsAre(testing::Pair("paths", "[\"a\"]")));
  EXPECT_EQ(spec.suites()[1].name, "x::y::s");
  EXPECT_EQ(spec.suites()[1].origin, "tests/x/y/suitespec.yml:2");
  EXPECT_THAT(spec.suites()[1].keys,
              ElementsAre(testing::Pair("paths", "[\"a\"]"), testing::Pair("retry", "2"),
                          testing::Pair("gpu", "true"),
                          testing::Pair("env", "{\"A\": \"1\", \"B\": \"x\"}"),
                          testing::Pair("pattern", "\"s\"")));
  EXPECT_THAT(spec.suites()[2].keys, testing::Contains(testing::Pair("pattern", "\"own\"")));
}

TEST(SuiteSpecTest, GlobsAreFnmatchAndExclamationExcludesNothing) {
  const SuiteSpec spec =
      Spec({{"suitespec.yml", "suites: {s: {paths: ['**/conftest.py', 'a/*', '!a/b']}}\n"}});
  EXPECT_THAT(Chosen(spec, {"conftest.py"}), IsEmpty());
  EXPECT_THAT(Chosen(spec, {"x/conftest.py"}), ElementsAre("s"));
  EXPECT_THAT(Chosen(spec, {"a/b"}), ElementsAre("s"));
}

TEST(SuiteSpecTest, SuitesWithoutPatternsAlwaysRun) {
  const SuiteSpec spec = Spec({{"suitespec.yml",
                                "suites:\n"
                                "  a: {retry: 1}\n"
                                "  b: {paths: []}\n"
                                "  c: {paths: ['x/{other}']}\n"
                                "  d:\n"
                                "  e: {paths: ['x{{1}}']}\n"}});
  EXPECT_THAT(Chosen(spec, {}), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(Chosen(spec, {"x{1}"}), ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_THAT(ChooseSuites(spec, {})[2].reasons,
              ElementsAre("the pattern 'x/{other}' (suitespec.yml:4) has braces other than "
                          "{suite}"));
  // Components for every suite are patterns: an empty list beside them is no reason to run.
  const SuiteSpec some =
      Spec({{"suitespec.yml", "components: {$all: [x]}\nsuites: {b: {paths: []}}\n"}});
  EXPECT_THAT(Chosen(some, {"y"}), IsEmpty());
}

TEST(SuiteSpecTest, UnknownAndCyclicReferencesAreNamedAndSelectAll) {
  const SuiteSpec unknown = Spec({{"tests/suitespec.yml",
                                   "components:\n  a:\n  - '@nope'\n"
                                   "suites: {s: {paths: [x]}, t: {paths: ['@a']}}\n"}});
  EXPECT_THAT(unknown.errors(),
              ElementsAre("tests/suitespec.yml:3: '@nope': there is no component of this name"));
  EXPECT_THAT(Chosen(unknown, {"unrelated"}), ElementsAre("s", "t"));
  EXPECT_EQ(ChooseSuites(unknown, {})[0].reasons, unknown.errors());
  const SuiteSpec cycle = Spec({{"suitespec.yml",
                                 "components:\n  a: ['@b']\n  b: ['@c']\n  c: ['@a']\n"
                                 "  self: ['@self']\nsuites: {s: {paths: [x]}}\n"}});
  EXPECT_THAT(cycle.errors(),
              ElementsAre("suitespec.yml:2: '@b': the references go in a circle: b -> c -> a -> b",
                          "suitespec.yml:5: '@self': the references go in a circle: self -> self"));
  EXPECT_THAT(Chosen(cycle, {}), ElementsAre("s"));
}

TEST(SuiteSpecTest, AFileThatCannotBeReadIsAnError) {
  const std::pair<const char*, const char*> cases[] = {
      {"suites: [a]", "tests/suitespec.yml:1: suites: expected a map"},
      {"components:\n  a: b", "tests/suitespec.yml:2: expected a list of patterns"},
      {"components:\n  a:\n  - [x]", "tests/suitespec.yml:3: expected a pattern"},
      {"- a", "tests/suitespec.yml:1: expected a map"},
      {"suites: \xFF", "tests/suitespec.yml:1: not UTF-8"},
  };
  for (const auto& [text, want] : cases) {
    EXPECT_EQ(SuiteSpec::Read({{"tests/suitespec.yml", text}}).status(),
              absl::InvalidArgumentError(want));
  }
  EXPECT_THAT(SuiteSpec::Read({{"f", "a: [\n"}}).status().message(), HasSubstr("f:"));
}

TEST(SuiteSpecTest, TheLinterNamesUncoveredFilesAndIdlePatterns) {
  const SuiteSpec spec = Spec({{"suitespec.yml",
                                "components: {c: [gone/*]}\n"
                                "suites:\n  a: {paths: ['lib/*', '@c']}\n  b: {paths: ['@c']}\n"}});
  const SuiteLint lint = LintSuites(spec, {"lib/a.py", "setup.py"});
  EXPECT_THAT(lint.uncovered, ElementsAre("setup.py"));
  ASSERT_EQ(lint.unmatched.size(), 1u);
  EXPECT_EQ(lint.unmatched[0].text, "gone/*");
  EXPECT_EQ(lint.unmatched[0].origin, "suitespec.yml:1");
}

class SuiteSelectionTest : public GitTest {
 protected:
  SuiteSelectionTest() {
    repo_.Write("tests/suitespec.yml", "suites: {a: {paths: ['a/*']}, b: {paths: ['b/*']}}\n");
    repo_.Write("a/x", "a long enough text\n");
    repo_.Commit("base");
  }
  CommitInfo At(const std::string& rev) { return *Open(repo_.path())->Commit(repo_.Id(rev)); }

  Repo repo_{Path("repo")};
};

TEST_F(SuiteSelectionTest, BothNamesOfARenamedFileCount) {
  repo_.Git("mv a b");
  repo_.Commit("moved");
  const auto git = Open(repo_.path());
  ASSERT_OK_AND_ASSIGN(const SuiteAnswer answer, SelectSuites(*git, At("HEAD~1"), At("HEAD")));
  EXPECT_THAT(Names(answer.run), ElementsAre("a", "b"));
  EXPECT_EQ(answer.known, 2u);
  EXPECT_THAT(answer.run[0].reasons, ElementsAre("a/x changed, which a/* (tests/suitespec.yml:1) "
                                                 "matches"));
}

TEST_F(SuiteSelectionTest, TheCommitsMessageCanAskForAll) {
  repo_.Commit("itr:noskip");
  const auto git = Open(repo_.path());
  ASSERT_OK_AND_ASSIGN(const SuiteAnswer answer,
                       SelectSuites(*git, At("HEAD"), std::vector<std::string>{}));
  EXPECT_THAT(Names(answer.run), ElementsAre("a", "b"));
}

TEST_F(SuiteSelectionTest, TheCommitsMessageCanNameSuites) {
  const auto answer_to = [&](const std::string& message) {
    repo_.Commit(message);
    const auto git = Open(repo_.path());
    return SelectSuites(*git, At("HEAD"), std::vector<std::string>{"b/new"});
  };
  ASSERT_OK_AND_ASSIGN(const SuiteAnswer one, answer_to("Mend it\n\nCircleCI:A,b"));
  EXPECT_THAT(Names(one.run), ElementsAre("a", "b"));
  EXPECT_THAT(one.run[0].reasons, ElementsAre("The message of the head commit says 'circleci:a'."));
  EXPECT_EQ(one.run[1].reasons.size(), 2u);
  ASSERT_OK_AND_ASSIGN(const SuiteAnswer all, answer_to("circleci:all"));
  EXPECT_THAT(Names(all.run), ElementsAre("a", "b"));
  ASSERT_OK_AND_ASSIGN(const SuiteAnswer unknown, answer_to("circleci:c"));
  EXPECT_THAT(Names(unknown.run), ElementsAre("a", "b"));
  EXPECT_THAT(unknown.run[0].reasons, ElementsAre(HasSubstr("which is no suite")));
  ASSERT_OK_AND_ASSIGN(const SuiteAnswer none, answer_to("see circleci: a"));
  EXPECT_THAT(Names(none.run), ElementsAre("b"));
}

TEST_F(SuiteSelectionTest, WithoutASpecificationThereIsNoAnswer) {
  repo_.Git("rm -q tests/suitespec.yml");
  repo_.Commit("none");
  const auto git = Open(repo_.path());
  EXPECT_THAT(SelectSuites(*git, At("HEAD~1"), At("HEAD")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("there is no suitespec.yml")));
}

}  // namespace
}  // namespace testselect
