// What the rule file, the commit's message and the branch make of a selection: each test fails
// without the rule it is named after.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/selection/head_policy.h"
#include "tests/unit/selection/selection_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// lib.f90 is executed by "one" and "two", docs/notes.md opened by "two", nobody knows the rest.
class RuleSelectionTest : public SelectionTest {
 protected:
  RuleSelectionTest() {
    git_.Write("lib.f90", "1\n2\n");
    git_.Write("docs/notes.md", "x\n");
    git_.Write("docs/other.md", "x\n");
    git_.Write("schema.sql", "x\n");
    git_.Write("uv.lock", "x\n");
    git_.Write("pyproject.toml", "[tool.ruff]\na = 1\n[tool.pytest]\na = 1\n");
    base_ = git_.Commit("base");
    spec_.commit = base_;
    spec_.executed = {
        {"one", "lib.f90", {1}}, {"two", "lib.f90", {2}}, {"e2e/three", "other.f90", {1}}};
    spec_.opened = {{"two", "docs/notes.md"}};
  }

  void Rules(const std::string& text) { git_.Write(".testselect.yml", text); }

  SelectionRequest HeadRequest(const std::string& message = "head") {
    Upload(spec_);
    return Request(base_, git_.Commit(message), {"one", "two", "e2e/three"});
  }
  std::shared_ptr<const Selection> SelectNow(const std::string& message = "head") {
    return Select(HeadRequest(message));
  }

  ObjectId base_;
  UploadSpec spec_;
};

TEST_F(RuleSelectionTest, BuiltInHarmlessFilesSelectNothing) {
  git_.Write("docs/other.md", "y\n");
  git_.Write("docs/new.md", "y\n");
  EXPECT_THAT(Run(*SelectNow()), IsEmpty());
}

TEST_F(RuleSelectionTest, AFileThatSomebodyOpenedIsNotHarmlessByItsName) {
  git_.Write("docs/notes.md", "y\n");
  const auto s = SelectNow();
  EXPECT_THAT(Run(*s), ElementsAre("two"));
  EXPECT_EQ(Reason(*s, ReasonCode::kOpenedFile), 1u);
}

TEST_F(RuleSelectionTest, ASubmoduleIsNotHarmlessByTheFolderItLiesIn) {
  git_.Git("update-index --add --cacheinfo 160000," + base_.ToHex() + ",docs/theme");
  git_.Git("commit -q -m theme");
  Upload(spec_);
  const SelectionRequest request = Request(base_, git_.Id("HEAD"), {"one", "two", "e2e/three"});
  EXPECT_EQ(Reason(*Select(request), ReasonCode::kSubmodule), 3u);
}

TEST_F(RuleSelectionTest, WhatTheProjectCallsHarmlessIsHarmless) {
  Rules("harmless: [docs/notes.md, lib.f90, schema.sql]\n");
  git_.Write("docs/notes.md", "y\n");
  git_.Write("lib.f90", "x\n2\n");
  git_.Git("rm -q schema.sql");
  EXPECT_THAT(Run(*SelectNow()), IsEmpty());
}

TEST_F(RuleSelectionTest, TheProjectsRunAllRunsAll) {
  Rules("run_all: ['*.md']\n");
  git_.Write("docs/other.md", "y\n");
  const auto s = SelectNow();
  EXPECT_EQ(s->run_count, 3u);
  EXPECT_EQ(Reason(*s, ReasonCode::kRuleRunAll), 3u);
  EXPECT_EQ(Reason(*s, ReasonCode::kUnknownFile), 0u);
  EXPECT_FALSE(s->fallback.has_value());
}

TEST_F(RuleSelectionTest, RunAllCountsWhateverThePolicyForUnknownChanges) {
  Rules("unknown_change: none\nrun_all: [schema.sql]\n");
  git_.Write("schema.sql", "y\n");
  EXPECT_EQ(SelectNow()->run_count, 3u);
}

TEST_F(RuleSelectionTest, RunLabelsRunsThoseLabelsOnly) {
  Rules("run_labels:\n  schema.sql: e2e/*\n");
  git_.Write("schema.sql", "y\n");
  const auto s = SelectNow();
  EXPECT_THAT(Names(*s, s->global_level), ElementsAre("e2e/three"));
  EXPECT_EQ(Reason(*s, ReasonCode::kRuleLabels), 1u);
}

TEST_F(RuleSelectionTest, RunLabelsAddsToTheEvidence) {
  Rules("run_labels:\n  lib.f90: e2e/*\n  docs/notes.md: [one]\n");
  git_.Write("lib.f90", "x\n2\n");
  EXPECT_THAT(Run(*SelectNow()), UnorderedElementsAre("one", "e2e/three"));
}

TEST_F(RuleSelectionTest, RunLabelsAddsToWhoExecutedADeletedFile) {
  Rules("run_labels:\n  lib.f90: e2e/*\n");
  spec_.executed[1].path = "lib2.f90";
  git_.Git("rm -q lib.f90");
  EXPECT_THAT(Run(*SelectNow()), UnorderedElementsAre("one", "e2e/three"));
}

TEST_F(RuleSelectionTest, LabelPatternsThatMatchNothingRunAll) {
  Rules("run_labels:\n  schema.sql: renamed/*\n");
  git_.Write("schema.sql", "y\n");
  const SelectionRequest request = HeadRequest();
  EXPECT_EQ(Select(request)->run_count, 3u);
  const auto explanation = selector_->Explain(request, "one");
  ASSERT_TRUE(explanation.ok());
  EXPECT_EQ(explanation->evidence[0].message,
            "run_labels: schema.sql (.testselect.yml:2); no known label matches it, so everything "
            "runs");
}

TEST_F(RuleSelectionTest, ARenamedFileNeedsAWordOnBothNames) {
  Rules("harmless: [schema.sql, old/**]\nrun_labels:\n  e2e.sql: e2e/*\n");
  git_.Git("mv schema.sql new.sql");
  EXPECT_EQ(SelectNow()->run_count, 3u);
  git_.Write("old/x", "");
  git_.Git("mv new.sql old/schema.sql");
  SelectionRequest request = Request(base_, git_.Commit("both"), {"one", "two", "e2e/three"});
  EXPECT_THAT(Run(*Select(request)), IsEmpty());
  git_.Git("mv old/schema.sql e2e.sql");
  request.head = git_.Commit("labels");
  EXPECT_THAT(Run(*Select(request)), ElementsAre("e2e/three"));
}

TEST_F(RuleSelectionTest, AlwaysRunRunsWhateverChanged) {
  Rules("always_run: ['e2e/*']\n");
  const auto s = SelectNow();
  EXPECT_THAT(Run(*s), ElementsAre("e2e/three"));
  EXPECT_EQ(Reason(*s, ReasonCode::kRuleAlwaysRun), 1u);
}

TEST_F(RuleSelectionTest, WhatTheProjectCallsOpaqueRunsOnAnyChangeOfCode) {
  Rules("opaque: ['e2e/*']\n");
  git_.Write("lib.f90", "1\nx\n");
  const auto s = SelectNow();
  EXPECT_THAT(Run(*s), UnorderedElementsAre("two", "e2e/three"));
  EXPECT_EQ(Reason(*s, ReasonCode::kOpaque), 1u);
}

TEST_F(RuleSelectionTest, WhatTheProjectCallsOpaqueRunsOnCodeOfAKnownLanguageToo) {
  git_.Write("lib.py", "def f():\n    return 1\n");
  base_ = spec_.commit = git_.Commit("code");
  spec_.executed.push_back({"one", "lib.py", {2}});
  Rules("opaque: 'e2e/*'\n");
  git_.Write("lib.py", "def f():\n    return 2\n");
  const auto s = SelectNow();
  EXPECT_THAT(Run(*s), UnorderedElementsAre("one", "e2e/three"));
  EXPECT_EQ(Reason(*s, ReasonCode::kOpaque), 1u);
}

TEST_F(RuleSelectionTest, WhatTheProjectCallsOpaqueDoesNotRunOnWhatARuleExcludes) {
  Rules("opaque: ['e2e/*']\nharmless: lib.f90\n");
  git_.Write("lib.f90", "1\nx\n");
  git_.Write("docs/other.md", "y\n");
  EXPECT_THAT(Run(*SelectNow()), testing::Not(testing::Contains("e2e/three")));
}

TEST_F(RuleSelectionTest, UnknownChangeIsTheRequestsElseTheProjects) {
  Rules("unknown_change: none\n");
  git_.Write("schema.sql", "y\n");
  SelectionRequest request = HeadRequest();
  EXPECT_THAT(Run(*Select(request)), IsEmpty());
  request.unknown_change_selects_all = true;
  EXPECT_EQ(Select(request)->run_count, 3u);
}

TEST_F(RuleSelectionTest, KeysInsideAFile) {
  git_.Write("pyproject.toml", "[tool.ruff]\na = 2\n[tool.pytest]\na = 1\n");
  EXPECT_THAT(Run(*SelectNow()), IsEmpty());
  git_.Write("pyproject.toml", "[tool.ruff]\na = 2\n[tool.pytest]\na = 2\n");
  const SelectionRequest request =
      Request(base_, git_.Commit("pytest"), {"one", "two", "e2e/three"});
  EXPECT_EQ(Reason(*Select(request), ReasonCode::kRuleRunAll), 3u);
  const auto explanation = selector_->Explain(request, "one");
  ASSERT_TRUE(explanation.ok());
  EXPECT_EQ(explanation->evidence[0].message,
            "keys: pyproject.toml (built-in): the key 'tool.pytest.a' changed");
}

TEST_F(RuleSelectionTest, LockFilesRunAllUnlessTheEnvironmentIsTheSame) {
  git_.Write("uv.lock", "y\n");
  spec_.environment = "digest";
  SelectionRequest request = HeadRequest();
  EXPECT_EQ(Reason(*Select(request), ReasonCode::kEnvironmentFile), 3u);
  request.environment_digest = "digest";
  EXPECT_THAT(Run(*Select(request)), IsEmpty());
}

TEST_F(RuleSelectionTest, WhatIsInstalledForOneLanguageSaysNothingAboutAnothersFiles) {
  spec_.environment = "python-packages:1";
  git_.Write("uv.lock", "y\n");
  SelectionRequest request = HeadRequest();
  request.environment_digest = "python-packages:1";
  EXPECT_THAT(Run(*Select(request)), IsEmpty());
  for (const char* path : {"yarn.lock", "flake.lock", "tox.ini"}) {
    git_.Write(path, "[x]\ny=1\n");
    request.head = git_.Commit(path);
    EXPECT_EQ(Select(request)->run_count, 3u) << path;
    git_.Git("rm -q " + std::string(path));
    git_.Commit("none");
  }
}

TEST_F(RuleSelectionTest, RulesAreThoseOfTheHeadCommit) {
  Rules("run_all: [schema.sql]\n");
  git_.Commit("rules");
  git_.Write("schema.sql", "y\n");
  Rules("harmless: [schema.sql]\n");
  EXPECT_THAT(Run(*SelectNow()), IsEmpty());
}

TEST_F(RuleSelectionTest, AMalformedRuleFileRunsAllAndSaysWhere) {
  Rules("harmless: ['*']\nunknown_change: perhaps\n");
  const SelectionRequest request = HeadRequest();
  const auto s = Select(request);
  EXPECT_EQ(s->run_count, 3u);
  EXPECT_EQ(Reason(*s, ReasonCode::kRuleError), 3u);
  ASSERT_TRUE(s->fallback.has_value());
  EXPECT_EQ(s->fallback->code, FallbackCode::kRunAll);
  EXPECT_EQ(s->fallback->message,
            "The rule file cannot be used: .testselect.yml:2: unknown_change: 'perhaps': expected "
            "all, none; everything runs.");
  // The second time from the cache of parsed files.
  git_.Write("lib.f90", "x\n2\n");
  EXPECT_TRUE(Select(Request(base_, git_.Commit("again"), {"one"}))->fallback.has_value());
}

TEST_F(RuleSelectionTest, ALinkInPlaceOfTheRuleFileRunsAll) {
  Shell("ln -s schema.sql " + git_.path() + "/.testselect.yml");
  const auto s = SelectNow();
  EXPECT_EQ(Reason(*s, ReasonCode::kRuleError), 3u);
}

TEST_F(RuleSelectionTest, TheCommitsMessageCanAskForEverything) {
  const auto s = SelectNow("Fix: x\n\nITR:NoSkip");
  EXPECT_EQ(s->run_count, 3u);
  ASSERT_TRUE(s->fallback.has_value());
  EXPECT_EQ(s->fallback->message,
            "The message of the head commit says 'itr:noskip', so everything runs.");
}

TEST_F(RuleSelectionTest, AMergeCommitSpeaksForWhatItMerges) {
  git_.Git("checkout -q -b topic");
  git_.Commit("topic (testselect: all)");
  git_.Git("checkout -q main");
  git_.Git("merge -q --no-ff -m merged topic");
  Upload(spec_);
  EXPECT_TRUE(Select(Request(base_, git_.Id("HEAD"), {"one"}))->fallback.has_value());
}

TEST_F(RuleSelectionTest, ABranchOfPolicyFullRunsAll) {
  Rules("branches: {main: full, '*': select}\n");
  SelectionRequest request = HeadRequest();
  request.branch = "main";
  const auto s = Select(request);
  EXPECT_EQ(s->run_count, 3u);
  EXPECT_EQ(s->fallback->message,
            "The branch 'main' has the policy full (.testselect.yml:1), so everything runs.");
  EXPECT_FALSE(s->shadow.has_value());
  request.branch = "topic";
  EXPECT_THAT(Run(*Select(request)), IsEmpty());
}

TEST_F(RuleSelectionTest, AnUnknownBranchRunsAllWhereBranchesDiffer) {
  Rules("branches: {main: full}\n");
  EXPECT_THAT(SelectNow()->fallback->message, HasSubstr("names no branch (--branch)"));
  Rules("branches: {main: select}\n");
  EXPECT_THAT(Run(*Select(Request(base_, git_.Commit("same"), {"one"}))), IsEmpty());
}

TEST_F(RuleSelectionTest, AShadowBranchRunsAllAndSaysWhatItCouldSkip) {
  Rules("branches: {main: shadow}\n");
  git_.Write("lib.f90", "x\n2\n");
  spec_.outcomes = {{"one", {Outcome::kPassed, 2}}, {"two", {Outcome::kPassed, 3}}};
  SelectionRequest request = HeadRequest();
  request.branch = "main";
  request.force_labels = {"e2e/three"};
  const auto s = Select(request);
  EXPECT_EQ(s->run_count, 3u);
  EXPECT_EQ(s->run.size(), 3u);
  ASSERT_TRUE(s->fallback.has_value());
  ASSERT_TRUE(s->shadow.has_value());
  EXPECT_THAT(Names(*s, s->shadow->skip), ElementsAre("two"));
  EXPECT_EQ(s->shadow->run_count, 2u);
  EXPECT_EQ(s->shadow->run_seconds, 2);
  EXPECT_EQ(s->run_seconds, 5);
}

TEST(MessageOverrideTest, AsWordsOfTheirOwn) {
  for (const char* message : {"x\n\ntestselect: all", "TestSelect:All.", "[itr:noskip]"}) {
    EXPECT_NE(MessageOverride(message), "") << message;
  }
  for (const char* message : {"", "testselect: allow x", "xitr:noskip", "itr: noskip"}) {
    EXPECT_EQ(MessageOverride(message), "") << message;
  }
}

}  // namespace
}  // namespace testselect
