// What only the object store in a folder must do.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "absl/strings/str_cat.h"
#include "storage/object_store.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_folder.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace fs = std::filesystem;

std::unique_ptr<ObjectStore> OpenFolder(const std::string& folder) {
  ObjectStoreOptions options;
  options.url = "file://" + folder;
  auto store = OpenObjectStore(options);
  EXPECT_THAT(store, IsOk());
  return *std::move(store);
}

std::set<std::string> FilesBelow(const std::string& folder) {
  std::set<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.insert(fs::relative(entry.path(), folder));
  }
  return files;
}

void MakeFile(const std::string& path) { std::ofstream(path) << "x"; }

void SetAge(const std::string& path, absl::Duration age) {
  const timespec at = absl::ToTimespec(absl::Now() - age);
  const timespec times[2] = {at, at};
  ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
}

TEST(FileObjectStoreTest, AFolderThatIsMissingIsNeverMade) {
  const TemporaryFolder folder;
  const auto store = OpenFolder(folder.Path("mount"));
  const auto missing = StatusIs(absl::StatusCode::kFailedPrecondition,
                                HasSubstr(absl::StrCat("file://", folder.Path("mount"), ": ")));
  EXPECT_THAT(store->Create("key", "x"), missing);
  EXPECT_THAT(store->Get("key"), missing);
  EXPECT_THAT(store->Delete("key"), missing);
  EXPECT_THAT(store->List("", "", 1), missing);
  EXPECT_THAT(store->List("a/b", "", 1), missing);
  EXPECT_FALSE(fs::exists(folder.Path("mount")));
}

TEST(FileObjectStoreTest, LeavesNoFileButTheObject) {
  const TemporaryFolder folder;
  const auto store = OpenFolder(folder.path());
  ASSERT_THAT(store->Create("a/b", "x"), IsOk());
  EXPECT_THAT(store->Create("a/b", "y"), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(FilesBelow(folder.path()), ElementsAre("a/b@"));
}

TEST(FileObjectStoreTest, ListsNothingButObjects) {
  const TemporaryFolder folder;
  const auto store = OpenFolder(folder.path());
  ASSERT_THAT(store->Create("a/b", "x"), IsOk());
  MakeFile(folder.Path("tmp~/0123456789abcdef"));
  MakeFile(folder.Path("README"));
  MakeFile(folder.Path("a/strange name@"));
  fs::create_directories(folder.Path("a/folder@"));
  fs::create_directories(folder.Path("empty/folder"));
  ASSERT_OK_AND_ASSIGN(const auto listed, store->List("", "", 100));
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].key, "a/b");
}

TEST(FileObjectStoreTest, WhatDeadWritersLeftIsRemovedAfterADay) {
  const TemporaryFolder folder;
  fs::create_directories(folder.Path("tmp~"));
  MakeFile(folder.Path("tmp~/old"));
  SetAge(folder.Path("tmp~/old"), absl::Hours(25));
  MakeFile(folder.Path("tmp~/young"));
  SetAge(folder.Path("tmp~/young"), absl::Hours(23));
  ASSERT_THAT(OpenFolder(folder.path())->Create("key", "x"), IsOk());
  EXPECT_THAT(FilesBelow(folder.path()), ElementsAre("key@", "tmp~/young"));
}

TEST(FileObjectStoreTest, AFolderOfMoreNamesThanAreHeldIsListedWhole) {
  const TemporaryFolder folder;
  const auto store = OpenFolder(folder.path());
  fs::create_directories(folder.Path("many"));
  for (int i = 0; i < 9000; ++i) MakeFile(folder.Path(absl::StrCat("many/", i, "@")));
  std::string after;
  std::set<std::string> keys;
  for (;;) {
    ASSERT_OK_AND_ASSIGN(const auto listed, store->List("many/", after, 5000));
    for (const ObjectInfo& info : listed) {
      EXPECT_LT(after, info.key);
      after = info.key;
      keys.insert(info.key);
    }
    if (listed.size() < 5000) break;
  }
  EXPECT_EQ(keys.size(), 9000u);
}

TEST(FileObjectStoreTest, AWriterThatIsKilledLeavesWholeObjectsOnly) {
  const TemporaryFolder folder;
  const auto bytes_of = [](const std::string& key) { return std::string(4 << 20, key.back()); };
  for (int round = 0; round < 4; ++round) {
    int acknowledged[2];
    ASSERT_EQ(pipe(acknowledged), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const auto store = OpenFolder(folder.path());
      for (char c = 'a';; ++c) {
        const std::string key = absl::StrCat("round", round, "/", std::string(1, c));
        if (!store->Create(key, bytes_of(key)).ok() || write(acknowledged[1], &c, 1) != 1) _exit(1);
      }
    }
    close(acknowledged[1]);
    char last = 0;
    for (int i = 0; i <= round; ++i) ASSERT_EQ(read(acknowledged[0], &last, 1), 1);
    kill(child, SIGKILL);  // in the middle of the next
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
    close(acknowledged[0]);
    const std::string last_acknowledged = absl::StrCat("round", round, "/", std::string(1, last));
    const auto store = OpenFolder(folder.path());
    ASSERT_OK_AND_ASSIGN(const auto listed, store->List("", "", 100));
    EXPECT_GE(listed.back().key, last_acknowledged);
    for (const ObjectInfo& info : listed) {
      const auto got = store->Get(info.key);
      ASSERT_THAT(got, IsOk());
      EXPECT_TRUE(*got == bytes_of(info.key)) << info.key;
    }
  }
}

TEST(FileObjectStoreTest, AFullFolderIsToldApart) {
  if (geteuid() != 0) GTEST_SKIP() << "only root may mount a small file system";
  const TemporaryFolder folder;
  if (mount("none", folder.path().c_str(), "tmpfs", 0, "size=64k") != 0) {
    GTEST_SKIP() << "mounting is not allowed here";
  }
  const auto store = OpenFolder(folder.path());
  ASSERT_THAT(store->Create("small", "x"), IsOk());
  EXPECT_THAT(store->Create("large", std::string(1 << 20, 'x')),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("Create large")));
  EXPECT_THAT(store->Get("large"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(FilesBelow(folder.path()), ElementsAre("small@"));
  ASSERT_EQ(mount("none", folder.path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
  EXPECT_THAT(store->Create("other", "x"), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(store->Get("small"), IsOkAndHolds("x"));
  EXPECT_EQ(umount(folder.path().c_str()), 0);
}

}  // namespace
}  // namespace testselect
