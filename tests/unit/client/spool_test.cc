#include "client/agent/spool.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/time/clock.h"
#include "client/agent/folder_watch.h"
#include "client/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_folder.h"

namespace testselect::client {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SpoolTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto spool = Spool::Open(folder_.Path("spool"));
    ASSERT_THAT(spool, IsOk());
    spool_.emplace(*std::move(spool));
    manifest_.header.set_repository("app");
    manifest_.header.set_commit(std::string(40, 'a'));
    manifest_.header.mutable_job()->set_name("unit/x");
    manifest_.reports = {{"1-cov", "", ""}};
  }
  std::string Write(const std::string& name, const std::string& content) {
    EXPECT_THAT(WriteFileAtomically(folder_.Path(name), content), IsOk());
    return folder_.Path(name);
  }
  std::string Put() {
    const auto name = spool_->Put(manifest_, {Write("cov", "content")});
    EXPECT_THAT(name, IsOk());
    return name.value_or("");
  }
  std::string InSpool(const std::string& path) const { return folder_.Path("spool/" + path); }
  static std::vector<std::string> Names(const std::string& folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  const TemporaryFolder folder_;
  std::optional<Spool> spool_;
  Manifest manifest_;
};

TEST_F(SpoolTest, WhatWasPutIsAnEntry) {
  const std::string name = Put();
  EXPECT_THAT(name, HasSubstr("-unit_x-aaaaaaaaaaaa-"));
  ASSERT_OK_AND_ASSIGN(const SpoolScan scan, spool_->Scan());
  ASSERT_EQ(scan.finished.size(), 1u);
  EXPECT_EQ(scan.finished[0].name, name);
  EXPECT_THAT(scan.unfinished, IsEmpty());
  ASSERT_OK_AND_ASSIGN(const Manifest manifest, spool_->ReadManifest(name));
  EXPECT_EQ(ManifestJson(manifest), ManifestJson(manifest_));
  EXPECT_THAT(ReadFile(spool_->EntryPath(name) + "/1-cov"), IsOkAndHolds("content"));
  // The agent of the same group may move it and remove its reports.
  struct stat info = {};
  ASSERT_EQ(stat(spool_->EntryPath(name).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0770u);
  EXPECT_THAT(Names(InSpool("tmp")), IsEmpty());
}

TEST_F(SpoolTest, AReportThatCannotBeReadLeavesNothing) {
  EXPECT_THAT(spool_->Put(manifest_, {folder_.Path("missing")}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("missing")));
  fs::create_directory(folder_.Path("nothing"));
  EXPECT_THAT(spool_->Put(manifest_, {folder_.Path("nothing")}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is an empty folder")));
  EXPECT_THAT(Names(InSpool("incoming")), IsEmpty());
  EXPECT_THAT(Names(InSpool("tmp")), IsEmpty());
}

TEST_F(SpoolTest, FoldersWithoutAManifestAndWithADotAreNotFinished) {
  fs::create_directory(InSpool("incoming/half"));
  fs::create_directory(InSpool("incoming/.copying"));
  EXPECT_THAT(WriteFileAtomically(InSpool("incoming/.copying/manifest.json"), "{}"), IsOk());
  EXPECT_THAT(WriteFileAtomically(InSpool("incoming/stray"), ""), IsOk());
  fs::create_directory_symlink(folder_.path(), InSpool("incoming/link"));
  ASSERT_OK_AND_ASSIGN(const SpoolScan scan, spool_->Scan());
  EXPECT_THAT(scan.finished, IsEmpty());
  EXPECT_THAT(scan.unfinished, ::testing::UnorderedElementsAre("half", ".copying"));
  EXPECT_THAT(scan.strays, ::testing::UnorderedElementsAre("stray", "link"));
}

TEST_F(SpoolTest, WhatIsDoneKeepsItsManifestAndItsAnswer) {
  const std::string name = Put();
  EXPECT_THAT(spool_->MoveToDone(name, "{}\n"), IsOk());
  EXPECT_THAT(Names(InSpool("done/" + name)), ElementsAre("manifest.json", "result.json"));
  EXPECT_THAT(Names(InSpool("incoming")), IsEmpty());
}

TEST_F(SpoolTest, WhatIsRefusedKeepsEverythingUnderANameOfItsOwn) {
  for (const std::string target : {"twice", "twice~2"}) {
    fs::rename(spool_->EntryPath(Put()), spool_->EntryPath("twice"));
    EXPECT_THAT(spool_->MoveToRefused("twice", "{}\n"), IsOk());
    EXPECT_THAT(Names(InSpool("refused/" + target)),
                ElementsAre("1-cov", "manifest.json", "reason.json"));
  }
  ASSERT_OK_AND_ASSIGN(const SpoolCounts counts, spool_->Count());
  EXPECT_EQ(counts.refused, 2u);
  EXPECT_EQ(counts.done, 0u);
}

TEST_F(SpoolTest, DoneIsBoundedByCountAndAge) {
  for (int i = 0; i < 5; ++i) EXPECT_THAT(spool_->MoveToDone(Put(), "{}"), IsOk());
  EXPECT_THAT(spool_->Trim({.count = 3, .age = absl::Hours(1)}, absl::Now()), IsOk());
  EXPECT_EQ(Names(InSpool("done")).size(), 3u);
  EXPECT_THAT(spool_->Trim({.count = 3, .age = absl::Hours(1)}, absl::Now() + absl::Hours(2)),
              IsOk());
  EXPECT_THAT(Names(InSpool("done")), IsEmpty());
  // What a writer left behind goes after a day.
  fs::create_directory(InSpool("tmp/left"));
  EXPECT_THAT(spool_->Trim({}, absl::Now()), IsOk());
  EXPECT_THAT(Names(InSpool("tmp")), ElementsAre("left"));
  EXPECT_THAT(spool_->Trim({}, absl::Now() + absl::Hours(25)), IsOk());
  EXPECT_THAT(Names(InSpool("tmp")), IsEmpty());
}

TEST_F(SpoolTest, OneAgentForEachSpool) {
  ASSERT_OK_AND_ASSIGN(const int lock, spool_->Lock());
  EXPECT_THAT(spool_->Lock(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("another agent")));
  close(lock);
  ASSERT_OK_AND_ASSIGN(const int again, spool_->Lock());
  close(again);
}

TEST_F(SpoolTest, TheWatchTellsOfEntriesAndOfManifests) {
  ASSERT_OK_AND_ASSIGN(FolderWatch watch, FolderWatch::Create());
  ASSERT_THAT(watch.Add(spool_->incoming()), IsOk());
  const auto happened = [&] {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(watch.fd(), &set);
    timeval now = {};
    const bool news = select(watch.fd() + 1, &set, nullptr, nullptr, &now) == 1;
    EXPECT_THAT(watch.Drain(), IsOkAndHolds(true));
    return news;
  };
  EXPECT_FALSE(happened());
  Put();
  EXPECT_TRUE(happened());
  fs::create_directory(InSpool("incoming/late"));
  EXPECT_TRUE(happened());
  bool added = false;
  ASSERT_THAT(watch.Follow({spool_->EntryPath("late")}, &added), IsOk());
  EXPECT_TRUE(added);
  EXPECT_FALSE(happened());
  EXPECT_THAT(WriteFileAtomically(InSpool("incoming/late/manifest.json"), "{}"), IsOk());
  EXPECT_TRUE(happened());
  ASSERT_THAT(watch.Follow({spool_->EntryPath("late")}, &added), IsOk());
  EXPECT_FALSE(added);
  ASSERT_THAT(watch.Follow({spool_->EntryPath("gone")}, &added), IsOk());
  EXPECT_FALSE(added);
}

TEST_F(SpoolTest, TheWatchTellsWhenMoreHappenedThanIsKept) {
  int kept = 0;
  ASSERT_TRUE(
      absl::SimpleAtoi(ReadFile("/proc/sys/fs/inotify/max_queued_events").value_or("0"), &kept));
  ASSERT_GT(kept, 0);
  if (kept > 100'000) GTEST_SKIP() << kept << " events are kept";
  ASSERT_OK_AND_ASSIGN(FolderWatch watch, FolderWatch::Create());
  ASSERT_THAT(watch.Add(spool_->incoming()), IsOk());
  const std::string names[] = {spool_->EntryPath("a"), spool_->EntryPath("b")};
  ASSERT_EQ(mkdir(names[0].c_str(), 0700), 0);
  for (int i = 0; i <= kept; ++i) {  // each differs from the one before, and is kept
    ASSERT_EQ(rename(names[i % 2].c_str(), names[(i + 1) % 2].c_str()), 0);
  }
  EXPECT_THAT(watch.Drain(), IsOkAndHolds(false));
  EXPECT_THAT(watch.Drain(), IsOkAndHolds(true));
}

}  // namespace
}  // namespace testselect::client
