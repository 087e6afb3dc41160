#include "client/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace testselect::client {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class FilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = ::testing::TempDir() + "files-XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string Path(const std::string& name) const { return (folder_ / name).string(); }
  size_t Entries() const {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  fs::path folder_;
};

TEST_F(FilesTest, WritesAndReads) {
  const std::string content("a\0b\n", 4);
  ASSERT_THAT(WriteFileAtomically(Path("f"), content), IsOk());
  EXPECT_THAT(ReadFile(Path("f")), IsOkAndHolds(content));
  EXPECT_EQ(Entries(), 1u);
}

TEST_F(FilesTest, ReplacesWholeAndLeavesNothingBeside) {
  ASSERT_THAT(WriteFileAtomically(Path("f"), "a long first content"), IsOk());
  const int old_file = open(Path("f").c_str(), O_RDONLY);
  ASSERT_THAT(WriteFileAtomically(Path("f"), "new"), IsOk());
  EXPECT_THAT(ReadFile(Path("f")), IsOkAndHolds("new"));
  // Whoever has the old file open still sees all of it.
  char buffer[64];
  EXPECT_EQ(read(old_file, buffer, sizeof(buffer)), 20);
  close(old_file);
  EXPECT_EQ(Entries(), 1u);
}

TEST_F(FilesTest, WritesThroughLinksAndSpecialFiles) {
  ASSERT_THAT(WriteFileAtomically(Path("real"), "x"), IsOk());
  fs::create_symlink("real", Path("link"));
  ASSERT_THAT(WriteFileAtomically(Path("link"), "y"), IsOk());
  EXPECT_TRUE(fs::is_symlink(Path("link")));
  EXPECT_THAT(ReadFile(Path("real")), IsOkAndHolds("y"));
  EXPECT_THAT(WriteFileAtomically("/dev/null", "y"), IsOk());
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST_F(FilesTest, NewFilesFollowTheUmask) {
  const mode_t before = umask(027);
  ASSERT_THAT(WriteFileAtomically(Path("f"), "x"), IsOk());
  umask(before);
  struct stat info = {};
  ASSERT_EQ(stat(Path("f").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0640u);
}

TEST_F(FilesTest, ErrorsNameTheFile) {
  EXPECT_THAT(ReadFile(Path("missing")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(Path("missing"))));
  EXPECT_THAT(ReadFile(folder_.string()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is a directory")));
  EXPECT_THAT(WriteFileAtomically(Path("no/such"), "x"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no/such")));
}

}  // namespace
}  // namespace testselect::client
