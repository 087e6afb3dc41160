// What one changed file selects: each test fails without the rule it is named after.
#include "server/selection/change_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/selection/selection_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// lib.f90: lines 1-3 are executed by "one", 5-7 by "two", nobody executes 4; no global lines.
// mod.f90: line 1 is global, "one" executes 2, "two" executes 3.
class ChangeRulesTest : public SelectionTest {
 protected:
  ChangeRulesTest() {
    git_.Write("lib.f90", "1\n2\n3\n4\n5\n6\n7\n");
    git_.Write("mod.f90", "1\n2\n3\n4\n");
    git_.Write("data.txt", "x\n");
    git_.Write("unseen.txt", "x\n");
    base_ = git_.Commit("base");
    spec_.commit = base_;
    spec_.executed = {{"one", "lib.f90", {1, 2, 3}},
                      {"two", "lib.f90", {5, 6, 7}},
                      {"one", "mod.f90", {2}},
                      {"two", "mod.f90", {3}},
                      {"three", "other.f90", {1}}};
    spec_.global = {{"mod.f90", {1}}};
  }

  std::shared_ptr<const Selection> SelectNow(Granularity granularity = Granularity::kFunction) {
    Upload(spec_);
    SelectionRequest request = Request(base_, git_.Commit("head"), {"one", "two", "three"});
    request.granularity = granularity;
    request.unknown_change_selects_all = unknown_selects_all_;
    return Select(request);
  }

  ObjectId base_;
  UploadSpec spec_;
  bool unknown_selects_all_ = true;
};

TEST_F(ChangeRulesTest, AChangedLineSelectsWhoExecutedIt) {
  git_.Write("lib.f90", "1\nx\n3\n4\n5\n6\n7\n");
  const auto s = SelectNow();
  EXPECT_THAT(Names(*s, s->present_diff), ElementsAre("one"));
  EXPECT_THAT(Names(*s, s->global_level), IsEmpty());
  EXPECT_EQ(Reason(*s, ReasonCode::kCoveredChange), 1u);
  EXPECT_EQ(s->run_count, 1u);
}

TEST_F(ChangeRulesTest, AnOpaqueLabelRunsOnAnyChangeOfCode) {
  spec_.outcomes["three"].opaque = true;
  spec_.opened = {{"two", "data.txt"}};
  git_.Write("data.txt", "y\n");
  EXPECT_THAT(Run(*SelectNow()), ElementsAre("two"));
  git_.Write("lib.f90", "1\nx\n3\n4\n5\n6\n7\n");
  for (const Granularity granularity :
       {Granularity::kFunction, Granularity::kLine, Granularity::kFile}) {
    const auto s = SelectNow(granularity);
    EXPECT_THAT(Run(*s), testing::Contains("three"));
    EXPECT_EQ(Reason(*s, ReasonCode::kOpaque), 1u);
  }
  unknown_selects_all_ = false;
  Shell("rm " + git_.path() + "/lib.f90");
  EXPECT_EQ(Reason(*SelectNow(), ReasonCode::kOpaque), 1u);
}

TEST_F(ChangeRulesTest, ADeletedLineSelectsWhoExecutedIt) {
  git_.Write("lib.f90", "1\n2\n3\n4\n5\n7\n");
  EXPECT_THAT(Run(*SelectNow()), ElementsAre("two"));
}

TEST_F(ChangeRulesTest, NothingChangedSelectsNothing) { EXPECT_THAT(Run(*SelectNow()), IsEmpty()); }

TEST_F(ChangeRulesTest, AnInsertionSelectsEverybodyWhoExecutedTheFile) {
  git_.Write("lib.f90", "1\n2\n3\n4\n5\nnew\n6\n7\n");
  const auto s = SelectNow();
  EXPECT_THAT(Names(*s, s->present_diff), UnorderedElementsAre("one", "two"));
  EXPECT_EQ(Reason(*s, ReasonCode::kInsertion), 2u);
}

TEST_F(ChangeRulesTest, AHunkThatGrowsIsAnInsertionToo) {
  git_.Write("lib.f90", "1\nx\ny\n3\n4\n5\n6\n7\n");
  EXPECT_THAT(Run(*SelectNow()), UnorderedElementsAre("one", "two"));
}

TEST_F(ChangeRulesTest, AnInsertionIntoAFileWithGlobalLinesSelectsTheJob) {
  git_.Write("mod.f90", "1\n2\n3\n4\nnew\n");
  const auto s = SelectNow();
  EXPECT_THAT(Names(*s, s->global_level), ElementsAre("one", "two", "three"));
  EXPECT_EQ(Reason(*s, ReasonCode::kGlobalLines), 3u);
}

TEST_F(ChangeRulesTest, AChangedGlobalLineSelectsTheJob) {
  git_.Write("mod.f90", "x\n2\n3\n4\n");
  const auto s = SelectNow();
  EXPECT_THAT(Names(*s, s->global_level), ElementsAre("one", "two", "three"));
  EXPECT_EQ(Reason(*s, ReasonCode::kGlobalLines), 3u);
}

TEST_F(ChangeRulesTest, ALineNobodyExecutedSelectsWhoExecutedTheFile) {
  git_.Write("lib.f90", "1\n2\n3\nx\n5\n6\n7\n");
  const auto s = SelectNow();
  EXPECT_THAT(Run(*s), UnorderedElementsAre("one", "two"));
  EXPECT_EQ(Reason(*s, ReasonCode::kUncoveredChange), 2u);
}

TEST_F(ChangeRulesTest, ANewFileSelectsEverybodyByPolicyOnly) {
  git_.Write("new.f90", "1\n");
  unknown_selects_all_ = false;
  EXPECT_THAT(Run(*SelectNow()), IsEmpty());
}

TEST_F(ChangeRulesTest, ANewFileSelectsEverybody) {
  git_.Write("new.f90", "1\n");
  const auto s = SelectNow();
  EXPECT_EQ(Reason(*s, ReasonCode::kNewFile), 3u);
  EXPECT_THAT(Names(*s, s->global_level), ElementsAre("one", "two", "three"));
}

TEST_F(ChangeRulesTest, ADeletedFileSelectsItsLabelsWhateverThePolicy) {
  Shell("rm " + git_.path() + "/lib.f90");
  unknown_selects_all_ = false;
  const auto s = SelectNow();
  EXPECT_THAT(Names(*s, s->global_level), UnorderedElementsAre("one", "two"));
  EXPECT_EQ(Reason(*s, ReasonCode::kDeletedFile), 2u);
}

TEST_F(ChangeRulesTest, ARenamedFileSelectsEverybody) {
  git_.Git("mv lib.f90 moved.f90");
  EXPECT_EQ(Reason(*SelectNow(), ReasonCode::kRenamedFile), 3u);
}

TEST_F(ChangeRulesTest, AModeChangeSelectsEverybody) {
  git_.Git("update-index --chmod=+x lib.f90");
  Shell("chmod +x " + git_.path() + "/lib.f90");
  EXPECT_EQ(Reason(*SelectNow(), ReasonCode::kModeChange), 3u);
}

TEST_F(ChangeRulesTest, ASymbolicLinkInPlaceOfAFileSelectsEverybody) {
  Shell("rm " + git_.path() + "/lib.f90 && ln -s mod.f90 " + git_.path() + "/lib.f90");
  const auto s = SelectNow();
  EXPECT_EQ(s->run_count, 3u);
}

TEST_F(ChangeRulesTest, AFileWithoutEvidenceSelectsEverybody) {
  git_.Write("unseen.txt", "y\n");
  EXPECT_EQ(Reason(*SelectNow(), ReasonCode::kUnknownFile), 3u);
}

TEST_F(ChangeRulesTest, AnOpenedDataFileSelectsWhoOpenedIt) {
  spec_.opened = {{"two", "data.txt"}};
  git_.Write("data.txt", "y\n");
  const auto s = SelectNow();
  EXPECT_THAT(Names(*s, s->global_level), ElementsAre("two"));
  EXPECT_EQ(Reason(*s, ReasonCode::kOpenedFile), 1u);
}

TEST_F(ChangeRulesTest, AnExecutedFileThatTurnsBinarySelectsEverybody) {
  git_.Write("lib.f90", std::string("1\n\0x", 4));
  EXPECT_EQ(Reason(*SelectNow(), ReasonCode::kBinaryChange), 3u);
}

TEST_F(ChangeRulesTest, ChangedSetUpCodeSelectsEverybodyUnlessProcessesAreApart) {
  spec_.executed.push_back({"three", "lib.f90", {4}, Phase::kSetup});
  git_.Write("lib.f90", "1\n2\n3\nx\n5\n6\n7\n");
  const auto s = SelectNow();
  EXPECT_EQ(Reason(*s, ReasonCode::kSharedSetup), 3u);
  EXPECT_EQ(s->run_count, 3u);
}

TEST_F(ChangeRulesTest, SetUpCodeOfOneProcessPerLabelIsThatLabelsOwn) {
  spec_.executed.push_back({"three", "lib.f90", {4}, Phase::kSetup});
  spec_.isolation = Isolation::kProcessPerLabel;
  git_.Write("lib.f90", "1\n2\n3\nx\n5\n6\n7\n");
  EXPECT_THAT(Run(*SelectNow()), ElementsAre("three"));
}

TEST_F(ChangeRulesTest, LineGranularityTakesTheStatementBeforeAnInsertion) {
  git_.Write("lib.f90", "1\n2\n3\n4\n5\nnew\n6\n7\n");
  EXPECT_THAT(Run(*SelectNow(Granularity::kLine)), ElementsAre("two"));
}

TEST_F(ChangeRulesTest, LineGranularityBeforeTheFirstExecutedLineSelectsEverybody) {
  git_.Write("lib.f90", "new\n1\n2\n3\n4\n5\n6\n7\n");
  EXPECT_EQ(SelectNow(Granularity::kLine)->run_count, 3u);
}

TEST_F(ChangeRulesTest, FileGranularitySelectsWhoExecutedTheFile) {
  git_.Write("lib.f90", "1\nx\n3\n4\n5\n6\n7\n");
  EXPECT_THAT(Run(*SelectNow(Granularity::kFile)), UnorderedElementsAre("one", "two"));
}

TEST_F(ChangeRulesTest, PackageGranularitySelectsWhoExecutedTheFolder) {
  git_.Write("lib.f90", "1\nx\n3\n4\n5\n6\n7\n");
  EXPECT_THAT(Run(*SelectNow(Granularity::kPackage)), UnorderedElementsAre("one", "two", "three"));
}

TEST_F(ChangeRulesTest, EveryGranularityFindsAChangedLine) {
  git_.Write("lib.f90", "1\n2\n3\n4\n5\n6\nx\n");
  Upload(spec_);
  SelectionRequest request = Request(base_, git_.Commit("head"), {"one", "two", "three"});
  for (Granularity g :
       {Granularity::kFunction, Granularity::kLine, Granularity::kFile, Granularity::kPackage}) {
    request.granularity = g;
    EXPECT_THAT(Run(*Select(request)), ::testing::Contains("two")) << static_cast<int>(g);
  }
}

}  // namespace
}  // namespace testselect
