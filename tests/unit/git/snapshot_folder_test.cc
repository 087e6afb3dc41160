// Snapshots of work trees that the server does not see.
#include <filesystem>
#include <fstream>
#include <random>

#include "server/git/open_repository.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/git/git_fixture.h"

namespace testselect {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

namespace fs = std::filesystem;

class SnapshotFolderTest : public GitTest {
 protected:
  SnapshotFolderTest() {
    repo_.Write("a", "a\n");
    repo_.Write("folder/b", "b\n");
    head_ = repo_.Commit("head");
  }
  std::unique_ptr<RepositorySource> Set(const std::string& location, uint64_t max_bytes = 1 << 30) {
    auto set = NewRepositorySet({.repositories = {{"app", location}},
                                 .mirror_dir = Path("mirrors"),
                                 .snapshot_dir = Path("snapshots"),
                                 .snapshot_max_bytes = max_bytes});
    EXPECT_THAT(set, IsOk());
    return set.ok() ? *std::move(set) : nullptr;
  }

  Repo repo_{Path("repo")};
  ObjectId head_;
};

TEST_F(SnapshotFolderTest, IsCalledAsTheWorkTreeCallsIt) {
  repo_.Git("config core.symlinks true");
  repo_.Write("a", "changed\n");
  repo_.Write("new/run.sh", "x\n");
  repo_.Git("rm -q folder/b; chmod +x new/run.sh; ln -s ../a new/link");
  const std::string before = repo_.Git("find .git/objects -type f | wc -l");
  const std::vector<SnapshotFile> files = {{"a", FileType::kRegular, "changed\n"},
                                           {"new/run.sh", FileType::kExecutable, "x\n"},
                                           {"new/link", FileType::kSymlink, "../a"},
                                           {"folder/b", FileType::kNone, ""},
                                           {"never/there", FileType::kNone, ""}};
  for (const std::string& location : {repo_.path(), "file://" + repo_.path()}) {
    auto set = Set(location);
    ASSERT_THAT(set->EnsureCommit("app", head_, absl::Now() + absl::Minutes(1)), IsOk());
    const auto reader = set->Find("app");  // holds handles that were opened before
    ASSERT_THAT(reader, IsOk());
    ASSERT_THAT((*reader)->Commit(head_), IsOk());
    const auto id = set->PutSnapshot("app", head_, files);
    ASSERT_THAT(id, IsOk());
    EXPECT_THAT(set->PutSnapshot("app", head_, files), IsOkAndHolds(*id));
    const auto commit = (*reader)->Commit(*id);
    ASSERT_THAT(commit, IsOk());
    EXPECT_THAT(commit->parents, ElementsAre(head_));
    const auto script = (*reader)->FindInTree(commit->tree, "new/run.sh");
    ASSERT_THAT(script, IsOk());
    EXPECT_THAT((*reader)->ReadBlob((*script)->blob), IsOkAndHolds("x\n"));
    EXPECT_EQ(repo_.Git("find .git/objects -type f | wc -l"), before) << "it is only read";
    EXPECT_THAT(set->EnsureCommit("app", *id, absl::Now() + absl::Minutes(1)), IsOk());
    EXPECT_THAT(SnapshotCommit(repo_.path(), /*staged=*/false), IsOkAndHolds(*id));
    repo_.Git("prune --expire=now");
  }
}

TEST_F(SnapshotFolderTest, FilesMayBecomeFoldersAndFoldersFiles) {
  auto set = Set(repo_.path());
  const auto id = set->PutSnapshot("app", head_,
                                   {{{"a", FileType::kNone, ""},
                                     {"a/x", FileType::kRegular, "x"},
                                     {"folder/b", FileType::kNone, ""},
                                     {"folder", FileType::kRegular, "y"}}});
  ASSERT_THAT(id, IsOk());
  const auto git = *set->Find("app");
  const auto files = git->ListTree(git->Commit(*id)->tree);
  ASSERT_THAT(files, IsOk());
  ASSERT_EQ((*files)->size(), 2u);
  EXPECT_EQ((**files)[0].path, "a/x");
  EXPECT_EQ((**files)[1].path, "folder");
}

TEST_F(SnapshotFolderTest, PathsThatCannotBeInARepositoryAreNamed) {
  auto set = Set(repo_.path());
  for (const std::string& path :
       {std::string("../x"), std::string("/etc/x"), std::string("a//b"), std::string(""),
        std::string("x/.git/config"), std::string(".GIT/hooks/x"), std::string("./a"),
        std::string("a\0b", 3), std::string(5000, 'x')}) {
    EXPECT_THAT(set->PutSnapshot("app", head_, {{{path, FileType::kRegular, "x"}}}),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("files.path")));
  }
  EXPECT_THAT(set->PutSnapshot("app", head_, {{{"sub", FileType::kSubmodule, "xyz"}}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("files.content")));
  const ObjectId nobody = ObjectId::FromBytes((const unsigned char*)"01234567890123456789");
  EXPECT_THAT(set->PutSnapshot("app", nobody, {}), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(set->PutSnapshot("other", head_, {}), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(SnapshotFolderTest, OldObjectsGo) {
  const auto put = [&](const std::string& content) {
    auto set = Set(repo_.path());  // each looks for old ones with its first snapshot
    return *set->PutSnapshot("app", head_, {{{"a", FileType::kRegular, content}}});
  };
  const ObjectId old = put("old\n"), again = put("again\n");
  for (const auto& entry : fs::recursive_directory_iterator(Path("snapshots"))) {
    if (!entry.is_regular_file()) continue;
    fs::permissions(entry.path(), fs::perms::owner_write, fs::perm_options::add);
    fs::last_write_time(entry.path(), fs::file_time_type::clock::now() -
                                          absl::ToChronoHours(kSnapshotsKept) -
                                          std::chrono::hours(1));
  }
  EXPECT_EQ(put("again\n"), again);
  auto set = Set(repo_.path());
  const auto git = *set->Find("app");
  EXPECT_THAT(git->Commit(again), IsOk());
  EXPECT_THAT(git->Commit(old), StatusIs(absl::StatusCode::kNotFound));
}

// Of what cannot be compressed, that the size on disk is known.
std::string Noise(int seed, size_t bytes) {
  std::string text;
  std::mt19937 random(static_cast<uint32_t>(seed));
  while (text.size() < bytes) text += static_cast<char>('!' + random() % 90);
  return text;
}

TEST_F(SnapshotFolderTest, TheOldestGoWhereThereIsNoRoom) {
  auto set = Set(repo_.path(), /*max_bytes=*/100'000);
  std::vector<ObjectId> ids;
  for (int i = 0; i < 10; ++i) {
    ids.push_back(*set->PutSnapshot("app", head_, {{{"a", FileType::kRegular, Noise(i, 30'000)}}}));
    // An hour older than the next.
    for (const auto& entry : fs::recursive_directory_iterator(Path("snapshots"))) {
      if (!entry.is_regular_file()) continue;
      fs::permissions(entry.path(), fs::perms::owner_write, fs::perm_options::add);
      fs::last_write_time(entry.path(), entry.last_write_time() - std::chrono::hours(1));
    }
  }
  uintmax_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(Path("snapshots"))) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  EXPECT_LT(bytes, 130'000u);
  set = Set(repo_.path());
  const auto git = *set->Find("app");
  EXPECT_THAT(git->Commit(ids.front()), StatusIs(absl::StatusCode::kNotFound));
  const auto newest = git->Commit(ids.back());
  ASSERT_THAT(newest, IsOk());
  EXPECT_THAT(git->ReadBlob((*git->FindInTree(newest->tree, "a"))->blob), IsOk());
}

}  // namespace
}  // namespace testselect
