// What is asked of a repository and is not there, is something else, or is broken.

#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/git/open_repository.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/git/git_fixture.h"

namespace testselect {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr char kNobody[] = "0123456789012345678901234567890123456789";

class ErrorsTest : public GitTest {
 protected:
  ErrorsTest() {
    repo_.Write("f", "one\n");
    repo_.Commit("first");
    repo_.Write("f", "two\n");
    repo_.Commit("second");
  }
  static ObjectId Nobody() { return *ObjectId::FromHex("id", kNobody); }
  std::string Prefix() const { return "repository '" + repo_.path() + "': "; }

  // Puts `content` where the loose object `id` is stored.
  void Overwrite(const ObjectId& id, const std::string& content) {
    const std::string hex = id.ToHex();
    const std::string file =
        absl::StrCat(repo_.path(), "/.git/objects/", hex.substr(0, 2), "/", hex.substr(2));
    ASSERT_TRUE(std::filesystem::exists(file));
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    std::ofstream(file, std::ios::binary | std::ios::trunc) << content;
  }

  Repo repo_{Path("repo")};
};

TEST_F(ErrorsTest, UnknownCommitIsNamedWithItsRepository) {
  auto git = Open(repo_.path());
  EXPECT_THAT(git->Commit(Nobody()),
              StatusIs(absl::StatusCode::kNotFound, Prefix() + "there is no commit " + kNobody));
  EXPECT_THAT(git->ReadBlob(Nobody()),
              StatusIs(absl::StatusCode::kNotFound, Prefix() + "there is no blob " + kNobody));
  EXPECT_THAT(git->ListTree(Nobody()), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(git->DiffTrees(Nobody(), repo_.Tree("HEAD")), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(git->DiffBlobs(Nobody(), repo_.Id("HEAD:f")), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(git->IsAncestor(Nobody(), repo_.Id("HEAD")), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(git->WalkAncestors(
                  Nobody(), [](const CommitInfo&, uint32_t) { return true; }, nullptr),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ErrorsTest, AnIdOfAnotherTypeSaysWhatItNames) {
  auto git = Open(repo_.path());
  const ObjectId blob = repo_.Id("HEAD:f"), tree = repo_.Tree("HEAD"), commit = repo_.Id("HEAD");
  EXPECT_THAT(git->Commit(blob), StatusIs(absl::StatusCode::kInvalidArgument,
                                          Prefix() + blob.ToHex() + " names a blob, not a commit"));
  EXPECT_THAT(git->ListTree(commit),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       Prefix() + commit.ToHex() + " names a commit, not a tree"));
  EXPECT_THAT(git->DiffTrees(tree, blob), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(git->DiffBlobs(tree, blob), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(git->ReadBlob(tree), StatusIs(absl::StatusCode::kInvalidArgument));
  repo_.Git("tag -a -m note v1 HEAD");
  EXPECT_THAT(git->Commit(repo_.Id("v1")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("names a tag, not a commit")));
}

TEST_F(ErrorsTest, AShallowCloneSaysSo) {
  Shell("git clone -q --depth 1 'file://" + repo_.path() + "' '" + Path("shallow") + "'");
  EXPECT_THAT(Open(Path("shallow"))->Commit(repo_.Id("HEAD~1")),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr("the clone is shallow"), HasSubstr("--unshallow"),
                             HasSubstr("fetch-depth"), HasSubstr(repo_.Id("HEAD~1").ToHex()))));
  EXPECT_THAT(ResolveRevision(Path("shallow"), "HEAD~1"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("the clone is shallow")));
}

TEST_F(ErrorsTest, APartialCloneSaysSo) {
  repo_.Git("config uploadpack.allowFilter true");
  Shell("git clone -q --no-checkout --filter=blob:none 'file://" + repo_.path() + "' '" +
        Path("partial") + "'");
  auto git = Open(Path("partial"));
  EXPECT_THAT(git->Commit(repo_.Id("HEAD~1")), IsOk());
  EXPECT_THAT(DiffOf(*git, repo_.Tree("HEAD~1"), repo_.Tree("HEAD")), testing::ElementsAre("M f"));
  EXPECT_THAT(git->ReadBlob(repo_.Id("HEAD~1:f")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("the clone is partial")));
}

TEST_F(ErrorsTest, BrokenObjectsAreDataLoss) {
  const ObjectId empty = repo_.Id("HEAD:f"), garbled = repo_.Id("HEAD~1:f");
  Overwrite(empty, "");
  Overwrite(garbled, "this is no zlib stream");
  auto git = Open(repo_.path());
  EXPECT_THAT(git->ReadBlob(garbled),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr(garbled.ToHex())));
  EXPECT_THAT(git->ReadBlob(empty), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(git->DiffBlobs(garbled, empty), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(ErrorsTest, AnObjectWithAnotherObjectsContentIsDataLoss) {
  const std::string hex = repo_.Id("HEAD~1:f").ToHex();
  std::ifstream in(repo_.path() + "/.git/objects/" + hex.substr(0, 2) + "/" + hex.substr(2));
  const std::string other((std::istreambuf_iterator<char>(in)), {});
  const ObjectId victim = repo_.Id("HEAD:f");
  Overwrite(victim, other);
  EXPECT_THAT(Open(repo_.path())->ReadBlob(victim), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(ErrorsTest, AMissingParentInAFullCloneIsAnErrorOfTheWalk) {
  const std::string hex = repo_.Id("HEAD~1").ToHex();
  const ObjectId head = repo_.Id("HEAD");
  std::filesystem::remove(repo_.path() + "/.git/objects/" + hex.substr(0, 2) + "/" + hex.substr(2));
  bool shallow = true;
  EXPECT_THAT(Open(repo_.path())
                  ->WalkAncestors(
                      head, [](const CommitInfo&, uint32_t) { return true; }, &shallow),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(hex)));
  EXPECT_FALSE(shallow);
}

TEST_F(ErrorsTest, NoRepository) {
  std::filesystem::create_directories(Path("empty"));
  EXPECT_THAT(OpenGitRepository(Path("empty")), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(OpenGitRepository(Path("missing")), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(FindRepositoryTop(Path("empty")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no git repository at")));
  EXPECT_THAT(ResolveRevision(Path("empty"), "HEAD"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ErrorsTest, TheTopIsFoundFromBelow) {
  repo_.Write("a/b/c", "x\n");
  EXPECT_THAT(FindRepositoryTop(repo_.path() + "/a/b"), IsOkAndHolds(repo_.path()));
  EXPECT_THAT(FindRepositoryTop(repo_.path() + "/.git"), IsOkAndHolds(repo_.path()));
  Shell("git clone -q --bare '" + repo_.path() + "' '" + Path("bare.git") + "'");
  EXPECT_THAT(FindRepositoryTop(Path("bare.git")), IsOkAndHolds(Path("bare.git")));
}

TEST_F(ErrorsTest, AlternatesLinkedWorkTreesAndRepacksAreRead) {
  Shell("git clone -q --shared '" + repo_.path() + "' '" + Path("borrower") + "'");
  EXPECT_THAT(Open(Path("borrower"))->ReadBlob(repo_.Id("HEAD:f")), IsOkAndHolds("two\n"));
  repo_.Git("worktree add -q '" + Path("linked") + "' HEAD~1");
  EXPECT_THAT(FindRepositoryTop(Path("linked")), IsOkAndHolds(Path("linked")));
  auto git = Open(Path("linked"));
  EXPECT_THAT(git->ReadBlob(repo_.Id("HEAD:f")), IsOkAndHolds("two\n"));
  EXPECT_FALSE(git->IsShallow());
  repo_.Git("gc -q --prune=now");  // under the open handle
  EXPECT_THAT(git->ReadBlob(repo_.Id("HEAD~1:f")), IsOkAndHolds("one\n"));
}

// The service usually runs as another user than the one who cloned.
TEST_F(ErrorsTest, ARepositoryOfAnotherOwnerIsRead) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  const ObjectId blob = repo_.Id("HEAD:f");
  Shell("chown -R 12345:12345 '" + repo_.path() + "'");
  EXPECT_THAT(Open(repo_.path())->ReadBlob(blob), IsOkAndHolds("two\n"));
}

// 2^40 files from 40 small trees.
TEST_F(ErrorsTest, ATreeBombIsRefused) {
  std::string tree = repo_.Tree("HEAD").ToHex();
  for (int i = 0; i < 40; ++i) {
    tree = repo_.Git("mktree <<END\n040000 tree " + tree + "\ta\n040000 tree " + tree + "\tb\nEND");
  }
  auto git = Open(repo_.path());
  const ObjectId bomb = *ObjectId::FromHex("tree", tree);
  EXPECT_THAT(git->ListTree(bomb), StatusIs(absl::StatusCode::kResourceExhausted,
                                            HasSubstr("more than 10000000 entries")));
}

TEST_F(ErrorsTest, ASha256RepositoryIsRefused) {
  Shell("git init -q --object-format=sha256 '" + Path("sha256") + "'");
  EXPECT_THAT(OpenGitRepository(Path("sha256")),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("sha256")));
}

}  // namespace
}  // namespace testselect
