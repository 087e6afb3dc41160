// What the keys of an imported index select: files, folders, patterns, and what no key knows.
#include "server/selection/key_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/selection/selection_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// pkg/a is under the folder's key, cmd/x.go under its own, web/[id]/p.ts under one that looks like
// a pattern; conf is under a pattern; nothing knows other.
class KeyRulesTest : public SelectionTest {
 protected:
  KeyRulesTest() {
    for (const char* path : {"pkg/a/a.go", "pkg/a/sub/s.go", "cmd/x.go", "cmd/y.go",
                             "web/[id]/p.ts", "conf/deep/c.xyz", "other/o.go", "top.go"}) {
      git_.Write(path, "package p\n");
    }
    base_ = git_.Commit("base");
    spec_.commit = base_;
    spec_.keys = {{"pkg/a", {"one", "two"}},
                  {"cmd/x.go", {"three"}},
                  {"web/[id]/p.ts", {"four"}},
                  {"conf/*", {"one", "four"}},
                  {"top.go", {"two"}}};
  }

  void Change(const std::string& path) { git_.Write(path, "package q\n"); }
  std::shared_ptr<const Selection> SelectNow(Granularity granularity = Granularity::kFunction) {
    Upload(spec_);
    SelectionRequest request =
        Request(base_, git_.Commit("head"), {"one", "two", "three", "four", "new"});
    request.granularity = granularity;
    request.unknown_change_selects_all = unknown_selects_all_;
    return Select(request);
  }

  ObjectId base_;
  UploadSpec spec_;
  bool unknown_selects_all_ = true;
};

TEST_F(KeyRulesTest, AFolderKeySelectsForAFileInTheFolder) {
  Change("pkg/a/a.go");
  const auto s = SelectNow();
  EXPECT_THAT(Names(*s, s->present_diff), ElementsAre("one", "two"));
  EXPECT_THAT(Names(*s, s->global_level), IsEmpty());
  EXPECT_THAT(Names(*s, s->absent), ElementsAre("new"));
  EXPECT_EQ(Reason(*s, ReasonCode::kIndexKey), 2u);
}

TEST_F(KeyRulesTest, AFileKeySelectsForThatFileAlone) {
  Change("cmd/x.go");
  const auto s = SelectNow();
  EXPECT_THAT(Names(*s, s->present_diff), ElementsAre("three"));
  EXPECT_THAT(Names(*s, s->global_level), IsEmpty());
}

TEST_F(KeyRulesTest, AKeyWithABracketMeansItsOwnPath) {
  Change("web/[id]/p.ts");
  const auto s = SelectNow();
  EXPECT_THAT(Names(*s, s->present_diff), ElementsAre("four"));
  EXPECT_THAT(Names(*s, s->global_level), IsEmpty());
}

TEST_F(KeyRulesTest, APatternCrossesFoldersAndIsNoCoverage) {
  Change("conf/deep/c.xyz");
  const auto s = SelectNow();
  EXPECT_THAT(Names(*s, s->present_diff), IsEmpty());
  EXPECT_THAT(Names(*s, s->global_level), ElementsAre("one", "four"));
}

TEST_F(KeyRulesTest, APatternMayMeanTheFolder) {
  spec_.keys.push_back({"pkg/?", {"three"}});
  Change("pkg/a/a.go");
  const auto s = SelectNow();
  EXPECT_THAT(Names(*s, s->global_level), ElementsAre("three"));
}

TEST_F(KeyRulesTest, WhatNoKeyKnowsSelectsEverybody) {
  for (const char* path : {"other/o.go", "cmd/y.go", "pkg/a/sub/s.go"}) {
    Change(path);
    const auto s = SelectNow();
    EXPECT_EQ(s->run_count, 5u) << path;
    EXPECT_EQ(Reason(*s, ReasonCode::kUnknownFile), 4u) << path;
    git_.Write(path, "package p\n");
  }
  unknown_selects_all_ = false;
  Change("other/o.go");
  EXPECT_EQ(SelectNow()->run_count, 1u);  // the new one
}

TEST_F(KeyRulesTest, OfARenamedFileBothNamesMustBeExplained) {
  git_.Git("mv cmd/x.go pkg/a/x.go");
  auto s = SelectNow();
  EXPECT_THAT(Names(*s, s->present_diff), UnorderedElementsAre("one", "two", "three"));
  EXPECT_THAT(Names(*s, s->global_level), IsEmpty());
  git_.Git("mv pkg/a/x.go other/x.go");
  s = SelectNow();
  EXPECT_EQ(s->run_count, 5u);
}

TEST_F(KeyRulesTest, ADeletedFileIsUnderItsKeysStill) {
  git_.Git("rm -q cmd/x.go");
  const auto s = SelectNow();
  EXPECT_THAT(Names(*s, s->present_diff), ElementsAre("three"));
  EXPECT_THAT(Names(*s, s->global_level), IsEmpty());
}

TEST_F(KeyRulesTest, ALabelWithoutAnyKeyAlwaysRuns) {
  spec_.ran_without_evidence = {"new"};
  Change("cmd/x.go");
  const auto s = SelectNow();
  EXPECT_THAT(Names(*s, s->global_level), ElementsAre("new"));
  EXPECT_EQ(Reason(*s, ReasonCode::kEmptyEvidence), 1u);
}

TEST_F(KeyRulesTest, GranularityChangesNothingAboutKeys) {
  Change("cmd/x.go");
  for (const Granularity g : {Granularity::kLine, Granularity::kFile, Granularity::kPackage}) {
    const auto s = SelectNow(g);
    EXPECT_EQ(s->run_count, 2u) << static_cast<int>(g);
  }
}

TEST_F(KeyRulesTest, RulesGoBeforeKeys) {
  git_.Write(".testselect.yml", "harmless:\n- other/**\n");
  git_.Write("README.md", "x\n");
  base_ = git_.Commit("rules");
  spec_.commit = base_;
  Change("other/o.go");
  git_.Write("README.md", "y\n");
  const auto s = SelectNow();
  EXPECT_THAT(Run(*s), ElementsAre("new"));
}

TEST_F(KeyRulesTest, AnOpaqueLabelRunsOnAnyChangeThatNoRuleExcludes) {
  spec_.outcomes["four"].opaque = true;
  Change("cmd/x.go");
  const auto s = SelectNow();
  EXPECT_THAT(Names(*s, s->global_level), ElementsAre("four"));
  EXPECT_EQ(Reason(*s, ReasonCode::kOpaque), 1u);
}

TEST_F(KeyRulesTest, ALaterUploadOfLinesSupersedesTheKeysOfItsLabels) {
  Upload(spec_);
  UploadSpec lines;
  Change("pkg/a/a.go");
  lines.commit = git_.Commit("between");
  lines.executed = {{"one", "other/o.go", {1}}};
  lines.completeness = Completeness::kSubset;
  Upload(lines);
  git_.Write("pkg/a/a.go", "package r\n");
  const auto s =
      Select(Request(lines.commit, git_.Commit("head"), {"one", "two", "three", "four"}));
  EXPECT_TRUE((s->present_diff[0] & 2) != 0) << "two is under the key still";
  EXPECT_EQ(Reason(*s, ReasonCode::kIndexKey), 1u);
}

TEST_F(KeyRulesTest, KeysStayWhereTheyAreWhenChainsAreShortened) {
  SelectorOptions options;
  options.consolidate_after = 1;
  StartAnew(options);
  UploadAndKeep(spec_);
  for (int i = 0; i < 3; ++i) {
    git_.Write("notes.txt", std::to_string(i));
    UploadSpec subset;
    subset.commit = git_.Commit("next");
    subset.executed = {{"one", "other/o.go", {1}}};
    subset.completeness = Completeness::kSubset;
    UploadAndKeep(subset);
    base_ = subset.commit;
  }
  Change("cmd/x.go");
  const auto s = Select(Request(base_, git_.Commit("head"), {"two", "three", "four"}));
  EXPECT_THAT(Names(*s, s->present_diff), ElementsAre("three"));
}

}  // namespace
}  // namespace testselect
