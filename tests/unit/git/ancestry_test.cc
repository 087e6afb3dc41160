#include "absl/strings/str_cat.h"
#include "server/git/open_repository.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/git/git_fixture.h"

namespace testselect {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int64_t kEpoch = 1'700'000'000;  // git takes small numbers for dates

// "message@distance" of what a walk visits, stopping after `limit`.
std::vector<std::string> Walk(const GitRepository& git, const ObjectId& from, bool* shallow_end,
                              size_t limit = 1'000) {
  std::vector<std::string> visited;
  EXPECT_THAT(git.WalkAncestors(
                  from,
                  [&](const CommitInfo& commit, uint32_t distance) {
                    visited.push_back(absl::StrCat(
                        commit.message.substr(0, commit.message.find('\n')), "@", distance));
                    return visited.size() < limit;
                  },
                  shallow_end),
              IsOk());
  return visited;
}

class AncestryTest : public GitTest {
 protected:
  // root - a - merge1 - b - merge2 on main; x1, x2 (newer than b) and y1 merged from the side.
  void MakeMerges() {
    repo_.Commit("root", kEpoch + 1000);
    repo_.Git("branch y");
    repo_.Commit("a", kEpoch + 2000);
    repo_.Git("checkout -q y");
    repo_.Commit("y1", kEpoch + 1500);
    Merge("main", "y", "merge1", kEpoch + 3000);
    repo_.Git("checkout -q -b x");
    repo_.Commit("x1", kEpoch + 3100);
    repo_.Commit("x2", kEpoch + 9000);
    repo_.Git("checkout -q main");
    repo_.Commit("b", kEpoch + 4000);
    Merge("main", "x", "merge2", kEpoch + 9500);
  }

  void Merge(const std::string& into, const std::string& from, const std::string& message,
             int64_t seconds) {
    repo_.Git("checkout -q " + into);
    const std::string when = absl::StrCat("'", seconds, " +0000'");
    Shell(absl::StrCat("cd '", repo_.path(), "' && GIT_AUTHOR_DATE=", when, " GIT_COMMITTER_DATE=",
                       when, " git merge -q --no-ff -m ", message, " ", from, " 2>&1"));
  }

  Repo repo_{Path("repo")};
};

TEST_F(AncestryTest, FirstParentLineFirstThenOthersNewestFirst) {
  MakeMerges();
  bool shallow = true;
  EXPECT_THAT(Walk(*Open(repo_.path()), repo_.Id("main"), &shallow),
              ElementsAre("merge2@0", "b@1", "merge1@2", "a@3", "root@4", "x2@1", "x1@2", "y1@3"));
  EXPECT_FALSE(shallow);
}

TEST_F(AncestryTest, StopsWhenTold) {
  MakeMerges();
  EXPECT_THAT(Walk(*Open(repo_.path()), repo_.Id("main"), nullptr, 2),
              ElementsAre("merge2@0", "b@1"));
  EXPECT_THAT(Walk(*Open(repo_.path()), repo_.Id("main"), nullptr, 6),
              ElementsAre("merge2@0", "b@1", "merge1@2", "a@3", "root@4", "x2@1"));
}

TEST_F(AncestryTest, CommitHasItsParts) {
  MakeMerges();
  auto git = Open(repo_.path());
  ASSERT_OK_AND_ASSIGN(CommitInfo merge, git->Commit(repo_.Id("main")));
  EXPECT_EQ(merge.tree, repo_.Tree("main"));
  EXPECT_THAT(merge.parents, ElementsAre(repo_.Id("main^1"), repo_.Id("x")));
  EXPECT_EQ(merge.committed, absl::FromUnixSeconds(kEpoch + 9500));
  EXPECT_EQ(merge.message, "merge2\n");
}

TEST_F(AncestryTest, IsAncestor) {
  MakeMerges();
  auto git = Open(repo_.path());
  const ObjectId main = repo_.Id("main"), x = repo_.Id("x"), y = repo_.Id("y");
  EXPECT_THAT(git->IsAncestor(main, main), IsOkAndHolds(true));
  EXPECT_THAT(git->IsAncestor(y, main), IsOkAndHolds(true));
  EXPECT_THAT(git->IsAncestor(x, main), IsOkAndHolds(true));
  EXPECT_THAT(git->IsAncestor(main, x), IsOkAndHolds(false));
  EXPECT_THAT(git->IsAncestor(repo_.Id("main^1"), x), IsOkAndHolds(false));
}

TEST_F(AncestryTest, AWalkEndsAtTheBorderOfAShallowClone) {
  MakeMerges();
  Shell("git clone -q --depth 2 'file://" + repo_.path() + "' '" + Path("shallow") + "'");
  auto git = Open(Path("shallow"));
  EXPECT_TRUE(git->IsShallow());
  bool shallow = false;
  EXPECT_THAT(Walk(*git, repo_.Id("main"), &shallow), ElementsAre("merge2@0", "b@1", "x2@1"));
  EXPECT_TRUE(shallow);
  EXPECT_THAT(git->IsAncestor(repo_.Id("x"), repo_.Id("main")), IsOkAndHolds(true));
  EXPECT_THAT(git->IsAncestor(repo_.Id("main"), repo_.Id("x")), IsOkAndHolds(false));
}

TEST_F(AncestryTest, ADeepenedCloneIsNoticedWhileItIsOpen) {
  MakeMerges();
  Shell("git clone -q --depth 1 'file://" + repo_.path() + "' '" + Path("shallow") + "'");
  auto git = Open(Path("shallow"));
  EXPECT_THAT(git->Commit(repo_.Id("x")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("shallow")));
  Shell("cd '" + Path("shallow") + "' && git fetch -q --unshallow");
  EXPECT_FALSE(git->IsShallow());
  EXPECT_THAT(git->Commit(repo_.Id("x")), IsOk());
  bool shallow = true;
  EXPECT_EQ(Walk(*git, repo_.Id("main"), &shallow).size(), 8u);
  EXPECT_FALSE(shallow);
}

TEST_F(AncestryTest, TheBranchOfHead) {
  Repo repo(Path("branches"));
  EXPECT_EQ(*HeadBranch(repo.path()), "main");  // before the first commit
  repo.Commit("one");
  repo.Git("checkout -q -b topic/x");
  EXPECT_EQ(*HeadBranch(repo.path()), "topic/x");
  repo.Git("checkout -q --detach");
  EXPECT_EQ(*HeadBranch(repo.path()), "");
  EXPECT_FALSE(HeadBranch(Path("none")).ok());
}

TEST_F(AncestryTest, ResolveRevision) {
  MakeMerges();
  const std::string at = repo_.path();
  EXPECT_THAT(ResolveRevision(at, "HEAD"), IsOkAndHolds(repo_.Id("main")));
  EXPECT_THAT(ResolveRevision(at, "x"), IsOkAndHolds(repo_.Id("x")));
  EXPECT_THAT(ResolveRevision(at, "HEAD~1"), IsOkAndHolds(repo_.Id("main~1")));
  EXPECT_THAT(ResolveRevision(at, repo_.Id("x").ToHex()), IsOkAndHolds(repo_.Id("x")));
  repo_.Git("tag -a -m note v1 x");
  EXPECT_THAT(ResolveRevision(at, "v1"), IsOkAndHolds(repo_.Id("x")));
  const std::string abbreviated = repo_.Id("x").ToHex().substr(0, 10);
  EXPECT_THAT(ResolveRevision(at, abbreviated), IsOkAndHolds(repo_.Id("x")));
  repo_.Git("branch deadbeef y");  // looks like one, but is a branch
  EXPECT_THAT(ResolveRevision(at, "deadbeef"), IsOkAndHolds(repo_.Id("y")));
  EXPECT_THAT(ResolveRevision(at, "nowhere"),
              StatusIs(absl::StatusCode::kNotFound, "there is no commit 'nowhere'"));
  EXPECT_THAT(ResolveRevision(at, "HEAD^{tree}"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("names a tree")));
}

}  // namespace
}  // namespace testselect
