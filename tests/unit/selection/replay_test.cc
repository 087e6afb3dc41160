// Decisions of a real selector: recorded, judged, made again.
#include "server/selection/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/selection/evaluator.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/selection/selection_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// lib.f90 has a line of its own for each of "one" and "two"; head changes that of "one".
class ReplayTest : public SelectionTest {
 protected:
  ReplayTest() : log_(store_.get()), evaluator_(store_.get(), repositories_.get()) {
    git_.Write("lib.f90", "1\n2\n");
    base_ = git_.Commit("base");
    git_.Write("lib.f90", "one\n2\n");
    git_.Write(".testselect.yml", "harmless: [.testselect.yml]\non_miss: always_run\n");
    head_ = git_.Commit("head");
    spec_.commit = base_;
    spec_.executed = {{"one", "lib.f90", {1}}, {"two", "lib.f90", {2}}};
    const LabelOutcome passed{Outcome::kPassed, 2};
    spec_.outcomes = {{"one", passed}, {"two", passed}};
    segment_ = Upload(spec_);
  }

  std::string Record(const SelectionRequest& request) {
    const auto result = selector_->Select(request);
    EXPECT_THAT(result, IsOk());
    const Decision decision = MakeDecision(request, *result, absl::Now(), "1");
    EXPECT_THAT(log_.Put(decision, result->labels), IsOk());
    return decision.id();
  }
  ReplayReport Replay(const std::string& id) {
    const ReplayInputs inputs{selector_.get(), store_.get(), repositories_.get(), "1"};
    auto report = ReplayDecision(inputs, log_, "app", id);
    EXPECT_THAT(report, IsOk());
    return report.ok() ? *report : ReplayReport();
  }
  JudgedDecision Judge(const std::string& id, const std::vector<ReportedOutcome>& report) {
    auto judged = evaluator_.ReportOf("app", id, {"unit", {}}, report, absl::Now());
    EXPECT_THAT(judged, IsOk());
    return judged.ok() ? *std::move(judged) : JudgedDecision();
  }

  static ReportedOutcome Failed(absl::string_view label) {
    return {label, LabelOutcome{Outcome::kFailed, 1}};
  }

  DecisionLog log_;
  Evaluator evaluator_;
  ObjectId base_, head_;
  UploadSpec spec_;
  SegmentInfo segment_;
};

TEST_F(ReplayTest, TheSameInputsGiveTheSameAnswer) {
  for (const auto& labels : {std::vector<std::string>(), {"one", "two", "new"}}) {
    const std::string id = Record(Request(base_, head_, labels));
    const ReplayReport report = Replay(id);
    EXPECT_THAT(report.gone, IsEmpty());
    EXPECT_THAT(report.differences, IsEmpty());
    EXPECT_THAT(report.notes, IsEmpty());
  }
}

TEST_F(ReplayTest, EvidenceThatCameSinceChangesNothingAndIsTold) {
  const std::string id = Record(Request(base_, head_, {"one", "two"}));
  spec_.executed[0].lines = {1, 2};
  spec_.executed[1].lines = {1, 2};
  spec_.attempt = 2;  // supersedes the first
  Upload(spec_);
  const ReplayReport report = Replay(id);
  EXPECT_THAT(report.gone, IsEmpty());
  EXPECT_THAT(report.differences, IsEmpty());
  ASSERT_THAT(report.notes, ElementsAre(HasSubstr("the index has changed since")));
  EXPECT_THAT(report.notes[0], HasSubstr("runs 2 labels (then 1)"));
}

TEST_F(ReplayTest, FailuresThatTheHistoryKnewAreAmongTheInputs) {
  spec_.outcomes["two"] = {Outcome::kFailed, 2};
  Upload(spec_);
  spec_.attempt = 2;  // takes the place of the first, and does not tell how it ended
  spec_.outcomes.clear();
  Upload(spec_);
  const std::string id = Record(Request(base_, head_, {"one", "two"}));
  EXPECT_EQ(BitsOfSet(Predicted(*log_.Find("app", id)), 2), std::string(1, '\3'));
  // It passes elsewhere, so that today's history does not know the failure.
  UploadSpec passed = spec_;
  passed.commit = head_;
  passed.outcomes = {{"two", {Outcome::kPassed, 2}}};
  Upload(passed);
  EXPECT_THAT(Replay(id).differences, IsEmpty());
}

TEST_F(ReplayTest, DeletedEvidenceIsNamedAndSoIsWhatDiffers) {
  const std::string id = Record(Request(base_, head_, {"one", "two"}));
  ASSERT_THAT(store_->Delete("app", base_, std::nullopt), IsOkAndHolds(1u));
  const ReplayReport report = Replay(id);
  EXPECT_THAT(report.gone, ElementsAre("the segment " + segment_.id.ToHex() + " (deleted)"));
  EXPECT_THAT(report.differences, ::testing::Contains(HasSubstr("NO_INDEX")));
  EXPECT_THAT(report.more, ElementsAre("two"));
}

TEST_F(ReplayTest, UnknownDecisionsAreNotFound) {
  const ReplayInputs inputs{selector_.get(), store_.get(), repositories_.get(), "1"};
  for (const std::string& id : {std::string(32, '0'), std::string("../x"), std::string()}) {
    EXPECT_THAT(ReplayDecision(inputs, log_, "app", id), StatusIs(absl::StatusCode::kNotFound));
  }
}

TEST_F(ReplayTest, AMissedFailureRunsAlwaysFromThenOn) {
  const SelectionRequest request = Request(base_, head_, {"one", "two"});
  const std::string id = Record(request);
  EXPECT_THAT(Run(*Select(request)), ElementsAre("one"));
  const JudgedDecision judged = Judge(id, {Failed("two")});
  EXPECT_THAT(NamesOf(judged.evaluation.missed, *judged.list, 10), ElementsAre("two"));
  EXPECT_THAT(judged.confirmed, ElementsAre("two"));
  EXPECT_EQ(judged.newly_confirmed, 1u);

  const auto after = Select(request);
  EXPECT_THAT(Names(*after, after->global_level), ElementsAre("two"));
  EXPECT_EQ(Reason(*after, ReasonCode::kConfirmedMiss), 1u);
  EXPECT_NE(after->id, id) << "another answer has another name";
  const auto why = selector_->Explain(request, "two");
  ASSERT_THAT(why, IsOk());
  EXPECT_THAT(why->evidence[0].message, HasSubstr("left it out once"));
  // The old decision is made again without it, the new one with it.
  EXPECT_THAT(Replay(id).differences, IsEmpty());
  EXPECT_THAT(Replay(Record(request)).differences, IsEmpty());

  ASSERT_THAT(evaluator_.Forget("app", {"unit", {}}, "two"), IsOkAndHolds(1u));
  EXPECT_THAT(Run(*Select(request)), ElementsAre("one"));
}

TEST_F(ReplayTest, WithoutThePolicyAMissIsReportedOnly) {
  git_.Write(".testselect.yml", "harmless: [.testselect.yml]\n");
  const SelectionRequest request = Request(base_, git_.Commit("no policy"), {"one", "two"});
  const JudgedDecision judged = Judge(Record(request), {Failed("two")});
  EXPECT_EQ(judged.evaluation.summary.missed, 1u);
  EXPECT_THAT(judged.confirmed, IsEmpty());
  EXPECT_THAT(Run(*Select(request)), ElementsAre("one"));
}

TEST_F(ReplayTest, ReportsOfShardsAddUpAndAreRecalled) {
  const std::string id = Record(Request(base_, head_, {"one", "two"}));
  const LabelOutcome passed{Outcome::kPassed, 3};
  Judge(id, {{"one", passed}});
  EXPECT_EQ(Judge(id, {{"two", passed}}).evaluation.summary.executed, 2u);
  const auto recalled = evaluator_.Recall("app", id, nullptr);
  ASSERT_THAT(recalled, IsOk());
  ASSERT_EQ(recalled->size(), 1u);
  const EvaluationSummary& summary = (*recalled)[0].evaluation.summary;
  EXPECT_EQ(summary.executed, 2u);
  EXPECT_EQ(summary.predicted, 1u);
  EXPECT_EQ(summary.saved_seconds, 3);
  EXPECT_EQ(summary.total_seconds, 6);
  const JobKey other{"e2e", {}};
  EXPECT_THAT(evaluator_.Recall("app", id, &other), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ReplayTest, WhatTheEvidenceKnewAsFlakyIsNotMissed) {
  spec_.outcomes["two"].flaky = true;
  spec_.attempt = 2;
  Upload(spec_);
  const std::string id = Record(Request(base_, head_, {"one", "two"}));
  const JudgedDecision judged = Judge(id, {Failed("two")});
  EXPECT_EQ(judged.evaluation.summary.missed, 0u);
  EXPECT_EQ(judged.evaluation.summary.flaky, 1u);
}

TEST_F(ReplayTest, OnlyDecisionsAboutTheJobAreJudged) {
  SelectionRequest request = Request(base_, head_, {"one", "two"});
  request.jobs = {{"unit", {}}};
  const std::string id = Record(request);
  EXPECT_THAT(evaluator_.ReportOf("app", id, {"e2e", {}}, {Failed("two")}, absl::Now()),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  const auto none = evaluator_.Report("app", head_, {"e2e", {}}, {Failed("two")}, absl::Now());
  ASSERT_THAT(none, IsOk());
  EXPECT_THAT(*none, IsEmpty());
  // A job without a flavor stands for all of its flavors.
  const auto one =
      evaluator_.Report("app", head_, {"unit", {{"os", "x"}}}, {Failed("two")}, absl::Now());
  ASSERT_THAT(one, IsOk());
  EXPECT_EQ(one->size(), 1u);
}

TEST_F(ReplayTest, AShadowIsJudgedByWhatItWouldHaveLeftOut) {
  git_.Write(".testselect.yml",
             "harmless: [.testselect.yml]\nbranches: {next: shadow, '*': select}\n");
  SelectionRequest request = Request(base_, git_.Commit("shadow"), {"one", "two"});
  request.branch = "next";
  const std::string id = Record(request);
  EXPECT_EQ(Select(request)->run_count, 2u);
  const JudgedDecision judged = Judge(id, {Failed("two"), Failed("one")});
  EXPECT_EQ(judged.evaluation.summary.predicted, 1u);
  EXPECT_THAT(NamesOf(judged.evaluation.missed, *judged.list, 10), ElementsAre("two"));
  EXPECT_THAT(Replay(id).differences, IsEmpty());
}

TEST_F(ReplayTest, FallbacksHaveNamesOfTheirOwn) {
  SelectionRequest request = Request(base_, head_, {"one", "two"});
  const std::string good = Record(request);
  request.deadline = absl::InfinitePast();
  git_.Write("lib.f90", "one\ntwo\n");
  request.head = git_.Commit("other");
  const auto late = selector_->Select(request);
  ASSERT_THAT(late, IsOk());
  request.deadline = absl::InfiniteFuture();
  const auto timely = selector_->Select(request);
  ASSERT_THAT(timely, IsOk());
  ASSERT_EQ(late->selection->fallback->code, FallbackCode::kDeadline);
  EXPECT_NE(late->selection->id, timely->selection->id);
}

}  // namespace
}  // namespace testselect
