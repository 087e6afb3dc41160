// Histories through uploads: counted once, bounded, durable, and what they do to selections.
#include "server/selection/test_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "absl/strings/str_cat.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/selection/selection_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

const JobKey kUnit{"unit", {}};

class TestHistoryTest : public SelectionTest {
 protected:
  TestHistoryTest() {
    git_.Write("lib.f90", "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
    base_ = git_.Commit("base");
    git_.Write("other.txt", "1");
    next_ = git_.Commit("next");
    git_.Write("other.txt", "2");
    last_ = git_.Commit("last");
    git_.Write("lib.f90", "1\nx\n3\n4\n5\n6\n7\n8\n9\n");
    head_ = git_.Commit("head");
  }

  // Of changes that no evidence explains, nothing runs: what does is the histories' doing.
  SelectionRequest Request(const ObjectId& base, const ObjectId& head,
                           const std::vector<std::string>& labels = {}) {
    SelectionRequest request = SelectionTest::Request(base, head, labels);
    request.unknown_change_selects_all = false;
    return request;
  }

  // An upload of labels of which each executes its own line of lib.f90.
  UploadSpec Spec(const ObjectId& commit, const std::map<std::string, LabelOutcome>& outcomes) {
    UploadSpec spec{.commit = commit, .outcomes = outcomes};
    uint32_t line = 1;
    for (const auto& [label, outcome] : outcomes) {
      spec.executed.push_back({label, "lib.f90", {line}});
      line = line % 9 + 1;
    }
    return spec;
  }

  std::shared_ptr<const JobHistory> History(const JobKey& job = kUnit) {
    const auto history = history_->Of("app", job);
    EXPECT_TRUE(history.ok()) << history.status();
    return *history;
  }
  const LabelHistory& Of(const std::string& label) {
    kept_ = History();
    const LabelHistory* found = kept_->Find(label);
    static const LabelHistory& none = *new LabelHistory();
    EXPECT_NE(found, nullptr) << label;
    return found == nullptr ? none : *found;
  }
  std::vector<std::pair<std::string, std::string>> Notes() {
    auto notes = store_->NotesWithPrefix("history/");
    EXPECT_TRUE(notes.ok()) << notes.status();
    return *std::move(notes);
  }
  // As after a new start of the process.
  void Restart() { history_ = std::make_unique<TestHistory>(store_.get()); }

  ObjectId base_, next_, last_, head_;
  std::shared_ptr<const JobHistory> kept_;
};

TEST_F(TestHistoryTest, AnUploadCountsOnceHoweverOftenItIsSent) {
  const UploadSpec spec = Spec(base_, {{"a", {Outcome::kPassed, 2}}, {"b", {Outcome::kFailed, 3}}});
  for (int i = 0; i < 3; ++i) {
    Upload(spec);
    EXPECT_EQ(Of("a").runs, 1u);
    EXPECT_EQ(Of("b").failures, 1u);
    Restart();
  }
  EXPECT_EQ(Of("b").runs, 1u);
  EXPECT_TRUE(Of("b").failed);
  EXPECT_EQ(History()->size(), 2u);
}

TEST_F(TestHistoryTest, JobsAndFlavorsHaveHistoriesOfTheirOwn) {
  UploadSpec spec = Spec(base_, {{"a", {Outcome::kPassed, 2}}});
  Upload(spec);
  spec.flavor = {{"os", "linux"}};
  spec.outcomes["a"] = {Outcome::kFailed, 9};
  Upload(spec);
  EXPECT_EQ(History()->Find("a")->failures, 0u);
  EXPECT_EQ(History({"unit", {{"os", "linux"}}})->Find("a")->failures, 1u);
  EXPECT_EQ(History({"e2e", {}})->size(), 0u);
}

TEST_F(TestHistoryTest, ALabelWithBothOutcomesAtOneTreeIsKnownToBeFlaky) {
  UploadSpec spec = Spec(base_, {{"a", {Outcome::kFailed, 1}}, {"b", {Outcome::kFailed, 1}}});
  Upload(spec);
  EXPECT_FALSE(history_->IsKnownFlaky("app", kUnit, "a"));
  spec.attempt = 2;
  spec.outcomes["a"] = {Outcome::kPassed, 1};
  Upload(spec);
  EXPECT_TRUE(history_->IsKnownFlaky("app", kUnit, "a"));
  EXPECT_FALSE(history_->IsKnownFlaky("app", kUnit, "b"));
  EXPECT_FALSE(history_->IsKnownFlaky("app", {"e2e", {}}, "a"));
  const auto s = Select(Request(base_, head_));
  EXPECT_THAT(Names(*s, s->known_flaky), IsEmpty());  // only b, which failed last, runs
  SelectionRequest request = Request(base_, head_);
  request.run_all = true;
  const auto all = Select(request);
  EXPECT_THAT(Names(*all, all->known_flaky), ElementsAre("a"));
}

TEST_F(TestHistoryTest, LabelsThatNoFullRunSeesAnyMoreLeave) {
  Upload(Spec(base_, {{"stays", {Outcome::kPassed, 1}}, {"goes", {Outcome::kPassed, 1}}}));
  UploadSpec spec = Spec(next_, {{"stays", {Outcome::kPassed, 1}}});
  for (spec.attempt = 1; spec.attempt <= JobHistory::kFullRunsKept; ++spec.attempt) {
    EXPECT_EQ(History()->size(), 2u) << spec.attempt;
    Upload(spec);
  }
  EXPECT_EQ(History()->size(), 1u);
  EXPECT_NE(History()->Find("stays"), nullptr);
  Restart();
  EXPECT_EQ(History()->size(), 1u);
}

TEST_F(TestHistoryTest, ShardsOfOneRunAreOneRun) {
  Upload(Spec(base_, {{"goes", {Outcome::kPassed, 1}}}));
  UploadSpec spec = Spec(next_, {{"stays", {Outcome::kPassed, 1}}});
  spec.shards = 10;
  for (spec.attempt = 1; spec.attempt <= 10; ++spec.attempt) {
    for (spec.shard = 0; spec.shard < spec.shards; ++spec.shard) Upload(spec);
  }
  EXPECT_EQ(History()->size(), 2u);
}

TEST_F(TestHistoryTest, ASmallUploadRewritesLittle) {
  std::map<std::string, LabelOutcome> all;
  for (int i = 0; i < 2000; ++i) all[absl::StrCat("t", i)] = {Outcome::kPassed, 1};
  Upload(Spec(base_, all));
  std::map<std::string, std::string> before;
  for (const auto& [key, value] : Notes()) before[key] = value;
  UploadSpec spec = Spec(next_, {{"t7", {Outcome::kPassed, 2}}, {"t8", {Outcome::kFailed, 2}}});
  spec.completeness = Completeness::kSubset;
  Upload(spec);
  size_t changed = 0, bytes = 0, total = 0;
  for (const auto& [key, value] : Notes()) {
    total += value.size();
    if (before[key] == value) continue;
    ++changed;
    bytes += value.size();
  }
  EXPECT_LE(changed, 3u);  // two buckets and the head
  EXPECT_LT(bytes * 10, total);
  Restart();
  EXPECT_EQ(History()->size(), 2000u);
  EXPECT_EQ(Of("t8").failures, 1u);
}

TEST_F(TestHistoryTest, ADamagedRecordMakesItsLabelsRunUntilAFullRun) {
  Upload(Spec(base_, {{"a", {Outcome::kPassed, 1}}, {"b", {Outcome::kFailed, 1}}}));
  UploadSpec spec = Spec(next_, {{"a", {}}, {"b", {}}});
  spec.outcomes.clear();
  Upload(spec);
  EXPECT_THAT(Run(*Select(Request(next_, last_, {"a", "b"}))), ElementsAre("b"));
  for (const auto& [key, value] : Notes()) {
    if (key.back() == 'h') continue;
    ASSERT_TRUE(store_->PutNote(key, value.substr(0, value.size() - 1)).ok());
  }
  Restart();
  SelectorOptions options;
  options.history = history_.get();
  selector_ = NewSelector(store_.get(), repositories_.get(), options);
  const auto s = Select(Request(next_, last_, {"a", "b"}));
  EXPECT_THAT(Run(*s), ElementsAre("a", "b"));
  EXPECT_EQ(Reason(*s, ReasonCode::kDataLoss), 2u);
  UploadSpec part = Spec(next_, {{"a", {Outcome::kPassed, 1}}});
  part.completeness = Completeness::kSubset;
  part.job = "unit";
  Upload(part);
  EXPECT_TRUE(History()->IsDamaged("b"));
  Upload(Spec(last_, {{"a", {Outcome::kPassed, 1}}, {"b", {Outcome::kPassed, 1}}}));
  EXPECT_FALSE(History()->AnyDamaged());
  EXPECT_EQ(Of("b").runs, 1u);
}

TEST_F(TestHistoryTest, WhatFailsOftenPerSecondRunsFirst) {
  std::map<std::string, LabelOutcome> outcomes;
  UploadSpec spec = Spec(base_, {{"never", {Outcome::kPassed, 1}},
                                 {"often", {Outcome::kPassed, 1}},
                                 {"often but slow", {Outcome::kPassed, 100}},
                                 {"slow", {Outcome::kPassed, 9}}});
  for (spec.attempt = 1; spec.attempt <= 8; ++spec.attempt) {
    const bool fails = spec.attempt % 2 == 1;
    for (const char* label : {"often", "often but slow"}) {
      spec.outcomes[label].outcome = fails ? Outcome::kFailed : Outcome::kPassed;
    }
    Upload(spec);
  }
  SelectionRequest request = Request(base_, head_, {"slow", "often but slow", "never", "often"});
  request.run_all = true;
  EXPECT_THAT(Run(*Select(request)), ElementsAre("often", "never", "often but slow", "slow"));
}

TEST_F(TestHistoryTest, OneSlowRunDoesNotMakeALabelSlow) {
  UploadSpec spec = Spec(base_, {{"a", {Outcome::kPassed, 1}}, {"b", {Outcome::kPassed, 2}}});
  for (spec.attempt = 1; spec.attempt <= 5; ++spec.attempt) Upload(spec);
  spec.outcomes["a"].seconds = 600;
  Upload(spec);
  SelectionRequest request = Request(base_, head_);
  request.run_all = true;
  const auto s = Select(request);
  EXPECT_THAT(Run(*s), ElementsAre("a", "b"));
  EXPECT_DOUBLE_EQ(s->total_seconds, 3);
}

TEST_F(TestHistoryTest, TheIdOfASelectionDoesNotChangeWithTheHistory) {
  Upload(Spec(base_, {{"a", {Outcome::kPassed, 1}}, {"b", {Outcome::kPassed, 2}}}));
  SelectionRequest request = Request(base_, head_, {"a", "b"});
  request.run_all = true;
  const std::string id = Select(request)->id;
  UploadSpec branch = Spec(head_, {{"b", {Outcome::kFailed, 2}}});
  branch.completeness = Completeness::kSubset;
  Upload(branch);
  const auto after = Select(request);
  EXPECT_EQ(after->id, id);
  EXPECT_THAT(Run(*after), ElementsAre("b", "a"));  // failed last, be it elsewhere
}

// Design: failed tests run until they pass. A chain of evidence ends at the nearest full upload.
TEST_F(TestHistoryTest, AFailureLastsThroughAFullUploadWithoutOutcomes) {
  Upload(Spec(base_, {{"a", {Outcome::kFailed, 1}}, {"b", {Outcome::kPassed, 1}}}));
  UploadSpec spec = Spec(next_, {{"a", {}}, {"b", {}}});
  spec.outcomes.clear();
  Upload(spec);
  const auto s = Select(Request(next_, last_, {"a", "b"}));
  EXPECT_THAT(Run(*s), ElementsAre("a"));
  EXPECT_EQ(Reason(*s, ReasonCode::kLastFailed), 1u);
  auto explained = selector_->Explain(Request(next_, last_), "a");
  ASSERT_TRUE(explained.ok());
  EXPECT_TRUE(explained->selected);
}

TEST_F(TestHistoryTest, AFailureLastsThroughASkip) {
  Upload(Spec(base_, {{"a", {Outcome::kFailed, 1}}}));
  UploadSpec spec = Spec(next_, {{"a", {Outcome::kSkipped, 0}}});
  Upload(spec);
  const auto s = Select(Request(next_, last_, {"a"}));
  EXPECT_EQ(Reason(*s, ReasonCode::kLastFailed), 1u);
  spec.completeness = Completeness::kSubset;
  Upload(Spec(base_, {{"a", {Outcome::kFailed, 1}}}));
}

// Any uploads in any order: what failed in some job's evidence or was not seen to pass since runs.
TEST_F(TestHistoryTest, AFailingLabelStaysSelectedUntilItPasses) {
  const std::vector<std::string> labels = {"a", "b", "c", "d"};
  for (uint32_t seed = 0; seed < 30; ++seed) {
    std::mt19937 random(seed);
    const std::string job = absl::StrCat("job", seed);
    std::map<std::string, bool> failed;
    std::vector<ObjectId> commits = {base_};
    for (int step = 0; step < 8; ++step) {
      git_.Write("other.txt", absl::StrCat(seed, " ", step));
      commits.push_back(git_.Commit("step"));
      UploadSpec spec{.commit = commits.back(), .job = job};
      const bool full = step == 0 || random() % 3 == 0;
      spec.completeness = full ? Completeness::kFull : Completeness::kSubset;
      const bool with_outcomes = random() % 3 != 0;
      for (uint32_t i = 0; i < labels.size(); ++i) {
        if (!full && random() % 2 == 0) continue;
        spec.executed.push_back({labels[i], "lib.f90", {i + 5}});
        if (!with_outcomes) continue;
        const auto outcome = static_cast<Outcome>(1 + random() % 4);  // passed to skipped
        spec.outcomes[labels[i]] = {outcome, 1};
        if (IsDecided(outcome)) failed[labels[i]] = MustRerun(outcome);
      }
      if (spec.executed.empty()) continue;
      Upload(spec);
      if (random() % 4 == 0) {
        Restart();
        SelectorOptions options;
        options.history = history_.get();
        selector_ = NewSelector(store_.get(), repositories_.get(), options);
      }
      SelectionRequest request = Request(commits.back(), head_, labels);
      request.jobs = {{job, {}}};
      const auto s = Select(request);
      const std::vector<std::string> run = Run(*s);
      for (const auto& [label, has_failed] : failed) {
        if (!has_failed) continue;
        EXPECT_THAT(run, ::testing::Contains(label)) << "seed " << seed << " step " << step;
      }
    }
  }
}

TEST_F(TestHistoryTest, ShardsAndBudgetPartitionTheRunList) {
  for (uint32_t seed = 0; seed < 40; ++seed) {
    std::mt19937 random(seed);
    std::map<std::string, LabelOutcome> outcomes;
    for (uint32_t i = 0; i < 1 + random() % 40; ++i) {
      const double seconds = random() % 4 == 0 ? -1 : static_cast<double>(random() % 50);
      outcomes[absl::StrCat("t", i)] = {random() % 5 == 0 ? Outcome::kFailed : Outcome::kPassed,
                                        seconds};
    }
    UploadSpec spec = Spec(base_, outcomes);
    spec.job = absl::StrCat("job", seed);
    Upload(spec);
    SelectionRequest request = Request(base_, head_);
    request.jobs = {{spec.job, {}}};
    request.run_all = random() % 2 == 0;
    const auto whole = Select(request);
    request.shard_count = 1 + random() % 5;
    request.budget_seconds = random() % 3 == 0 ? 0 : static_cast<double>(1 + random() % 60);
    std::multiset<uint32_t> seen;
    for (request.shard_index = 0; request.shard_index < request.shard_count;
         ++request.shard_index) {
      const auto result = selector_->Select(request);
      ASSERT_TRUE(result.ok()) << result.status();
      EXPECT_EQ(result->selection->id, whole->id);
      if (!result->part.has_value()) {
        seen.insert(whole->run.begin(), whole->run.end());
        continue;
      }
      const RunPart& part = *result->part;
      seen.insert(part.run.begin(), part.run.end());
      size_t elsewhere = 0, at = 0;
      for (const uint32_t position : whole->run) {
        const auto is_in = [&](const std::string& bits) {
          return !bits.empty() && (bits[position / 8] >> (position % 8) & 1) != 0;
        };
        if (is_in(part.over_budget)) seen.insert(position);
        elsewhere += is_in(part.over_budget) + is_in(part.other_shards);
        // The order is that of the whole list.
        if (at < part.run.size() && part.run[at] == position) ++at;
      }
      EXPECT_EQ(at, part.run.size());
      EXPECT_EQ(part.run.size() + elsewhere, whole->run.size());
    }
    EXPECT_EQ(seen, std::multiset<uint32_t>(whole->run.begin(), whole->run.end())) << seed;
  }
}

TEST_F(TestHistoryTest, ShardsStayWhileOutcomesArrive) {
  std::map<std::string, LabelOutcome> outcomes;
  for (int i = 0; i < 20; ++i) outcomes[absl::StrCat("t", i)] = {Outcome::kPassed, 1.0 * i};
  Upload(Spec(base_, outcomes));
  SelectionRequest request = Request(base_, head_);
  request.run_all = true;
  request.shard_count = 2;
  std::multiset<uint32_t> seen;
  for (request.shard_index = 0; request.shard_index < 2; ++request.shard_index) {
    const auto result = selector_->Select(request);
    ASSERT_TRUE(result.ok());
    seen.insert(result->part->run.begin(), result->part->run.end());
    // The first shard is done and tells other durations before the second one asks.
    UploadSpec spec = Spec(head_, outcomes);
    spec.completeness = Completeness::kSubset;
    for (auto& [label, outcome] : spec.outcomes) outcome.seconds = 100 - outcome.seconds;
    Upload(spec);
  }
  EXPECT_EQ(seen.size(), 20u);
  EXPECT_EQ(std::set<uint32_t>(seen.begin(), seen.end()).size(), 20u);
}

TEST_F(TestHistoryTest, ALabelMayRunInOneJobAndBeSkippedInAnother) {
  UploadSpec one{.commit = last_,
                 .executed = {{"both", "lib.f90", {2}}, {"one", "lib.f90", {2}}},
                 .job = "one"};
  UploadSpec two{.commit = last_,
                 .executed = {{"both", "lib.f90", {9}}, {"two", "lib.f90", {9}}, {"more", "lib.f90", {2}}},
                 .job = "two"};
  Upload(one);
  Upload(two);
  two.flavor = {{"os", "x"}};
  Upload(two);
  SelectionRequest request = Request(last_, head_, {"both", "one", "two", "new"});
  request.per_job = true;
  const auto result = selector_->Select(request);
  ASSERT_TRUE(result.ok()) << result.status();
  std::map<std::string, std::string> run;
  for (const JobSelection& job : result->jobs) {
    const Selection& s = *job.selection;
    for (size_t i = 0; i < result->labels->size(); ++i) {
      const auto bit = [&](const std::string& bits) { return (bits[i / 8] >> (i % 8) & 1) != 0; };
      if (!bit(s.present_report)) continue;
      run[job.job.ToString()] += bit(s.present_diff) || bit(s.global_level) ? "+" : "-";
      absl::StrAppend(&run[job.job.ToString()], (*result->labels)[i], " ");
    }
  }
  EXPECT_THAT(run, UnorderedElementsAre(::testing::Pair("one", "+both +one "),
                                        ::testing::Pair("two", "-both -two "),
                                        ::testing::Pair("two;os=x", "-both -two ")));
}

}  // namespace
}  // namespace testselect
