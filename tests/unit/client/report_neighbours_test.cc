#include "client/report_neighbours.h"

#include <filesystem>
#include <fstream>

#include "client/files.h"
#include "client/upload_client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_folder.h"

namespace testselect::client {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kDocument[] =
    "<?xml version='1.0'?><phpunit xmlns='https://schema.phpunit.de/coverage/1.0'>";

class ReportNeighboursTest : public ::testing::Test {
 protected:
  ReportNeighboursTest() {
    fs::create_directories(folder_.Path("xml/Sub"));
    for (const char* name : {"xml/index.xml", "xml/A.php.xml", "xml/Sub/B.php.xml"}) {
      std::ofstream(folder_.Path(name)) << kDocument;
    }
    std::ofstream(folder_.Path("xml/notes.txt")) << "private";
  }
  bool HasNeighbours(const std::string& name, const std::vector<std::string>& others = {},
                     const std::string& format = "") {
    std::vector<std::string> all = {folder_.Path(name)};
    for (const std::string& other : others) all.push_back(folder_.Path(other));
    return FindNeighbours(all[0], format, all).any();
  }
  const TemporaryFolder folder_;
};

TEST_F(ReportNeighboursTest, AnIndexAloneBringsItsDocumentsAndNothingElse) {
  ASSERT_OK_AND_ASSIGN(const PreparedReports reports,
                       PreparedReports::Open({{.path = folder_.Path("xml/index.xml"),
                                               .format = "",
                                               .label = "",
                                               .with_neighbours = true}}));
  EXPECT_EQ(reports.name(0), folder_.Path("xml"));
  ASSERT_OK_AND_ASSIGN(const std::string packed, ReadFile(reports.file(0)));
  EXPECT_THAT(packed, HasSubstr("index.xml"));
  EXPECT_THAT(packed, HasSubstr("A.php.xml"));
  EXPECT_THAT(packed, HasSubstr("Sub/B.php.xml"));
  EXPECT_THAT(packed, Not(HasSubstr("private")));
}

TEST_F(ReportNeighboursTest, ReportsOfOthersAreSentAsTheyAre) {
  ASSERT_OK_AND_ASSIGN(const PreparedReports reports,
                       PreparedReports::Open({{folder_.Path("xml/index.xml"), "", "", false}}));
  EXPECT_EQ(reports.file(0), folder_.Path("xml/index.xml"));
}

TEST_F(ReportNeighboursTest, OnlyWhatIsAloneAndIncompleteHasNeighbours) {
  EXPECT_TRUE(HasNeighbours("xml/index.xml"));
  EXPECT_TRUE(HasNeighbours("xml/index.xml", {}, "phpunit-xml"));
  EXPECT_FALSE(HasNeighbours("xml/index.xml", {}, "junit-xml"));
  EXPECT_FALSE(HasNeighbours("xml/index.xml", {"xml/A.php.xml"}));
  EXPECT_FALSE(HasNeighbours("xml/A.php.xml"));
  EXPECT_FALSE(HasNeighbours("xml/notes.txt"));
  EXPECT_FALSE(HasNeighbours("xml"));
  EXPECT_FALSE(HasNeighbours("missing"));
}

TEST_F(ReportNeighboursTest, ADatabaseBringsItsWriteAheadLog) {
  const std::string path = folder_.Path("xml/.testmondata");
  std::ofstream(path) << "SQLite format 3" << '\0' << "base";
  EXPECT_FALSE(HasNeighbours("xml/.testmondata"));
  std::ofstream(path + "-wal") << "the log";
  EXPECT_TRUE(HasNeighbours("xml/.testmondata", {"xml/index.xml"}, "testmon-sqlite"));
  ASSERT_OK_AND_ASSIGN(
      const PreparedReports reports,
      PreparedReports::Open({{.path = path, .format = "", .label = "", .with_neighbours = true}}));
  ASSERT_OK_AND_ASSIGN(const std::string packed, ReadFile(reports.file(0)));
  EXPECT_THAT(packed, HasSubstr("the log"));
  EXPECT_THAT(packed, HasSubstr("base"));
  EXPECT_THAT(packed, Not(HasSubstr("index.xml")));
}

TEST_F(ReportNeighboursTest, TheFolderOfAReport) {
  EXPECT_EQ(FolderOfReport("b"), ".");
  EXPECT_EQ(FolderOfReport("a/b"), "a");
  EXPECT_EQ(FolderOfReport("/b"), "/");
}

}  // namespace
}  // namespace testselect::client
