// Where lines of an old blob are in a new one.
#include "server/selection/tree_move.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/git/git_fixture.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

LineMove Of(std::vector<Hunk> hunks) { return LineMove(BlobDiff{false, std::move(hunks)}); }

TEST(LineMoveTest, LinesBehindAHunkShiftAndLinesInItAreGone) {
  const LineMove move = Of({{3, 2, 3, 4}});  // lines 3 and 4 became four
  EXPECT_THAT(move.Move({1, 6}), ElementsAre(LineRange{1, 2}, LineRange{7, 8}));
  EXPECT_THAT(move.Move({3, 4}), IsEmpty());
  EXPECT_TRUE(move.Touches({4, 9}));
  EXPECT_FALSE(move.Touches({1, 2}));
  EXPECT_FALSE(move.Touches({5, 6}));
}

TEST(LineMoveTest, AnInsertionTouchesWhatItStandsIn) {
  const LineMove move = Of({{4, 0, 5, 2}});  // two lines after line 4
  EXPECT_THAT(move.Move({3, 6}), ElementsAre(LineRange{3, 4}, LineRange{7, 8}));
  EXPECT_TRUE(move.Touches({3, 6}));
  EXPECT_FALSE(move.Touches({1, 4}));
  EXPECT_FALSE(move.Touches({5, 6}));
  EXPECT_THAT(Of({{0, 0, 1, 3}}).Move({1, 2}), ElementsAre(LineRange{4, 5}));
}

TEST(LineMoveTest, DeletionsShiftBack) {
  EXPECT_THAT(Of({{1, 2, 0, 0}, {6, 1, 3, 0}}).Move({1, 8}),
              ElementsAre(LineRange{1, 3}, LineRange{4, 5}));
}

TEST(LineMoveTest, NothingIsKnownOfBinaryBlobs) {
  const LineMove move(BlobDiff{true, {}});
  EXPECT_TRUE(move.Touches({1, 1}));
  EXPECT_THAT(move.Move({1, 9}), IsEmpty());
}

class TreeMoveTest : public GitTest {};

TEST_F(TreeMoveTest, FollowsRenamesAndNoticesDeletions) {
  Repo repo(Path("app"));
  repo.Write("kept.f90", "1\n2\n3\n4\n5\n");
  repo.Write("gone.f90", "a\nb\nc\n");
  repo.Commit("one");
  const ObjectId before = repo.Tree("HEAD");
  repo.Git("mv kept.f90 named.f90");
  repo.Write("named.f90", "0\n1\n2\n3\n4\n5\n");
  repo.Git("rm -q gone.f90");
  repo.Commit("two");
  auto move = TreeMove::Make(Open(repo.path()), before, repo.Tree("HEAD"));
  ASSERT_TRUE(move.ok()) << move.status();
  const auto kept = move->Find("kept.f90");
  ASSERT_TRUE(kept.ok()) << kept.status();
  ASSERT_NE(*kept, nullptr);
  EXPECT_EQ((*kept)->path, "named.f90");
  EXPECT_THAT((*kept)->lines.Move({1, 5}), ElementsAre(LineRange{2, 6}));
  EXPECT_EQ(*move->Find("gone.f90"), nullptr);
}

}  // namespace
}  // namespace testselect
