// What stays in the index and what may go: selections from what is wanted stay what they were.
#include "server/selection/retention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "server/git/open_repository.h"
#include "server/selection/anchored_walks.h"
#include "storage/memory_index_store.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/selection/selection_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

// Uploads of small commits, each a day after the one before.
class RetentionTest : public SelectionTest {
 protected:
  ObjectId Step(const std::string& content = "") {
    git_.Write("lib.f90", content.empty() ? absl::StrCat(++steps_, "\n2\n3\n") : content);
    return git_.Commit("step");
  }
  UploadSpec Full(const ObjectId& commit, const std::string& branch = "main") const {
    UploadSpec spec;
    spec.commit = commit;
    spec.executed = {{"t", "lib.f90", {2}}, {"u", "lib.f90", {3}}};
    spec.branch = branch;
    return spec;
  }
  UploadSpec Subset(const ObjectId& commit, const std::string& branch = "main") const {
    UploadSpec spec;
    spec.commit = commit;
    spec.executed = {{"t", "lib.f90", {2}}};
    spec.completeness = Completeness::kSubset;
    spec.branch = branch;
    return spec;
  }

  // The index as if every upload had come a day after the one before, the last one right now.
  RepositoryIndex IndexByDays() const {
    const auto loaded = LoadRepositoryIndex(*store_, "app");
    EXPECT_THAT(loaded, IsOk());
    RepositoryIndex index = **loaded;
    std::vector<SegmentInfo*> segments;
    for (auto& [commit, all] : index.by_commit) {
      for (SegmentInfo& s : all) segments.push_back(&s);
    }
    std::sort(segments.begin(), segments.end(),
              [](const auto* a, const auto* b) { return a->created < b->created; });
    for (size_t i = 0; i < segments.size(); ++i) {
      segments[i]->created = now_ - absl::Hours(24 * (segments.size() - 1 - i));
    }
    return index;
  }
  absl::StatusOr<RetentionPlan> TryPlan(const RetentionPolicy& policy) const {
    const RepositoryIndex index = IndexByDays();
    const auto git = repositories_->Find("app");
    EXPECT_THAT(git, IsOk());
    RetentionInputs inputs;
    inputs.index = &index;
    inputs.git = git->get();
    inputs.policy = policy;
    inputs.trust = &trust_;
    inputs.now = now_;
    inputs.cancelled = [this] { return cancelled_; };
    return PlanRetention(inputs);
  }
  RetentionPlan Plan(const RetentionPolicy& policy) const {
    auto plan = TryPlan(policy);
    EXPECT_THAT(plan, IsOk());
    return plan.ok() ? *std::move(plan) : RetentionPlan();
  }
  std::string ReasonOf(const RetentionPlan& plan, const SegmentInfo& segment) const {
    for (const RetentionVerdict& v : plan.verdicts) {
      if (v.segment.id == segment.id) return absl::StrCat(v.keep() ? "keep: " : "drop: ", v.reason);
    }
    return "not in the plan";
  }
  static std::string Short(const ObjectId& commit) { return commit.ToHex().substr(0, 12); }

  const absl::Time now_ = absl::Now();
  BranchTrust trust_;
  bool cancelled_ = false;
  int steps_ = 0;
};

TEST_F(RetentionTest, WithoutLimitsEverythingStays) {
  const SegmentInfo full = Upload(Full(Step()));
  const RetentionPlan plan = Plan({});
  EXPECT_EQ(ReasonOf(plan, full), "keep: no limit is set");
}

TEST_F(RetentionTest, ByAgeOfTheNewestUpload) {
  const SegmentInfo old = Upload(Full(Step()));
  const SegmentInfo middle = Upload(Full(Step()));
  const SegmentInfo newest = Upload(Full(Step()));
  const RetentionPlan plan = Plan({.max_age = absl::Hours(24)});
  EXPECT_EQ(ReasonOf(plan, newest), "keep: within the limits: 0 old");
  EXPECT_EQ(ReasonOf(plan, middle), "keep: within the limits: 1 day old");
  EXPECT_EQ(ReasonOf(plan, old), "drop: older than 1 day");
}

TEST_F(RetentionTest, ByCountOnEachBranchAndInAll) {
  const SegmentInfo first = Upload(Full(Step()));
  const SegmentInfo feature = Upload(Full(Step(), "feature"));
  const SegmentInfo second = Upload(Full(Step()));
  const SegmentInfo third = Upload(Full(Step()));
  RetentionPlan plan = Plan({.commits_per_branch = 2});
  EXPECT_EQ(ReasonOf(plan, third), "keep: within the limits: newest of branch main");
  EXPECT_EQ(ReasonOf(plan, second), "keep: within the limits: 2 of 2 of branch main");
  EXPECT_EQ(ReasonOf(plan, feature), "keep: within the limits: newest of branch feature");
  EXPECT_EQ(ReasonOf(plan, first), "drop: not among the 2 newest of branch main");
  plan = Plan({.max_age = absl::Hours(48), .commits_per_branch = 2, .commits_in_all = 2});
  EXPECT_EQ(ReasonOf(plan, second),
            "keep: within the limits: 1 day old, 2 of 2 of branch main, 2 of 2 in all");
  EXPECT_EQ(ReasonOf(plan, feature), "drop: not among the 2 newest in all");
  EXPECT_EQ(ReasonOf(plan, first),
            "drop: older than 2 days, not among the 2 newest of branch main, not among the 2 "
            "newest in all");
}

TEST_F(RetentionTest, NoJobLosesItsNewestUsableCommitWhateverItsAge) {
  const ObjectId a = Step();
  UploadSpec nightly = Full(a);
  nightly.job = "nightly";
  const SegmentInfo only = Upload(nightly);
  UploadSpec building = Full(Step());
  building.job = "nightly";
  building.shards = 2;
  const SegmentInfo unusable = Upload(building);
  for (int i = 0; i < 3; ++i) Upload(Full(Step()));
  const RetentionPlan plan = Plan({.max_age = absl::Hours(1), .commits_in_all = 1});
  EXPECT_EQ(ReasonOf(plan, only), "keep: newest with usable evidence of job nightly");
  EXPECT_THAT(ReasonOf(plan, unusable), StartsWith("drop: older than 1h"));
}

TEST_F(RetentionTest, UploadsThatCannotBeUsedTakeNoOthersPlace) {
  const SegmentInfo usable = Upload(Full(Step()));
  for (int i = 0; i < 3; ++i) {
    UploadSpec half = Full(Step());
    half.shards = 2;
    Upload(half);
  }
  EXPECT_EQ(ReasonOf(Plan({.commits_per_branch = 1}), usable),
            "keep: within the limits: newest of branch main");
}

TEST_F(RetentionTest, TheNewestTrustedCommitOfAJobStaysToo) {
  trust_ = BranchTrust({"main"});
  const SegmentInfo main = Upload(Full(Step()));
  const SegmentInfo feature = Upload(Full(Step(), "feature"));
  const RetentionPlan plan = Plan({.max_age = absl::Minutes(1)});
  EXPECT_THAT(ReasonOf(plan, feature), StartsWith("keep: within"));
  EXPECT_EQ(ReasonOf(plan, main), "keep: newest with usable evidence of job unit");
}

TEST_F(RetentionTest, TheChainOfAWantedCommitStaysBackToAFullRun) {
  const SegmentInfo before = Upload(Full(Step()));
  const SegmentInfo full = Upload(Full(Step()));
  const SegmentInfo layer = Upload(Subset(Step()));
  const ObjectId head = Step();
  const SegmentInfo newest = Upload(Subset(head));
  const RetentionPlan plan = Plan({.commits_in_all = 1});
  EXPECT_THAT(ReasonOf(plan, newest), StartsWith("keep: within the limits"));
  EXPECT_EQ(ReasonOf(plan, layer), "keep: needed by the chain from " + Short(head));
  EXPECT_EQ(ReasonOf(plan, full), "keep: needed by the chain from " + Short(head));
  EXPECT_EQ(ReasonOf(plan, before), "drop: not among the 1 newest in all");
}

TEST_F(RetentionTest, WhatABranchSeesOfItsOwnUploadsIsItsChain) {
  trust_ = BranchTrust({"main"});
  const SegmentInfo main = Upload(Full(Step()));
  const SegmentInfo own = Upload(Full(Step(), "feature"));
  const ObjectId head = Step();
  Upload(Subset(head, "feature"));
  const RetentionPlan plan = Plan({.commits_in_all = 1});
  EXPECT_EQ(ReasonOf(plan, own), "keep: needed by the chain from " + Short(head));
  // Whoever does not name the branch gets the trusted evidence before it.
  EXPECT_EQ(ReasonOf(plan, main), "keep: newest with usable evidence of job unit");
}

TEST_F(RetentionTest, UploadsOfACommitAndJobStayOrGoTogether) {
  const ObjectId a = Step();
  UploadSpec first = Full(a), again = Full(a);
  const SegmentInfo superseded = Upload(first);
  again.attempt = 2;
  const SegmentInfo kept = Upload(again);
  UploadSpec other = Full(a);
  other.shards = 2;  // never completed
  const SegmentInfo beside = Upload(other);
  const ObjectId head = Step();
  Upload(Subset(head));
  const RetentionPlan plan = Plan({.commits_in_all = 1});
  EXPECT_EQ(ReasonOf(plan, kept), "keep: needed by the chain from " + Short(head));
  EXPECT_EQ(ReasonOf(plan, beside), "keep: belongs to what is needed from " + Short(head));
  EXPECT_EQ(ReasonOf(plan, superseded), "drop: superseded; not among the 1 newest in all");
}

TEST_F(RetentionTest, ACommitThatGitForgotIsKeptByTheLimitsAlone) {
  Upload(Full(Step()));
  git_.Git("checkout -q -b gone");
  const ObjectId lost = Step();
  const SegmentInfo segment = Upload(Subset(lost));
  git_.Git("checkout -q main");
  git_.Git("branch -q -D gone");
  git_.Git("reflog expire --expire=now --all");
  git_.Git("gc -q --prune=now");
  RepositorySetOptions options;
  options.repositories["app"] = git_.path();
  auto reopened = NewRepositorySet(options);
  ASSERT_THAT(reopened, IsOk());
  repositories_ = *std::move(reopened);
  const RetentionPlan plan = Plan({.commits_in_all = 1});
  EXPECT_THAT(plan.unknown_commits, ElementsAre(lost));
  EXPECT_EQ(ReasonOf(plan, segment),
            "keep: within the limits: newest in all; git does not know the commit");
}

TEST_F(RetentionTest, CanBeInterrupted) {
  Upload(Full(Step()));
  cancelled_ = true;
  EXPECT_THAT(TryPlan({.commits_in_all = 1}), StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(RetentionTest, AWalkEndsWhereAnEarlierOneGoesOn) {
  const ObjectId first = Step();
  for (int i = 0; i < 5; ++i) Step();
  const ObjectId middle = Step();
  for (int i = 0; i < 3; ++i) Step();
  const ObjectId last = Step();
  const auto git = repositories_->Find("app");
  ASSERT_THAT(git, IsOk());
  AnchoredWalks walks(**git);
  bool shallow = false;
  const auto until_first = [&](const CommitInfo& commit, uint32_t) { return commit.id != first; };
  ASSERT_THAT(walks.WalkAncestors(middle, until_first, &shallow), IsOk());
  EXPECT_EQ(walks.visited(), 7u);
  ASSERT_THAT(walks.WalkAncestors(last, until_first, &shallow), IsOk());
  EXPECT_EQ(walks.visited(), 7u + 4u);
}

TEST_F(RetentionTest, AWalkThatLeftTheLineOfFirstParentsIsMadeAgain) {
  Step();
  git_.Git("checkout -q -b side");
  const ObjectId side = Step();
  git_.Git("checkout -q main");
  git_.Write("note", "x");
  git_.Commit("beside");
  git_.Git("merge -q --no-ff -X ours -m merge side");
  const ObjectId merge = git_.Id("HEAD");
  const ObjectId last = Step();
  const auto git = repositories_->Find("app");
  ASSERT_THAT(git, IsOk());
  AnchoredWalks walks(**git);
  bool shallow = false;
  size_t met = 0;
  const auto until_side = [&](const CommitInfo& commit, uint32_t) {
    met += commit.id == side;
    return commit.id != side;
  };
  ASSERT_THAT(walks.WalkAncestors(merge, until_side, &shallow), IsOk());
  ASSERT_THAT(walks.WalkAncestors(last, until_side, &shallow), IsOk());
  EXPECT_EQ(met, 2u);
}

TEST(AgeTextTest, IsShort) {
  EXPECT_EQ(AgeText(absl::Hours(720)), "30 days");
  EXPECT_EQ(AgeText(absl::Hours(24)), "1 day");
  EXPECT_EQ(AgeText(absl::Hours(25)), "25h");
  EXPECT_EQ(AgeText(absl::Hours(5) + absl::Seconds(7)), "5h");
  EXPECT_EQ(AgeText(absl::Seconds(90)), "1m");
  EXPECT_EQ(AgeText(absl::Seconds(2.5)), "2.5s");
}

// A history with branches, merges and commits of equal trees; random uploads; a random policy.
class RetentionPropertyTest : public RetentionTest {
 protected:
  static constexpr int kFunctions = 6;
  static constexpr int kSteps = 18;

  struct Place {
    ObjectId id;
    std::string branch;
    std::vector<std::string> libs;  // by function
    std::vector<ObjectId> heads;    // children, each with one function changed
  };

  static std::string LibPath(int i) { return absl::StrCat("lib", i, ".py"); }
  static std::string Label(int i, char test) {
    return absl::StrCat("test_all.py::test_", i, std::string(1, test));
  }

  RetentionPropertyTest() {
    std::string tests;
    for (int i = 0; i < kFunctions; ++i) absl::StrAppend(&tests, "import lib", i, "\n");
    for (int i = 0; i < kFunctions; ++i) {
      for (const char test : {'x', 'y'}) {
        absl::StrAppend(&tests, "def test_", i, std::string(1, test), "():\n    assert lib", i,
                        ".f()\n");
        labels_.push_back(Label(i, test));
      }
      git_.Write(LibPath(i), "def f():\n    return 1\n");
    }
    git_.Write("test_all.py", tests);
    Remember(git_.Commit("first"), "main");
    std::mt19937 random(3);
    for (int step = 1; step < kSteps; ++step) Grow(step, random);
    for (Place& place : places_) AddHeads(&place, random);
  }

  void Remember(const ObjectId& id, const std::string& branch) {
    Place place{.id = id, .branch = branch, .libs = {}, .heads = {}};
    for (int i = 0; i < kFunctions; ++i) {
      place.libs.push_back(git_.Git(absl::StrCat("show HEAD:", LibPath(i))));
    }
    places_.push_back(std::move(place));
  }

  void Grow(int step, std::mt19937& random) {
    std::string branch = "main";
    if (step % 6 == 3) git_.Git("checkout -q -B side");
    if (step % 6 == 3 || step % 6 == 4) branch = "side";
    if (step % 6 == 5) {  // the branch ends in a merge; its commits are ancestors by another parent
      git_.Git("checkout -q main && git merge -q --no-ff -X ours -m merge side");
    } else if (step % 7 != 2) {  // else: a commit of the same tree
      const auto i = static_cast<int>(random() % kFunctions);
      git_.Write(LibPath(i), absl::StrCat("def f():\n    return ", step, "\n"));
    }
    Remember(git_.Commit(absl::StrCat("step ", step)), branch);
    if (step % 6 == 4) git_.Git("checkout -q main");
  }

  void AddHeads(Place* place, std::mt19937& random) {
    for (int n = 0; n < 2; ++n) {
      const auto i = static_cast<int>(random() % kFunctions);
      git_.Git(absl::StrCat("checkout -q -f ", place->id.ToHex()));
      git_.Write(LibPath(i), absl::StrCat("def f():\n    return 'head ", n, "'\n"));
      place->heads.push_back(git_.Commit("head"));
    }
  }

  // Some labels of one job, some of them failed, some of them seen to run another's function too.
  void UploadAt(const Place& place, std::mt19937& random) {
    UploadSpec spec;
    spec.commit = place.id;
    spec.branch = random() % 8 == 0 ? "" : place.branch;
    spec.job = random() % 3 == 0 ? "slow" : "unit";
    const bool full = random() % 3 == 0;
    spec.completeness = full ? Completeness::kFull : Completeness::kSubset;
    spec.shards = random() % 5 == 0 ? 2 : 1;
    spec.attempt = random() % 5 == 0 ? 2 : 1;
    for (int i = 0; i < kFunctions; ++i) {
      for (const char test : {'x', 'y'}) {
        if (!full && random() % 3 != 0) continue;
        const std::string label = Label(i, test);
        const auto row = static_cast<uint32_t>(kFunctions + 4 * i + (test == 'x' ? 1 : 3));
        spec.executed.push_back({label, "test_all.py", {row + 1}});
        spec.executed.push_back({label, LibPath(i), {2}});
        if (random() % 12 == 0) {
          spec.executed.push_back({label, LibPath((i + 1) % kFunctions), {2}});
        }
        spec.outcomes[label] = {random() % 15 == 0 ? Outcome::kFailed : Outcome::kPassed, 0.5};
      }
    }
    if (spec.executed.empty()) return;
    for (spec.shard = 0; spec.shard < spec.shards; ++spec.shard) {
      if (spec.shards > 1 && random() % 4 == 0) continue;  // a shard that is lost
      UploadAndKeep(spec);
    }
  }

  void StartAnew(const std::vector<std::string>& trusted) {
    trust_ = BranchTrust(trusted);
    SelectionTest::StartAnew(Options());
  }
  SelectorOptions Options() const {
    SelectorOptions options;
    options.consolidate_after = 3;
    options.trust = trust_;
    return options;
  }

  // Everything that answers say about changes on top of `place`.
  std::string AnswersAt(const Place& place) {
    std::string text;
    for (const std::string& branch : std::vector<std::string>{"", place.branch}) {
      for (const ObjectId& head : place.heads) {
        SelectionRequest request = Request(place.id, head, labels_);
        request.branch = branch;
        const auto s = Select(request);
        absl::StrAppend(&text, s->fallback.has_value() ? s->fallback->message : "", "\nrun ",
                        absl::StrJoin(Run(*s), " "), "\nabsent ",
                        absl::StrJoin(Names(*s, s->absent), " "), "\ndiff ",
                        absl::StrJoin(Names(*s, s->present_diff), " "), "\nreasons ",
                        absl::StrJoin(s->reasons, " "), "\n");
        for (const IndexUse& use : s->index) {
          absl::StrAppend(&text, use.job.ToString(), " ", use.commit.ToHex(), " ", use.distance,
                          " ", use.segments, "\n");
        }
      }
    }
    return text;
  }

  RetentionPolicy RandomPolicy(std::mt19937& random) const {
    RetentionPolicy policy;
    if (random() % 2 == 0) policy.max_age = absl::Hours(24 * (1 + random() % 20));
    if (random() % 2 == 0) policy.commits_per_branch = 1 + random() % 5;
    if (!policy.HasLimits() || random() % 2 == 0) policy.commits_in_all = 1 + random() % 8;
    return policy;
  }

  std::vector<Place> places_;
  std::vector<std::string> labels_;
};

TEST_F(RetentionPropertyTest, SelectionsFromWantedCommitsAnswerAsBefore) {
  size_t dropped_in_all = 0, carried_kept = 0, carried_dropped = 0, by_chain = 0;
  for (unsigned seed = 1; seed <= 60; ++seed) {
    std::mt19937 random(seed);
    StartAnew(seed % 3 == 0 ? std::vector<std::string>{"main"} : std::vector<std::string>());
    for (int n = 0; n < 25; ++n) {
      // Mostly along the history, now and then late.
      const size_t along = n * places_.size() / 25;
      UploadAt(places_[random() % 6 == 0 ? random() % places_.size() : along], random);
    }
    const RetentionPlan plan = Plan(RandomPolicy(random));
    std::set<ObjectId> wanted;
    std::vector<Digest> dropped;
    for (const RetentionVerdict& v : plan.verdicts) {
      const bool carried = v.segment.header.completeness == Completeness::kCarried;
      if (v.kept_by == KeptBy::kLimits || v.kept_by == KeptBy::kNewestOfJob) {
        wanted.insert(v.segment.header.commit);
      }
      if (!v.keep()) dropped.push_back(v.segment.id);
      carried_kept += carried && v.keep();
      carried_dropped += carried && !v.keep();
      by_chain += v.kept_by == KeptBy::kChain;
    }
    ASSERT_THAT(wanted, testing::Not(IsEmpty()));
    std::map<ObjectId, std::string> before;
    for (const Place& place : places_) {
      if (wanted.contains(place.id)) before[place.id] = AnswersAt(place);
    }
    ASSERT_THAT(store_->DeleteSegments(dropped), IsOk());
    dropped_in_all += dropped.size();
    SelectorOptions options = Options();
    options.history = history_.get();
    selector_ = NewSelector(store_.get(), repositories_.get(), options);
    for (const Place& place : places_) {
      if (wanted.contains(place.id)) {
        EXPECT_EQ(AnswersAt(place), before[place.id]) << "seed " << seed;
      }
    }
    if (HasFailure()) return;
  }
  EXPECT_GT(dropped_in_all, 300u);
  EXPECT_GT(by_chain, 100u);
  EXPECT_GT(carried_kept, 5u);
  EXPECT_GT(carried_dropped, 5u);
}

}  // namespace
}  // namespace testselect
