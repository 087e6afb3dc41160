#include <algorithm>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/git/git_fixture.h"

namespace testselect {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// `n` distinct lines that begin with `word`.
std::string Lines(const std::string& word, int n) {
  std::string text;
  for (int i = 0; i < n; ++i) absl::StrAppend(&text, word, " line ", i, "\n");
  return text;
}

class TreeDiffTest : public GitTest {
 protected:
  Repo repo_{Path("repo")};
};

TEST_F(TreeDiffTest, TellsAddedDeletedAndModifiedByPath) {
  repo_.Write("src/keep.py", "same\n");
  repo_.Write("src/edit.py", "one\n");
  repo_.Write("src/gone.py", Lines("gone", 20));
  repo_.Commit("old");
  repo_.Write("src/edit.py", "two\n");
  repo_.Write("a.py", Lines("new", 20));
  repo_.Git("rm -q src/gone.py");
  repo_.Commit("new");
  auto git = Open(repo_.path());
  EXPECT_THAT(DiffOf(*git, repo_.Tree("HEAD~1"), repo_.Tree("HEAD")),
              ElementsAre("A a.py", "M src/edit.py", "D src/gone.py"));
  auto changes = git->DiffTrees(repo_.Tree("HEAD~1"), repo_.Tree("HEAD"));
  ASSERT_THAT(changes, IsOk());
  const FileChange& edit = (**changes)[1];
  EXPECT_EQ(edit.old_blob, repo_.Id("HEAD~1:src/edit.py"));
  EXPECT_EQ(edit.new_blob, repo_.Id("HEAD:src/edit.py"));
  EXPECT_TRUE((**changes)[0].old_blob.IsNull());
  EXPECT_EQ((**changes)[0].old_type, FileType::kNone);
}

TEST_F(TreeDiffTest, EqualTreesHaveNoChangeAndTheNullTreeIsEmpty) {
  repo_.Write("a", "x\n");
  repo_.Write("b/c", "y\n");
  repo_.Commit("one");
  auto git = Open(repo_.path());
  EXPECT_THAT(DiffOf(*git, repo_.Tree("HEAD"), repo_.Tree("HEAD")), IsEmpty());
  EXPECT_THAT(DiffOf(*git, ObjectId(), repo_.Tree("HEAD")), ElementsAre("A a", "A b/c"));
  EXPECT_THAT(DiffOf(*git, repo_.Tree("HEAD"), ObjectId()), ElementsAre("D a", "D b/c"));
}

TEST_F(TreeDiffTest, AFileThatBecomesAFolderIsDeletedAndAdded) {
  repo_.Write("a", Lines("file", 9));
  repo_.Write("a.b", "between\n");
  repo_.Write("a0", "after\n");
  repo_.Commit("old");
  repo_.Git("rm -q a");
  repo_.Write("a/inner", Lines("other", 9));
  repo_.Commit("new");
  EXPECT_THAT(DiffOf(*Open(repo_.path()), repo_.Tree("HEAD~1"), repo_.Tree("HEAD")),
              ElementsAre("D a", "A a/inner"));
}

TEST_F(TreeDiffTest, ModesLinksAndSubmodules) {
  repo_.Write("run.sh", "echo\n");
  repo_.Write("plain", "target\n");
  repo_.Write("edit.sh", "a\n");
  repo_.Commit("old");
  repo_.Git("update-index --chmod=+x run.sh edit.sh");
  Shell("cd '" + repo_.path() + "' && chmod +x run.sh edit.sh && rm plain && ln -s target plain");
  repo_.Write("edit.sh", "b\n");
  const std::string head = repo_.Id("HEAD").ToHex();
  repo_.Git("update-index --add --cacheinfo 160000," + head + ",lib");
  repo_.Git("add run.sh edit.sh plain");
  repo_.Git("commit -q -m new");
  auto git = Open(repo_.path());
  EXPECT_THAT(DiffOf(*git, repo_.Tree("HEAD~1"), repo_.Tree("HEAD")),
              ElementsAre("M edit.sh (file to executable)", "A lib", "T plain (file to link)",
                          "M run.sh (file to executable)"));
  auto files = git->ListTree(repo_.Tree("HEAD"));
  ASSERT_THAT(files, IsOk());
  EXPECT_EQ((**files)[1].path, "lib");
  EXPECT_EQ((**files)[1].type, FileType::kSubmodule);
  EXPECT_EQ((**files)[1].blob.ToHex(), head);
}

TEST_F(TreeDiffTest, FindsRenamesWithAndWithoutEdits) {
  repo_.Write("lib/moved.py", Lines("moved", 30));
  repo_.Write("lib/edited.py", Lines("edited", 30));
  repo_.Write("lib/unlike.py", Lines("unlike", 30));
  repo_.Commit("old");
  repo_.Git("rm -q -r lib");
  repo_.Write("pkg/moved.py", Lines("moved", 30));
  repo_.Write("pkg/renamed.py", Lines("edited", 27) + "one\nmore\n");
  repo_.Write("pkg/unlike.py", Lines("nothing in common with", 30));
  repo_.Commit("new");
  EXPECT_THAT(DiffOf(*Open(repo_.path()), repo_.Tree("HEAD~1"), repo_.Tree("HEAD")),
              ElementsAre("D lib/unlike.py", "R lib/moved.py -> pkg/moved.py",
                          "R lib/edited.py -> pkg/renamed.py edited", "A pkg/unlike.py"));
}

TEST_F(TreeDiffTest, EqualFilesArePairedByBaseNameFirst) {
  for (const char* name : {"a", "b", "c"})
    repo_.Write(absl::StrCat("old/", name, ".txt"), "same\n");
  repo_.Commit("old");
  repo_.Git("rm -q -r old");
  for (const char* name : {"0", "c", "a"})
    repo_.Write(absl::StrCat("new/", name, ".txt"), "same\n");
  repo_.Commit("new");
  EXPECT_THAT(DiffOf(*Open(repo_.path()), repo_.Tree("HEAD~1"), repo_.Tree("HEAD")),
              ElementsAre("R old/b.txt -> new/0.txt", "R old/a.txt -> new/a.txt",
                          "R old/c.txt -> new/c.txt"));
}

TEST_F(TreeDiffTest, PathsAreBytes) {
  const std::string name = "caf\xe9\n.py";  // Latin-1, and a line feed
  repo_.Write("x", "x\n");
  repo_.Commit("old");
  repo_.Write(name, "y\n");
  repo_.Commit("new");
  EXPECT_THAT(DiffOf(*Open(repo_.path()), repo_.Tree("HEAD~1"), repo_.Tree("HEAD")),
              ElementsAre("A " + name));
}

TEST_F(TreeDiffTest, SquashedHistoryWithTheSameTreeHasNoChange) {
  repo_.Write("a", "1\n");
  const ObjectId base = repo_.Commit("base");
  repo_.Write("a", "2\n");
  repo_.Commit("step");
  repo_.Write("a", "3\n");
  const ObjectId tip = repo_.Commit("tip");
  repo_.Git("checkout -q -b squashed " + base.ToHex());
  repo_.Write("a", "3\n");
  const ObjectId squashed = repo_.Commit("squash");
  auto git = Open(repo_.path());
  ASSERT_OK_AND_ASSIGN(CommitInfo one, git->Commit(tip));
  ASSERT_OK_AND_ASSIGN(CommitInfo other, git->Commit(squashed));
  EXPECT_NE(one.id, other.id);
  EXPECT_EQ(one.tree, other.tree);
  EXPECT_THAT(DiffOf(*git, one.tree, other.tree), IsEmpty());
}

// Every file of a tree, as git lists them.
TEST_F(TreeDiffTest, ListTreeIsWhatGitLists) {
  for (const char* f : {"a.b", "a/b", "a/c/d", "a0", "z"}) repo_.Write(f, f);
  repo_.Commit("one");
  auto git = Open(repo_.path());
  auto files = git->ListTree(repo_.Tree("HEAD"));
  ASSERT_THAT(files, IsOk());
  std::vector<std::string> paths;
  for (const TreeEntry& e : **files) {
    paths.push_back(e.path);
    EXPECT_EQ(e.blob, repo_.Id("HEAD:" + e.path));
  }
  EXPECT_THAT(paths, ElementsAre("a.b", "a/b", "a/c/d", "a0", "z"));
}

// A seeded history of many kinds of edits: the changed paths are those of `git diff-tree`.
TEST_F(TreeDiffTest, OneFileOfATreeByItsPath) {
  repo_.Write("a/b/c.txt", "x\n");
  repo_.Write("a.txt", "y\n");
  repo_.Commit("one");
  auto git = Open(repo_.path());
  const ObjectId tree = repo_.Tree("HEAD");
  auto found = git->FindInTree(tree, "a/b/c.txt");
  ASSERT_THAT(found, IsOk());
  ASSERT_TRUE(found->has_value());
  EXPECT_EQ((*found)->blob, repo_.Id("HEAD:a/b/c.txt"));
  EXPECT_EQ((*found)->path, "a/b/c.txt");
  for (const char* path : {"a", "a/b", "a.txt/b", "b", "a/b/c.txt/d", ""}) {
    found = git->FindInTree(tree, path);
    ASSERT_THAT(found, IsOk());
    EXPECT_FALSE(found->has_value()) << path;
  }
  EXPECT_FALSE(git->FindInTree(repo_.Id("HEAD:a.txt"), "x").ok());
}

TEST_F(TreeDiffTest, AgreesWithGitOnARandomHistory) {
  uint64_t state = 42;
  auto random = [&state](uint64_t n) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % n;
  };
  auto name = [&] { return absl::StrCat("d", random(4), "/e", random(3), "/f", random(8)); };
  for (int commit = 0; commit < 12; ++commit) {
    for (int edit = 0; edit < 15; ++edit) {
      const std::string path = name();
      if (random(4) == 0) {
        Shell("rm -rf '" + repo_.path() + "/" + path + "'");
      } else {
        repo_.Write(path, Lines(absl::StrCat("w", random(100)), 1 + static_cast<int>(random(9))));
      }
    }
    repo_.Commit("step");
  }
  auto git = Open(repo_.path());
  for (int back = 1; back < 12; ++back) {
    const std::string old_rev = absl::StrCat("HEAD~", back);
    std::set<std::string> want, got;
    const std::string listed =
        repo_.Git("diff-tree -r --no-renames --name-only " + old_rev + " HEAD");
    for (absl::string_view path : absl::StrSplit(listed, '\n', absl::SkipEmpty())) {
      want.emplace(path);
    }
    auto changes = git->DiffTrees(repo_.Tree(old_rev), repo_.Tree("HEAD"));
    ASSERT_THAT(changes, IsOk());
    for (const FileChange& c : **changes) {
      if (!c.old_path.empty()) got.insert(c.old_path);
      if (!c.new_path.empty()) got.insert(c.new_path);
    }
    EXPECT_EQ(got, want) << old_rev;
  }
}

TEST_F(TreeDiffTest, ManyThreadsGetEqualAnswers) {
  for (int i = 0; i < 40; ++i) repo_.Write(absl::StrCat("f", i), Lines("x", i + 1));
  repo_.Commit("old");
  for (int i = 0; i < 40; i += 2) repo_.Write(absl::StrCat("f", i), Lines("y", i + 1));
  repo_.Commit("new");
  const ObjectId old_tree = repo_.Tree("HEAD~1"), new_tree = repo_.Tree("HEAD");
  const std::vector<std::string> want = DiffOf(*Open(repo_.path()), old_tree, new_tree);
  auto git = Open(repo_.path());
  std::vector<std::vector<std::string>> got(8);
  std::vector<std::thread> threads;
  for (auto& mine : got) {
    threads.emplace_back([&git, &mine, &old_tree, &new_tree] {
      for (int round = 0; round < 20; ++round) {
        auto changes = git->DiffTrees(old_tree, new_tree);
        if (!changes.ok()) return;
        mine = Describe(**changes);
        for (const FileChange& c : **changes) {
          if (!git->DiffBlobs(c.old_blob, c.new_blob).ok()) mine.push_back("failed " + c.new_path);
        }
      }
    });
  }
  for (std::thread& t : threads) t.join();
  for (const auto& mine : got) EXPECT_EQ(mine, want);
}

}  // namespace
}  // namespace testselect
