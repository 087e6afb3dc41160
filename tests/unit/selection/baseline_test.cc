// Granularity DIFFED_PACKAGE: what the baseline suite executes counts for it alone.
#include "server/selection/baseline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/unit/selection/selection_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// start/ is executed by all; own/ has lines of "one" beyond the baseline; "plain" does nothing that
// the baseline does not; "far" executes far/ alone.
class BaselineTest : public SelectionTest {
 protected:
  BaselineTest() {
    for (const char* path : {"start/s.f90", "own/o.f90", "far/f.f90"}) {
      git_.Write(path, "1\n2\n3\n4\n5\n6\n");
    }
    git_.Write("start/code.go", kCode);
    base_ = git_.Commit("base");
    spec_.commit = base_;
    spec_.executed = {{"base", "start/s.f90", {1, 2, 3}}, {"one", "start/s.f90", {1, 2, 3}},
                      {"plain", "start/s.f90", {1, 2}},   {"base", "own/o.f90", {1, 2}},
                      {"one", "own/o.f90", {2, 3}},       {"far", "far/f.f90", {1, 2}},
                      {"far", "start/s.f90", {2}},        {"base", "start/code.go", {4}},
                      {"one", "start/code.go", {4}},      {"far", "start/code.go", {4}}};
  }

  std::shared_ptr<const Selection> SelectNow(Granularity granularity) {
    Upload(spec_);
    SelectionRequest request = Request(base_, git_.Commit("head"), {"base", "one", "plain", "far"});
    request.granularity = granularity;
    if (granularity == Granularity::kDiffedPackage) request.baseline_labels = {"base"};
    return Select(request);
  }

  static constexpr char kCode[] = "package start\n\nfunc Begin() int {\n\treturn 1\n}\n";
  ObjectId base_;
  UploadSpec spec_;
};

TEST_F(BaselineTest, WhatTheBaselineExecutesToSelectsTheBaselineAlone) {
  git_.Write("start/s.f90", "1\nx\n3\n4\n5\n6\n");
  const auto package = SelectNow(Granularity::kPackage);
  EXPECT_THAT(Names(*package, package->present_diff), ElementsAre("base", "one", "plain", "far"));
  EXPECT_THAT(package->cautions, IsEmpty());
  const auto diffed = SelectNow(Granularity::kDiffedPackage);
  EXPECT_THAT(Names(*diffed, diffed->present_diff), ElementsAre("base"));
  EXPECT_THAT(diffed->cautions, ElementsAre(HasSubstr("diffed-package is less safe")));
}

TEST_F(BaselineTest, ALabelWithNothingOfItsOwnAlwaysRuns) {
  git_.Write("far/f.f90", "1\nx\n3\n4\n5\n6\n");
  const auto s = SelectNow(Granularity::kDiffedPackage);
  EXPECT_THAT(Names(*s, s->present_diff), ElementsAre("far"));
  EXPECT_THAT(Names(*s, s->global_level), ElementsAre("plain"));
  EXPECT_EQ(Reason(*s, ReasonCode::kEmptyEvidence), 1u);
}

TEST_F(BaselineTest, TheFolderOfItsOwnLinesCounts) {
  git_.Write("own/o.f90", "x\n2\n3\n4\n5\n6\n");  // only the baseline executed line 1
  const auto s = SelectNow(Granularity::kDiffedPackage);
  EXPECT_THAT(Names(*s, s->present_diff), ElementsAre("base", "one"));
}

TEST_F(BaselineTest, AFunctionThatTheBaselineEntersIsTheBaselines) {
  git_.Write("start/code.go", "package start\n\nfunc Begin() int {\n\treturn 2\n}\n");
  const auto package = SelectNow(Granularity::kPackage);
  EXPECT_THAT(Names(*package, package->present_diff), ElementsAre("base", "one", "plain", "far"));
  const auto s = SelectNow(Granularity::kDiffedPackage);
  EXPECT_THAT(Names(*s, s->present_diff), ElementsAre("base"));
  EXPECT_THAT(Names(*s, s->global_level), ElementsAre("plain"));
}

TEST_F(BaselineTest, ABaselineThatNobodyRanTakesNothingOff) {
  git_.Write("start/s.f90", "1\nx\n3\n4\n5\n6\n");
  Upload(spec_);
  SelectionRequest request = Request(base_, git_.Commit("head"), {"base", "one", "plain", "far"});
  request.granularity = Granularity::kDiffedPackage;
  request.baseline_labels = {"nobody"};
  const auto s = Select(request);
  EXPECT_THAT(Names(*s, s->present_diff), ElementsAre("base", "one", "plain", "far"));
  EXPECT_THAT(s->cautions, ElementsAre(HasSubstr("nothing was taken off")));
}

TEST_F(BaselineTest, TheBaselineMayBeAnotherJobs) {
  UploadSpec of_baseline;
  of_baseline.commit = base_;
  of_baseline.job = "base-job";
  of_baseline.executed = {{"base", "start/s.f90", {1, 2, 3}}};
  Upload(of_baseline);
  std::erase_if(spec_.executed, [](const Executed& e) { return e.label == "base"; });
  git_.Write("start/s.f90", "1\nx\n3\n4\n5\n6\n");
  Upload(spec_);
  SelectionRequest request = Request(base_, git_.Commit("head"), {"base", "one", "plain", "far"});
  request.granularity = Granularity::kDiffedPackage;
  request.baseline_labels = {"base"};
  request.per_job = true;
  ASSERT_OK_AND_ASSIGN(const SelectionResult result, selector_->Select(request));
  ASSERT_EQ(result.jobs.size(), 2u);
  for (const JobSelection& job : result.jobs) {  // "far" and "one" have code.go for themselves here
    const bool is_baseline = job.job.name == "base-job";
    EXPECT_EQ(job.selection->present_diff[0] & 0xf, is_baseline ? 1 : 2 | 8) << job.job.ToString();
  }
}

TEST_F(BaselineTest, ADecisionCanBeMadeAgain) {
  git_.Write("start/s.f90", "1\nx\n3\n4\n5\n6\n");
  Upload(spec_);
  SelectionRequest request = Request(base_, git_.Commit("head"), {"base", "one", "plain", "far"});
  request.granularity = Granularity::kDiffedPackage;
  request.baseline_labels = {"base"};
  ASSERT_OK_AND_ASSIGN(const SelectionResult first, selector_->Select(request));
  ASSERT_OK_AND_ASSIGN(const SelectionResult again,
                       selector_->Replay(request, *first.selection->basis));
  EXPECT_EQ(again.selection->present_diff, first.selection->present_diff);
  request.baseline_labels = {"far"};
  ASSERT_OK_AND_ASSIGN(const SelectionResult other, selector_->Select(request));
  EXPECT_NE(other.selection->id, first.selection->id);
}

}  // namespace
}  // namespace testselect
