#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "server/git/open_repository.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/git/git_fixture.h"

namespace testselect {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SnapshotTest : public GitTest {
 protected:
  SnapshotTest() {
    repo_.Write("a", "a\n");
    repo_.Write("b", "b\n");
    repo_.Write(".gitignore", "*.log\n");
    repo_.Commit("base");
  }

  // What the snapshot changes against HEAD; also checks that it left no trace but objects.
  std::vector<std::string> Snapshot(bool staged) {
    const std::string before = State();
    auto id = SnapshotCommit(repo_.path(), staged);
    EXPECT_THAT(id, IsOk());
    if (!id.ok()) return {};
    EXPECT_EQ(State(), before);
    auto git = Open(repo_.path());
    auto commit = git->Commit(*id);
    EXPECT_THAT(commit, IsOk());
    EXPECT_THAT(commit->parents, ElementsAre(repo_.Id("HEAD")));
    EXPECT_THAT(SnapshotCommit(repo_.path(), staged), IsOkAndHolds(*id));
    snapshot_ = *id;
    return DiffOf(*git, repo_.Tree("HEAD"), commit->tree);
  }

  // Everything that must not change: refs, the index and its file, the work tree.
  std::string State() {
    return repo_.Git(
        "for-each-ref; cat .git/HEAD; sha256sum .git/index; find . -path ./.git -prune -o -type f"
        " -print0 | sort -z | xargs -0 sha256sum");
  }

  Repo repo_{Path("repo")};
  ObjectId snapshot_;
};

TEST_F(SnapshotTest, ACleanWorkTreeIsACommitWithHeadsTree) {
  EXPECT_THAT(Snapshot(false), IsEmpty());
  EXPECT_NE(snapshot_, repo_.Id("HEAD"));
  EXPECT_THAT(Snapshot(true), IsEmpty());
}

TEST_F(SnapshotTest, WorkTreeHasTrackedAndUntrackedButNotIgnoredFiles) {
  repo_.Write("a", "changed\n");
  repo_.Write("new/file", "new\n");
  repo_.Write("debug.log", "ignored\n");
  repo_.Write(".testselect/db/CURRENT", "our own\n");
  std::filesystem::remove(repo_.path() + "/b");
  EXPECT_THAT(Snapshot(false), ElementsAre("M a", "D b", "A new/file"));
  EXPECT_THAT(Snapshot(true), IsEmpty());
}

TEST_F(SnapshotTest, StagedHasWhatIsStagedOnly) {
  repo_.Write("a", "staged\n");
  repo_.Git("add a");
  repo_.Write("a", "later\n");
  repo_.Write("b", "not staged\n");
  repo_.Write("announced", "not staged either\n");
  repo_.Git("add -N announced");
  EXPECT_THAT(Snapshot(true), ElementsAre("M a"));
  EXPECT_EQ(repo_.Git("show " + snapshot_.ToHex() + ":a"), "staged");
  EXPECT_THAT(Snapshot(false), ElementsAre("M a", "A announced", "M b"));
  EXPECT_EQ(repo_.Git("show " + snapshot_.ToHex() + ":a"), "later");
}

TEST_F(SnapshotTest, ModesAndLinks) {
  Shell("cd '" + repo_.path() + "' && chmod +x a && rm b && ln -s a b && ln -s nowhere c");
  EXPECT_THAT(Snapshot(false),
              ElementsAre("M a (file to executable)", "T b (file to link)", "A c"));
}

TEST_F(SnapshotTest, AFileBecomesAFolder) {
  std::filesystem::remove(repo_.path() + "/a");
  repo_.Write("a/inner", "x\n");
  EXPECT_THAT(Snapshot(false), ElementsAre("D a", "A a/inner"));
}

TEST_F(SnapshotTest, LineEndsAreStoredAsGitStoresThem) {
  repo_.Write(".gitattributes", "*.txt text\n");
  repo_.Write("t.txt", "one\r\ntwo\r\n");
  Snapshot(false);
  EXPECT_EQ(repo_.Git("show " + snapshot_.ToHex() + ":t.txt"), "one\ntwo");
}

TEST_F(SnapshotTest, FilesLeftOutOfASparseCheckoutAreNotDeleted) {
  repo_.Git("update-index --skip-worktree b");
  std::filesystem::remove(repo_.path() + "/b");
  repo_.Write("a", "changed\n");
  EXPECT_THAT(Snapshot(false), ElementsAre("M a"));
}

TEST_F(SnapshotTest, InAMergeTheWorkTreeCountsAndTheIndexIsRefused) {
  repo_.Git("checkout -q -b other");
  repo_.Write("a", "theirs\n");
  repo_.Commit("theirs");
  repo_.Git("checkout -q main");
  repo_.Write("a", "ours\n");
  repo_.Commit("ours");
  repo_.Git("merge -q other >/dev/null 2>&1 || true");
  EXPECT_THAT(SnapshotCommit(repo_.path(), true),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("unmerged")));
  EXPECT_THAT(Snapshot(false), ElementsAre("M a"));
  EXPECT_THAT(repo_.Git("show " + snapshot_.ToHex() + ":a"), HasSubstr("<<<<<<<"));
}

TEST_F(SnapshotTest, ChangesInsideASubmoduleChangeTheSnapshot) {
  Repo library(Path("library"));
  library.Write("lib.c", "1\n");
  library.Commit("one");
  repo_.Git("-c protocol.file.allow=always submodule add -q '" + library.path() + "' lib 2>&1");
  repo_.Commit("with submodule");
  EXPECT_THAT(Snapshot(false), IsEmpty());
  repo_.Write("lib/lib.c", "2\n");
  EXPECT_THAT(Snapshot(false), ElementsAre("M lib"));
  const std::string dirty = repo_.Git("rev-parse " + snapshot_.ToHex() + ":lib");
  Shell("cd '" + repo_.path() + "/lib' && git commit -q -a -m two");
  EXPECT_THAT(Snapshot(false), ElementsAre("M lib"));
  const std::string committed = repo_.Git("rev-parse " + snapshot_.ToHex() + ":lib");
  EXPECT_NE(dirty, committed);
  EXPECT_EQ(committed, Shell("git -C '" + repo_.path() + "/lib' rev-parse HEAD"));
}

TEST_F(SnapshotTest, AHooksOwnIndexIsUsed) {
  repo_.Git("read-tree --index-output=.git/other HEAD");
  repo_.Write("a", "in the other index\n");
  Shell("cd '" + repo_.path() + "' && GIT_INDEX_FILE=.git/other git add a");
  EXPECT_THAT(Snapshot(true), IsEmpty());
  setenv("GIT_INDEX_FILE", ".git/other", 1);
  auto id = SnapshotCommit(repo_.path(), true);
  unsetenv("GIT_INDEX_FILE");
  ASSERT_THAT(id, IsOk());
  EXPECT_EQ(repo_.Git("show " + id->ToHex() + ":a"), "in the other index");
}

TEST_F(SnapshotTest, BeforeTheFirstCommit) {
  Repo empty(Path("unborn"));
  empty.Write("f", "x\n");
  auto id = SnapshotCommit(empty.path(), false);
  ASSERT_THAT(id, IsOk());
  auto commit = Open(empty.path())->Commit(*id);
  ASSERT_THAT(commit, IsOk());
  EXPECT_THAT(commit->parents, IsEmpty());
  EXPECT_EQ(empty.Git("show " + id->ToHex() + ":f"), "x");
}

TEST_F(SnapshotTest, ABareRepositoryHasNone) {
  Shell("git clone -q --bare '" + repo_.path() + "' '" + Path("bare.git") + "'");
  EXPECT_THAT(SnapshotCommit(Path("bare.git"), false),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("is bare")));
}

TEST_F(SnapshotTest, ALinkedWorkTreeHasItsOwnState) {
  repo_.Git("worktree add -q '" + Path("linked") + "' HEAD");
  repo_.Write("a", "only in the main work tree\n");
  auto id = SnapshotCommit(Path("linked"), false);
  ASSERT_THAT(id, IsOk());
  EXPECT_EQ(repo_.Git("show " + id->ToHex() + ":a"), "a");
}

}  // namespace
}  // namespace testselect
