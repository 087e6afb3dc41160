// The comparison of a selection with a run, and the records of both.
#include "server/selection/evaluation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "absl/strings/str_cat.h"
#include "server/selection/confirmed_misses.h"
#include "server/selection/decision_log.h"
#include "server/selection/evaluation_log.h"
#include "server/selection/evaluator.h"
#include "server/selection/list_delta.h"
#include "server/selection/note_fields.h"
#include "storage/memory_index_store.h"
#include "storage/model/outcome.h"
#include "tests/support/status_matchers.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kId[] = "0123456789abcdef0123456789abcdef";

std::shared_ptr<const LabelList> ListOf(const std::vector<std::string>& labels) {
  const std::vector<absl::string_view> views(labels.begin(), labels.end());
  return *LabelList::FromStrings("labels", views);
}

ReportedOutcome Ended(absl::string_view label, Outcome outcome, double seconds = -1,
                      bool flaky = false) {
  LabelOutcome o;
  o.outcome = outcome;
  o.seconds = seconds;
  o.flaky = flaky;
  return {label, o};
}

DenseLabelSet Numbers(const std::vector<LabelNumber>& numbers) {
  DenseLabelSet set;
  for (const LabelNumber n : numbers) set.Add(n);
  return set;
}

// Labels a to e, of which a and b run.
class CompareTest : public ::testing::Test {
 protected:
  Evaluation After(const std::vector<std::vector<ReportedOutcome>>& reports) {
    run_ = RunOutcomes();
    for (const auto& report : reports) AddOutcomes(positions_, predicted_, report, &run_);
    return Compare(predicted_, job_, run_);
  }

  const std::shared_ptr<const LabelList> list_ = ListOf({"a", "b", "c", "d", "e"});
  const LabelPositions positions_{*list_};
  const DenseLabelSet predicted_ = Numbers({0, 1});
  JobEvidence job_;
  RunOutcomes run_;
};

TEST_F(CompareTest, AFailureThatWasLeftOutIsMissed) {
  const Evaluation e = After({{Ended("a", Outcome::kFailed), Ended("c", Outcome::kFailed),
                               Ended("d", Outcome::kError), Ended("e", Outcome::kPassed)}});
  EXPECT_THAT(e.missed.ToVector(), ElementsAre(2, 3));
  EXPECT_THAT(e.left_out.ToVector(), ElementsAre(4));
  EXPECT_EQ(e.summary.missed, 2u);
  EXPECT_EQ(e.summary.failed, 3u);
  EXPECT_EQ(e.summary.executed, 4u);
  EXPECT_EQ(e.summary.executed_predicted, 1u);
}

TEST_F(CompareTest, WhatPassesInAnyAttemptIsFlakyInPlaceOfMissed) {
  const std::vector<ReportedOutcome> first = {Ended("c", Outcome::kFailed)};
  const std::vector<ReportedOutcome> second = {Ended("c", Outcome::kPassed)};
  for (const auto& reports : {std::vector{first, second}, std::vector{second, first}}) {
    const Evaluation e = After(reports);
    EXPECT_TRUE(e.missed.Empty());
    EXPECT_THAT(e.flaky.ToVector(), ElementsAre(2));
    EXPECT_EQ(e.summary.failed, 0u);
  }
}

TEST_F(CompareTest, WhatTheReportOrTheHistoryCallsFlakyIsNotMissed) {
  job_.known_flaky = Numbers({3});
  const Evaluation e = After({{Ended("c", Outcome::kFailed, 1, /*flaky=*/true),
                               Ended("d", Outcome::kFailed), Ended("e", Outcome::kFailed)}});
  EXPECT_THAT(e.flaky.ToVector(), ElementsAre(2, 3));
  EXPECT_THAT(e.missed.ToVector(), ElementsAre(4));
}

TEST_F(CompareTest, SkippedAndExpectedFailuresAreNoFailures) {
  const Evaluation e = After({{Ended("c", Outcome::kSkipped), Ended("d", Outcome::kXfailed),
                               Ended("e", Outcome::kXpassed)}});
  EXPECT_TRUE(e.missed.Empty());
  EXPECT_EQ(e.summary.executed, 2u);
}

TEST_F(CompareTest, TheSameReportTwiceChangesNothing) {
  const std::vector<ReportedOutcome> report = {Ended("a", Outcome::kPassed, 2),
                                               Ended("c", Outcome::kFailed, 3),
                                               Ended("x", Outcome::kFailed, 3)};
  const Evaluation once = After({report});
  const Evaluation twice = After({report, report});
  EXPECT_EQ(once.summary, twice.summary);
  EXPECT_EQ(once.summary.saved_seconds, 3);
  EXPECT_EQ(once.summary.total_seconds, 5);
  EXPECT_EQ(once.summary.others_failed, 1u);
}

TEST_F(CompareTest, WhatDidNotRunHasTheDurationsOfTheEvidence) {
  job_.labels = Numbers({0, 1, 2, 3});
  job_.seconds = {10, -1, 20, 40, 80};
  const Evaluation e = After({{Ended("a", Outcome::kPassed, 1)}});
  EXPECT_EQ(e.summary.labels, 4u);
  EXPECT_EQ(e.summary.predicted, 2u);
  EXPECT_EQ(e.summary.saved_seconds, 60);
  EXPECT_EQ(e.summary.total_seconds, 61);
  EXPECT_THAT(e.not_run.ToVector(), ElementsAre(1));
}

TEST_F(CompareTest, PartsOfATestThatWasAskedAboutAreNoTestsOfTheirOwn) {
  After({{Ended("a/case", Outcome::kFailed), Ended("b[1]", Outcome::kPassed),
          Ended("new", Outcome::kPassed), Ended("unseen", Outcome::kSkipped)}});
  EXPECT_EQ(run_.others.size(), 1u);
  EXPECT_EQ(run_.others.count("new"), 1u);
}

TEST_F(CompareTest, OtherLabelsAreBounded) {
  std::vector<std::string> names;
  for (size_t i = 0; i <= RunOutcomes::kMaxOthers; ++i) names.push_back("x" + std::to_string(i));
  std::vector<ReportedOutcome> report;
  for (const std::string& name : names) report.push_back(Ended(name, Outcome::kPassed));
  After({report});
  EXPECT_EQ(run_.others.size(), RunOutcomes::kMaxOthers);
  EXPECT_FALSE(run_.others_complete);
}

Decision SampleDecision() {
  Decision d;
  d.request.repository = "app";
  d.request.base = *ObjectId::FromHex("base", std::string(40, 'b'));
  d.request.head = *ObjectId::FromHex("head", std::string(40, 'c'));
  d.request.jobs = {{"unit", {{"os", "linux"}}}};
  d.request.granularity = Granularity::kLine;
  d.request.unknown_change_selects_all = false;
  d.request.environment_digest = std::string("e\xff\0", 3);
  d.request.branch = "main";
  d.request.include_building = true;
  d.request.force_labels = {"x"};
  d.labels_requested = true;
  d.list = Digest::Of("list");
  d.labels = 5;
  d.answer.id = kId;
  d.answer.index.push_back(
      {d.request.jobs[0], d.request.base, 3, SegmentState::kSealed, 2, absl::FromUnixMicros(17)});
  d.answer.fallback = Fallback{FallbackCode::kRunAll, "Because."};
  d.answer.absent = BitsOfSet(Numbers({4}), 5);
  d.answer.present_diff = BitsOfSet(Numbers({0}), 5);
  d.answer.global_level = BitsOfSet(Numbers({0, 1, 2, 3}), 5);
  d.answer.present_report = BitsOfSet(Numbers({0, 1, 2, 3}), 5);
  d.answer.run_count = 5;
  d.answer.reasons[static_cast<size_t>(ReasonCode::kCoveredChange)] = 1;
  d.answer.run_seconds = 1.5;
  d.answer.total_seconds = 3.25;
  d.answer.shadow = Shadow{BitsOfSet(Numbers({1, 2}), 5), 3, 0.5};
  SelectionBasis basis;
  basis.segments = {Digest::Of("s1"), Digest::Of("s2")};
  basis.rule_file = d.request.base;
  basis.missed = {{"unit;os=linux", {"c", "d"}}};
  basis.failed = {{"unit;os=linux", {"a"}}};
  d.answer.basis = std::make_shared<const SelectionBasis>(basis);
  d.run_order = Digest::Of("order");
  d.created = absl::FromUnixMicros(1'700'000'000'000'001);
  d.server_version = "1.2.3";
  return d;
}

TEST(DecisionCodecTest, RoundTrip) {
  const Decision d = SampleDecision();
  const std::string note = EncodeDecision(d);
  ASSERT_OK_AND_ASSIGN(const Decision back, DecodeDecision(note));
  // Equal records of equal decisions: what is compared is every byte.
  EXPECT_EQ(EncodeDecision(back), note);
  EXPECT_EQ(back.request.jobs, d.request.jobs);
  EXPECT_EQ(*back.answer.basis, *d.answer.basis);
  EXPECT_EQ(back.answer.global_level, d.answer.global_level);
  EXPECT_EQ(back.created, d.created);
  EXPECT_THAT(Predicted(back).ToVector(), ElementsAre(0, 3, 4));
}

TEST(DecisionCodecTest, TheBaselineIsKept) {
  Decision d = SampleDecision();
  d.request.granularity = Granularity::kDiffedPackage;
  d.request.baseline_labels = {"TestBase", "other"};
  ASSERT_OK_AND_ASSIGN(const Decision back, DecodeDecision(EncodeDecision(d)));
  EXPECT_EQ(back.request.granularity, Granularity::kDiffedPackage);
  EXPECT_THAT(back.request.baseline_labels, ElementsAre("TestBase", "other"));
}

// Cuts and single changed bytes: an error, or another record that is well-formed, never a crash.
template <typename Decode, typename Encode>
void CheckEveryByte(const std::string& good, Decode decode, Encode encode) {
  for (size_t n = 0; n < good.size(); ++n) {
    EXPECT_THAT(decode(good.substr(0, n)), StatusIs(absl::StatusCode::kDataLoss)) << n;
    for (const char c : {'\0', '\x7f', '\xff'}) {
      std::string bad = good;
      if (bad[n] == c) continue;
      bad[n] = c;
      const auto decoded = decode(bad);
      if (!decoded.ok()) {
        EXPECT_THAT(decoded, StatusIs(absl::StatusCode::kDataLoss)) << n;
      } else {
        // What is read is what would be written: no byte goes unheeded.
        EXPECT_EQ(encode(*decoded), bad) << n;
      }
    }
  }
  EXPECT_THAT(decode(good + "x"), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(DecisionCodecTest, EveryByteIsChecked) {
  CheckEveryByte(EncodeDecision(SampleDecision()), DecodeDecision, EncodeDecision);
  CheckEveryByte(EncodeDecisionRow(RowOf(SampleDecision())), DecodeDecisionRow, EncodeDecisionRow);
}

TEST(EvaluationCodecTest, EveryByteIsChecked) {
  EvaluationRow row;
  row.decision = kId;
  row.job = {"unit", {{"os", "linux"}}};
  row.decided = absl::FromUnixMicros(5);
  row.evaluated = absl::FromUnixMicros(-7);
  row.summary.labels = 300;
  row.summary.missed = 2;
  row.summary.saved_seconds = 1.25;
  ASSERT_OK_AND_ASSIGN(const EvaluationRow back, DecodeEvaluationRow(EncodeEvaluationRow(row)));
  EXPECT_EQ(back, row);
  CheckEveryByte(EncodeEvaluationRow(row), DecodeEvaluationRow, EncodeEvaluationRow);
  RunOutcomes run;
  run.executed = Numbers({0, 1, 2});
  run.failed = Numbers({2});
  run.passed = Numbers({0, 1});
  run.unpredicted_seconds = 2;
  run.others = {{"x", true}, {"y", false}};
  CheckEveryByte(EncodeRunOutcomes(row.job, 5, run), DecodeRunOutcomes,
                 [](const JobOutcomes& o) { return EncodeRunOutcomes(o.job, o.labels, o.run); });
}

TEST(ConfirmedMissesTest, EveryByteIsChecked) {
  const ConfirmedMiss a{"a", kId, *ObjectId::FromHex("h", std::string(40, 'c')),
                        absl::FromUnixMicros(9)};
  ConfirmedMiss b = a;
  b.label = "b";
  CheckEveryByte(EncodeConfirmedMisses({"unit", {}}, {a, b}), DecodeConfirmedMisses,
                 [](const JobMisses& m) { return EncodeConfirmedMisses(m.job, m.misses); });
}

TEST(ConfirmedMissesTest, AreAddedOnceAndForgotten) {
  const auto store = NewMemoryIndexStore();
  const JobKey unit{"unit", {}}, slashed{"a/b", {}};
  const ConfirmedMiss miss{"t", kId, ObjectId(), absl::FromUnixMicros(9)};
  const uint64_t before = store->generation();
  EXPECT_THAT(AddConfirmedMisses(store.get(), "app", unit, {miss}), IsOkAndHolds(1u));
  EXPECT_NE(store->generation(), before) << "answers depend on it";
  EXPECT_THAT(AddConfirmedMisses(store.get(), "app", unit, {miss}), IsOkAndHolds(0u));
  EXPECT_THAT(AddConfirmedMisses(store.get(), "app/x", slashed, {miss}), IsOkAndHolds(1u));
  ASSERT_OK_AND_ASSIGN(const ConfirmedMisses all, ListConfirmedMisses(*store, "app"));
  ASSERT_EQ(all.size(), 1u) << "those of app/x are another repository's";
  EXPECT_THAT(all.at("unit"), ElementsAre(miss));
  EXPECT_THAT(ForgetConfirmedMisses(store.get(), "app", unit, "other"), IsOkAndHolds(0u));
  EXPECT_THAT(ForgetConfirmedMisses(store.get(), "app", unit, "t"), IsOkAndHolds(1u));
  EXPECT_THAT(*ListConfirmedMisses(*store, "app"), IsEmpty());
}

TEST(ConfirmedMissesTest, AJobsListAsItWasOnceWrittenIsReadAndForgottenLabelByLabel) {
  const auto store = NewMemoryIndexStore();
  const JobKey unit{"unit", {}};
  const ConfirmedMiss a{"a", kId, ObjectId(), absl::FromUnixMicros(9)};
  ConfirmedMiss b = a, c = a;
  b.label = "b";
  c.label = "c";
  const std::string key = absl::StrCat("miss/app/", Digest::Of(unit.ToString()).ToHex());
  ASSERT_THAT(store->PutNote(key, EncodeConfirmedMisses(unit, {a, b})), IsOk());
  EXPECT_THAT(AddConfirmedMisses(store.get(), "app", unit, {b, c}), IsOkAndHolds(1u));
  EXPECT_THAT(ListConfirmedMisses(*store, "app")->at("unit"), ElementsAre(a, b, c));
  EXPECT_THAT(ForgetConfirmedMisses(store.get(), "app", unit, "a"), IsOkAndHolds(1u));
  EXPECT_THAT(ListConfirmedMisses(*store, "app")->at("unit"), ElementsAre(b, c));
  EXPECT_THAT(ForgetConfirmedMisses(store.get(), "app", unit, ""), IsOkAndHolds(2u));
  EXPECT_THAT(*ListConfirmedMisses(*store, "app"), IsEmpty());
}

TEST(DecisionLogTest, KeepsTheNewestAndWhatTheyNeed) {
  const auto store = NewMemoryIndexStore();
  DecisionLog log(store.get());
  const auto shared = ListOf({"a", "b", "c", "d", "e"}), old = ListOf({"v", "w", "x", "y", "z"});
  for (int i = 0; i < 4; ++i) {
    Decision d = SampleDecision();
    d.answer.id[0] = static_cast<char>('0' + i);
    d.created += absl::Seconds(i);
    const auto& list = i == 0 ? old : shared;
    d.list = list->digest();
    ASSERT_THAT(log.Put(d, list), IsOk());
  }
  EXPECT_THAT(log.Prune("app", {.newest = 4}), IsOkAndHolds(0u));
  const DecisionLimits later{.since = SampleDecision().created + absl::Seconds(1)};
  EXPECT_THAT(log.Prune("app", later, /*dry_run=*/true), IsOkAndHolds(1u));
  EXPECT_THAT(log.Prune("app", later), IsOkAndHolds(1u));
  EXPECT_THAT(log.Prune("app", {.newest = 2}), IsOkAndHolds(1u));
  ASSERT_OK_AND_ASSIGN(const auto rows, log.List("app"));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].id[0], '3');
  EXPECT_EQ(rows[1].id[0], '2');
  EXPECT_THAT(log.FindList("app", old->digest()), StatusIs(absl::StatusCode::kNotFound));
  ASSERT_OK_AND_ASSIGN(const auto list, log.FindList("app", shared->digest()));
  EXPECT_EQ((*list)[4], "e");
  EXPECT_EQ(store->NotesWithPrefix("")->size(), 5u) << "two decisions, two rows, one list";
}

std::vector<std::string> Suite(int labels) {
  std::vector<std::string> suite;
  for (int i = 0; i < labels; ++i) suite.push_back(absl::StrCat("tests/test_a.py::test_", i));
  return suite;
}

TEST(DecisionLogTest, ListsThatDifferLittleAreKeptAsWhatDiffers) {
  const auto store = NewMemoryIndexStore();
  DecisionLog log(store.get());
  std::vector<std::string> labels = Suite(1000);
  const auto first = ListOf(labels);
  labels.erase(labels.begin() + 500, labels.begin() + 510);
  labels.insert(labels.begin() + 300, "new");
  labels.back() = "renamed";
  const auto second = ListOf(labels);
  for (const auto& list : {first, second}) {
    Decision d = SampleDecision();
    d.answer.id[0] = list == first ? '0' : '1';
    d.created += list == first ? absl::ZeroDuration() : absl::Seconds(1);
    d.list = list->digest();
    ASSERT_THAT(log.Put(d, list), IsOk());
  }
  ASSERT_OK_AND_ASSIGN(const std::string note,
                       store->GetNote(DecisionLists::Key("app", second->digest())));
  EXPECT_LT(note.size(), 100u);
  ASSERT_OK_AND_ASSIGN(const auto back, DecisionLog(store.get()).FindList("app", second->digest()));
  EXPECT_EQ(back->packed(), second->packed());
  // What the second needs stays when the first decision goes, and goes with it.
  EXPECT_THAT(log.Prune("app", {.newest = 1}), IsOkAndHolds(1u));
  EXPECT_THAT(log.FindList("app", second->digest()), IsOk());
  EXPECT_THAT(log.Prune("app", {.newest = 0}), IsOkAndHolds(1u));
  EXPECT_EQ(store->NotesWithPrefix("")->size(), 0u);
}

TEST(ListDeltaTest, GivesBackWhatItWasMadeOf) {
  std::mt19937 random(7);
  const std::vector<std::string> base = Suite(300);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> labels = base;
    for (uint32_t changes = random() % 20; changes > 0 && !labels.empty(); --changes) {
      const auto at = labels.begin() + static_cast<ptrdiff_t>(random() % labels.size());
      switch (random() % 4) {
        case 0:
          labels.erase(at, std::min(at + static_cast<ptrdiff_t>(random() % 100), labels.end()));
          break;
        case 1:
          labels.insert(at, absl::StrCat("new ", random() % 50));
          break;
        case 2:
          *at = "other";
          break;
        default:
          std::swap(*at, labels.front());
      }
    }
    const auto from = ListOf(base), to = ListOf(labels);
    const auto delta = EncodeListDelta(*from, *to);
    if (!delta.has_value()) continue;
    ASSERT_OK_AND_ASSIGN(const auto back, DecodeListDelta(*from, *delta));
    EXPECT_EQ(back->packed(), to->packed());
    for (size_t cut = 0; cut < delta->size(); ++cut) {  // another list, or refused
      const auto part = DecodeListDelta(*from, delta->substr(0, cut));
      EXPECT_FALSE(part.ok() && (*part)->digest() == to->digest());
    }
  }
  EXPECT_FALSE(EncodeListDelta(*ListOf(base), *ListOf({"x", "y"})).has_value());
}

TEST(DecisionLogTest, ListsOfLabelsWithLineFeedsAreKeptToo) {
  const auto list = ListOf({"a\nb", "c"});
  const std::string note = EncodeLabelList(*list);
  ASSERT_OK_AND_ASSIGN(const auto back, DecodeLabelList(note, list->digest()));
  EXPECT_EQ((*back)[0], "a\nb");
  EXPECT_THAT(DecodeLabelList(note, Digest::Of("other")), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace testselect
