// kill -9 at random moments: what was acknowledged is there and whole, and nothing is half there.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <set>
#include <string>

#include "storage/rocksdb_index_store.h"
#include "tests/unit/storage/storage_fixture.h"

namespace testselect {
namespace {

constexpr int kKills = 30;

// Starts a writer, reads `acknowledged` of its acknowledgements, lets it go on for `extra`
// microseconds, and kills it. Returns everything it told.
std::vector<uint32_t> RunAndKill(const std::string& path, uint32_t first, uint32_t acknowledged,
                                 useconds_t extra) {
  // A program of its own: the engine's threads would not survive a mere fork.
  const std::string writer =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / "storage_crash_writer";
  const std::string number = std::to_string(first);
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], 1);
    close(ends[0]);
    close(ends[1]);
    execl(writer.c_str(), writer.c_str(), path.c_str(), number.c_str(), nullptr);
    _exit(127);
  }
  close(ends[1]);
  std::vector<uint32_t> told;
  uint32_t commit;
  while (told.size() < acknowledged && read(ends[0], &commit, sizeof(commit)) == sizeof(commit)) {
    told.push_back(commit);
  }
  usleep(extra);  // where in its work the kill meets it; no condition is waited for
  kill(child, SIGKILL);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the writer ended itself with " << WEXITSTATUS(status);
  while (read(ends[0], &commit, sizeof(commit)) == sizeof(commit)) told.push_back(commit);
  close(ends[0]);
  return told;
}

TEST(RocksDbCrashTest, AcknowledgedUploadsSurviveKills) {
  TempDir dir;
  const std::string path = dir.path() + "/store";
  std::mt19937 random(11);
  std::set<uint32_t> acknowledged, deleted;
  uint32_t next = 0;
  for (int round = 0; round < kKills; ++round) {
    for (uint32_t told : RunAndKill(path, next, random() % 4, random() % 8'000)) {
      if ((told & 0x80000000u) != 0) {
        deleted.insert(told & 0x7FFFFFFFu);
      } else {
        acknowledged.insert(told);
      }
      next = std::max(next, (told & 0x7FFFFFFFu) + 1);
    }
    RocksDbOptions options;
    options.path = path;
    auto store = OpenRocksDbIndexStore(options);
    ASSERT_TRUE(store.ok()) << store.status();
    std::set<uint32_t> present;
    for (uint32_t commit = 0; commit <= next; ++commit) {
      const auto segments = *(*store)->SegmentsAt("repo", Commit(commit));
      if (segments.empty()) continue;
      present.insert(commit);
      const auto segment = (*store)->Open(segments[0].id);
      ASSERT_TRUE(segment.ok()) << segment.status();
      ASSERT_TRUE(Read(**segment) == CrashEvidence(commit)) << "commit " << commit;
    }
    for (uint32_t commit : acknowledged) {
      EXPECT_TRUE(present.contains(commit) || deleted.contains(commit)) << "commit " << commit;
    }
    // At most one commit was under way, unacknowledged.
    next = present.empty() ? 0 : std::max(next, *present.rbegin() + 1);
    next += (5 - next % 5) % 5;  // so that no writer deletes what an earlier one wrote
  }
  EXPECT_GT(acknowledged.size(), 20u);
}

}  // namespace
}  // namespace testselect
