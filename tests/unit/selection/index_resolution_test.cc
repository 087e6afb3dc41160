// Which evidence a selection rests on: steps 1 and 2 of the design.
#include "server/selection/index_resolution.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/selection/selection_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ResolutionTest : public SelectionTest {
 protected:
  ObjectId CommitFile(const std::string& path, const std::string& content) {
    git_.Write(path, content);
    return git_.Commit(path);
  }
};

TEST_F(ResolutionTest, UsesTheNearestAncestorAndSaysHowFar) {
  const ObjectId a = CommitFile("lib.f90", "1\n2\n");
  const ObjectId b = CommitFile("note", "x");
  const ObjectId c = git_.Commit("empty");
  Upload({.commit = a, .executed = {{"t", "lib.f90", {1}}}});
  const auto s = Select(Request(b, c, {"t"}));
  ASSERT_EQ(s->index.size(), 1u);
  EXPECT_EQ(s->index[0].commit, a);
  EXPECT_EQ(s->index[0].distance, 1u);
  EXPECT_FALSE(s->fallback.has_value());
}

TEST_F(ResolutionTest, ComparesHeadWithTheCommitOfTheEvidenceNotWithBase) {
  const ObjectId a = CommitFile("lib.f90", "1\n2\n");
  const ObjectId b = CommitFile("lib.f90", "x\n2\n");  // changed between evidence and base
  const ObjectId c = CommitFile("lib.f90", "x\ny\n");
  Upload({.commit = a, .executed = {{"first", "lib.f90", {1}}, {"second", "lib.f90", {2}}}});
  EXPECT_THAT(Run(*Select(Request(b, c, {"first", "second"}))), ElementsAre("first", "second"));
}

TEST_F(ResolutionTest, NoIndexRunsEverythingAndSaysSo) {
  const ObjectId a = CommitFile("lib.f90", "1\n");
  const ObjectId b = CommitFile("lib.f90", "2\n");
  const auto s = Select(Request(a, b, {"t", "u"}));
  ASSERT_TRUE(s->fallback.has_value());
  EXPECT_EQ(s->fallback->code, FallbackCode::kNoIndex);
  EXPECT_THAT(s->fallback->message, HasSubstr(a.ToHex()));
  EXPECT_THAT(Names(*s, s->absent), ElementsAre("t", "u"));
  EXPECT_THAT(Run(*s), ElementsAre("t", "u"));
}

TEST_F(ResolutionTest, AnotherJobsEvidenceDoesNotStandForTheOneAskedFor) {
  const ObjectId a = CommitFile("lib.f90", "1\n");
  const ObjectId b = git_.Commit("empty");
  Upload({.commit = a, .executed = {{"t", "lib.f90", {1}}}, .job = "unit"});
  SelectionRequest request = Request(a, b, {"t"});
  request.jobs = {{"unit", {}}, {"e2e", {}}};
  const auto s = Select(request);
  ASSERT_TRUE(s->fallback.has_value());
  EXPECT_EQ(s->fallback->code, FallbackCode::kNoIndex);
  EXPECT_THAT(s->fallback->message, HasSubstr("'e2e'"));
  EXPECT_EQ(s->run_count, 1u);
}

TEST_F(ResolutionTest, AJobWithoutFlavorStandsForAllItsFlavors) {
  const ObjectId a = CommitFile("lib.f90", "1\n2\n");
  const ObjectId b = CommitFile("lib.f90", "1\nx\n");
  Upload({.commit = a, .executed = {{"t", "lib.f90", {1}}}, .flavor = {{"os", "linux"}}});
  Upload({.commit = a, .executed = {{"t", "lib.f90", {2}}}, .flavor = {{"os", "macos"}}});
  SelectionRequest request = Request(a, b, {"t"});
  request.jobs = {{"unit", {}}};
  EXPECT_EQ(Select(request)->index.size(), 2u);
  EXPECT_THAT(Run(*Select(request)), ElementsAre("t"));
  request.jobs = {{"unit", {{"os", "linux"}}}};
  EXPECT_EQ(Select(request)->index.size(), 1u);
}

TEST_F(ResolutionTest, ASubsetRunErasesOnlyWhatItRan) {
  const ObjectId a = CommitFile("lib.f90", "1\n2\n3\n");
  const ObjectId b = git_.Commit("empty");
  Upload({.commit = a, .executed = {{"kept", "lib.f90", {1}}, {"moved", "lib.f90", {2}}}});
  Upload({.commit = b,
          .executed = {{"moved", "lib.f90", {3}}},
          .completeness = Completeness::kSubset});
  const ObjectId c = CommitFile("lib.f90", "x\n2\n3\n");
  const auto s = Select(Request(b, c, {"kept", "moved"}));
  EXPECT_EQ(s->index[0].segments, 2u);
  EXPECT_THAT(Run(*s), ElementsAre("kept"));
  const ObjectId d = CommitFile("lib.f90", "1\nx\n3\n");
  EXPECT_THAT(Run(*Select(Request(b, d, {"kept", "moved"}))), IsEmpty());
  const ObjectId e = CommitFile("lib.f90", "1\n2\nx\n");
  EXPECT_THAT(Run(*Select(Request(b, e, {"kept", "moved"}))), ElementsAre("moved"));
}

TEST_F(ResolutionTest, ALaterAttemptOfAFewTestsWinsForThem) {
  const ObjectId a = CommitFile("lib.f90", "1\n2\n3\n");
  Upload({.commit = a,
          .executed = {{"t", "lib.f90", {1}}, {"u", "lib.f90", {2}}},
          .outcomes = {{"t", {Outcome::kFailed, 1}}}});
  Upload({.commit = a,
          .executed = {{"t", "lib.f90", {3}}},
          .outcomes = {{"t", {Outcome::kPassed, 1}}},
          .completeness = Completeness::kSubset,
          .attempt = 2});
  const ObjectId b = CommitFile("lib.f90", "x\n2\n3\n");
  const auto s = Select(Request(a, b, {"t", "u"}));
  EXPECT_EQ(Reason(*s, ReasonCode::kLastFailed), 0u);
  EXPECT_EQ(Reason(*s, ReasonCode::kCoveredChange), 0u);
  EXPECT_THAT(Run(*s), IsEmpty());
}

TEST_F(ResolutionTest, MissingShardsAreNotUsedUnlessAsked) {
  const ObjectId a = CommitFile("lib.f90", "1\n2\n");
  const ObjectId b = git_.Commit("empty");
  Upload({.commit = a, .executed = {{"t", "lib.f90", {1}}}, .shard = 0, .shards = 2});
  SelectionRequest request = Request(a, b, {"t", "u"});
  EXPECT_EQ(Select(request)->fallback->code, FallbackCode::kNoIndex);
  request.include_building = true;
  const auto building = Select(request);
  EXPECT_FALSE(building->fallback.has_value());
  EXPECT_EQ(building->index[0].state, SegmentState::kBuilding);
  EXPECT_THAT(Run(*building), ElementsAre("u"));  // of the missing shard: absent
  Upload({.commit = a, .executed = {{"u", "lib.f90", {2}}}, .shard = 1, .shards = 2});
  EXPECT_THAT(Run(*Select(Request(a, b, {"t", "u"}))), IsEmpty());
}

TEST_F(ResolutionTest, ACommitOfTheSameTreeCountsAsBase) {
  const ObjectId root = CommitFile("lib.f90", "0\n");
  git_.Git("checkout -q -b branch");
  const ObjectId on_branch = CommitFile("lib.f90", "1\n2\n");
  git_.Git("checkout -q main");
  const ObjectId squashed = CommitFile("lib.f90", "1\n2\n");
  const ObjectId head = CommitFile("lib.f90", "1\nx\n");
  ASSERT_NE(on_branch, squashed);
  Upload({.commit = root, .executed = {{"old", "lib.f90", {1}}}});
  Upload({.commit = on_branch, .executed = {{"t", "lib.f90", {1}}, {"u", "lib.f90", {2}}}});
  const auto s = Select(Request(squashed, head, {"t", "u"}));
  EXPECT_EQ(s->index[0].commit, on_branch);
  EXPECT_EQ(s->index[0].distance, 0u);
  EXPECT_THAT(Run(*s), ElementsAre("u"));
}

TEST_F(ResolutionTest, TheFirstParentLineComesFirst) {
  const ObjectId root = CommitFile("lib.f90", "1\n2\n");
  git_.Git("checkout -q -b side");
  const ObjectId side = CommitFile("side", "x");
  git_.Git("checkout -q main");
  CommitFile("main", "x");
  git_.Git("merge -q --no-ff -m merge side");
  const ObjectId merge = git_.Id("HEAD");
  const ObjectId head = git_.Commit("empty");
  Upload({.commit = root, .executed = {{"t", "lib.f90", {1}}}});
  Upload({.commit = side, .executed = {{"t", "lib.f90", {2}}}});
  EXPECT_EQ(Select(Request(merge, head, {"t"}))->index[0].commit, root);
}

TEST_F(ResolutionTest, AnAncestorCountsAsAnIndexedCommitOfTheSameTree) {
  const ObjectId root = CommitFile("lib.f90", "0\n");
  git_.Git("checkout -q -b branch");
  const ObjectId on_branch = CommitFile("lib.f90", "1\n2\n");
  git_.Git("checkout -q main");
  CommitFile("lib.f90", "1\n2\n");  // the squashed branch
  const ObjectId base = CommitFile("README.md", "x");
  const ObjectId head = CommitFile("lib.f90", "1\nx\n");
  Upload({.commit = root, .executed = {{"old", "lib.f90", {1}}}});
  Upload({.commit = on_branch, .executed = {{"t", "lib.f90", {1}}, {"u", "lib.f90", {2}}}});
  const auto s = Select(Request(base, head, {"t", "u"}));
  EXPECT_EQ(s->index[0].commit, on_branch);
  EXPECT_EQ(s->index[0].distance, 1u);
  EXPECT_THAT(Run(*s), ElementsAre("u"));
}

TEST_F(ResolutionTest, EvidenceOfABranchThatIsNotTrustedServesThatBranchAlone) {
  SelectorOptions options;
  options.trust = BranchTrust({"main", "release/*"});
  selector_ = NewSelector(store_.get(), repositories_.get(), options);
  const ObjectId a = CommitFile("lib.f90", "1\n2\n");
  const ObjectId b = CommitFile("lib.f90", "1\nx\n");
  Upload(
      {.commit = a, .executed = {{"t", "lib.f90", {1}}, {"u", "lib.f90", {2}}}, .branch = "topic"});
  Upload({.commit = a, .executed = {{"t", "lib.f90", {1}}}});  // of no branch that is known
  SelectionRequest request = Request(a, b, {"t"});
  for (const char* other : {"", "main", "topic2"}) {
    request.branch = other;
    EXPECT_EQ(Select(request)->fallback->code, FallbackCode::kNoIndex) << other;
  }
  request.branch = "topic";
  EXPECT_FALSE(Select(request)->fallback.has_value());
  EXPECT_THAT(Run(*Select(request)), IsEmpty());
  Upload({.commit = a, .executed = {{"t", "lib.f90", {2}}}, .branch = "release/1"});
  request.branch = "other";
  EXPECT_THAT(Run(*Select(request)), ElementsAre("t"));
}

}  // namespace
}  // namespace testselect
