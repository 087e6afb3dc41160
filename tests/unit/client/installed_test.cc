#include "client/runners/installed.h"

#include <filesystem>

#include "client/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_folder.h"

namespace testselect::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

TEST(LockedCratesTest, TheWorkspacesOwnCratesAreNone) {
  constexpr char kLock[] =
      "# made by cargo\nversion = 4\n\n[[package]]\nname = \"app\"\nversion = \"1.0.0\"\n"
      "dependencies = [\n \"memchr\",\n]\n\n[[package]]\nname = \"memchr\"\nversion = \"2.7.4\"\n"
      "source = \"registry\"\nchecksum = \"78ca\"\n";
  EXPECT_THAT(LockedCrates(kLock), ElementsAre(HasSubstr("checksum = \"78ca\"")));
  EXPECT_THAT(LockedCrates(""), IsEmpty());
}

TEST(InstalledDigestTest, ItBeginsWithItsKindAndSaysEveryLine) {
  EXPECT_THAT(InstalledDigest("kind:", {"a", "b"}), ::testing::MatchesRegex("kind:[0-9a-f]+"));
  EXPECT_NE(InstalledDigest("kind:", {"a", "b"}), InstalledDigest("kind:", {"a", "c"}));
}

class InstalledNodePackagesTest : public ::testing::Test {
 protected:
  void Write(const std::string& path, const std::string& content = "") {
    const std::filesystem::path file = folder_.Path(path);
    std::filesystem::create_directories(file.parent_path());
    EXPECT_THAT(WriteFileAtomically(file, content), IsOk());
  }
  std::vector<std::string> Read(const std::string& folder = "") {
    return InstalledNodePackages(folder.empty() ? folder_.path() : folder_.Path(folder),
                                 folder_.path());
  }
  void WriteNpm(const std::string& own_version, const std::string& version) {
    Write("node_modules/.package-lock.json",
          "{\"name\": \"app\", \"version\": \"" + own_version +
              "\", \"packages\": {\"packages/own\": {\"version\": \"" + own_version +
              "\"}, \"node_modules/x\": {\"version\": \"" + version + "\"}}}");
  }
  const TemporaryFolder folder_;
};

TEST_F(InstalledNodePackagesTest, OfNpmWhatComesFromElsewhereCounts) {
  WriteNpm("1", "1");
  const auto before = Read();
  EXPECT_THAT(before, SizeIs(1));
  WriteNpm("2", "1");
  EXPECT_EQ(Read(), before);
  EXPECT_EQ(Read("packages/own"), before) << "a folder below finds what lies above it";
  WriteNpm("2", "2");
  EXPECT_NE(Read(), before);
}

TEST_F(InstalledNodePackagesTest, OfPnpmWhatWasTakenCountsAndNotWhatWasAskedFor) {
  Write("node_modules/.pnpm/lock.yaml", "x:\n  specifier: ^1\n  version: 1.2.0\n");
  const auto before = Read();
  EXPECT_THAT(before, Not(IsEmpty()));
  Write("node_modules/.pnpm/lock.yaml", "x:\n  specifier: ^1.1\n  version: 1.2.0\n");
  EXPECT_EQ(Read(), before);
  Write("node_modules/.pnpm/lock.yaml", "x:\n  specifier: ^1.1\n  version: 1.3.0\n");
  EXPECT_NE(Read(), before);
  // A member's folder of links says nothing that the top's does not.
  std::filesystem::create_directories(folder_.Path("packages/a/node_modules/@s"));
  std::filesystem::create_symlink("/tmp", folder_.Path("packages/a/node_modules/@s/x"));
  EXPECT_EQ(Read("packages/a"), Read());
}

TEST_F(InstalledNodePackagesTest, AFolderWithoutARecordLeavesEverythingUnknown) {
  EXPECT_THAT(Read(), IsEmpty());
  WriteNpm("1", "1");
  Write("web/node_modules/y/package.json", "{}");
  EXPECT_THAT(Read("web"), IsEmpty());
  Write("node_modules/.package-lock.json", "no JSON");
  EXPECT_THAT(Read(), IsEmpty());
}

}  // namespace
}  // namespace testselect::client
