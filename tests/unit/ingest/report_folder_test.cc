// Reports that are folders: an archive of reports of their own, and of reports of several files.
#include <fcntl.h>
#include <sqlite3.h>

#include <filesystem>

#include "gmock/gmock.h"
#include "server/ingest/report_archive.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/ingest/evidence_map.h"
#include "tests/unit/ingest/report_files.h"

namespace testselect {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;

constexpr char kJUnit[] = "<testsuite><testcase classname='s' name='one' time='1'/></testsuite>";

std::string Lcov(const std::string& file) { return "SF:" + file + "\nDA:1,1\nend_of_record\n"; }

class ReportFolderTest : public ReportFilesTest {
 protected:
  using Files = std::vector<std::pair<std::string, std::string>>;
  ReportFile Folder(const Files& files, std::string format = "", std::string label = "") {
    const fs::path top = folder_ / absl::StrCat("folder", ++count_);
    for (const auto& [name, content] : files) {
      fs::create_directories((top / name).parent_path());
      std::ofstream(top / name, std::ios::binary) << content;
    }
    const std::string file = top.string() + ".tar";
    const int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    EXPECT_THAT(PackFolder(top.string(), fd), IsOk());
    close(fd);
    return {file, "all/", std::move(format), std::move(label), false};
  }
  absl::StatusOr<IngestResult> Parse(const std::vector<ReportFile>& reports) {
    return ParseUpload(reports, Options());
  }

  absl::StatusOr<std::string> Content(const std::string& name) const {
    std::ifstream in(folder_ / name, std::ios::binary);
    if (!in) return absl::NotFoundError(name);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }

 private:
  int count_ = 0;
};

TEST_F(ReportFolderTest, EachFileIsAReportOfItsOwn) {
  ASSERT_OK_AND_ASSIGN(
      const auto result,
      Parse({Folder({{"a.info", Lcov("a.c")}, {"sub/b.info", Lcov("b.c")}}, "", "t")}));
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map, Decode(result.content));
  EXPECT_THAT(map.files, ElementsAre("a.c", "b.c"));
  EXPECT_THAT(result.summary.formats, ElementsAre("lcov"));
  EXPECT_THAT(result.summary.warnings, IsEmpty());
}

// What a program that was not closed leaves behind: most of it is in the log.
TEST_F(ReportFolderTest, TheWriteAheadLogBesideADatabaseIsPartOfIt) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open((folder_ / "live").c_str(), &db), SQLITE_OK);
  const auto run = [&](const char* sql) {
    ASSERT_EQ(sqlite3_exec(db, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
  };
  run("PRAGMA journal_mode = WAL; CREATE TABLE test_execution (id INTEGER PRIMARY KEY, "
      "environment_id INTEGER, test_name TEXT, duration FLOAT, failed BIT, forced BIT); CREATE "
      "TABLE file_fp (id INTEGER PRIMARY KEY, filename TEXT); CREATE TABLE test_execution_file_fp "
      "(test_execution_id INTEGER, fingerprint_id INTEGER); PRAGMA user_version = 14; INSERT INTO "
      "test_execution VALUES (1, 1, 'old', 1, 0, 0); PRAGMA wal_checkpoint");
  run("INSERT INTO test_execution VALUES (2, 1, 'new', 1, 0, 0)");
  ASSERT_OK_AND_ASSIGN(const std::string base, Content("live"));
  ASSERT_OK_AND_ASSIGN(const std::string log, Content("live-wal"));
  sqlite3_close(db);
  ASSERT_OK_AND_ASSIGN(
      const auto result,
      Parse({Folder(
          {{".testmondata", base}, {".testmondata-wal", log}, {".testmondata-shm", "x"}})}));
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map, Decode(result.content));
  EXPECT_THAT(map.outcomes, ElementsAre(Key("new"), Key("old")));
}

TEST_F(ReportFolderTest, WhatToolsWriteBesideTheirReportsIsLeftOut) {
  const std::string counts = R"({"a.js": {"path": "a.js", "statementMap": {"0": {"start":
      {"line": 1, "column": 0}, "end": {"line": 1, "column": 4}}}, "s": {"0": 1}}})";
  ASSERT_OK_AND_ASSIGN(
      const auto result,
      Parse({Folder({{"1.json", counts},
                     {"coverage-summary.json", R"({"total": {"lines":{"total":1}}})"},
                     {"processinfo/1.json", R"({"parent":null,"pid":7,"argv":["node"]})"},
                     {"processinfo/index.json", R"({"processes":{},"files":{}})"}},
                    "", "t"),
             Folder({{"TEST-a.xml", kJUnit}, {"failsafe-summary.xml", "<failsafe-summary/>"}})}));
  EXPECT_EQ(result.summary.files, 1u);
  EXPECT_THAT(result.summary.warnings,
              ElementsAre(HasSubstr("3 files are of no known format and left out"),
                          HasSubstr("1 file is of no known format and left out"),
                          HasSubstr("1 outcomes are of labels that no coverage names")));
  EXPECT_THAT(Parse({Folder({{"1.json", counts}, {"2.json", R"({"pid": 7})"}}, "", "t")}).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("2.json")));
}

TEST_F(ReportFolderTest, CoverageAndOutcomesOfOneFolderAreTakenInTheRightOrder) {
  ASSERT_OK_AND_ASSIGN(
      const auto result,
      Parse({Folder({{"0.xml", kJUnit}, {"1.info", "TN:s.one\n" + Lcov("a.c")}})}));
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map, Decode(result.content));
  EXPECT_THAT(result.summary.formats, ElementsAre("junit-xml", "lcov"));
  EXPECT_EQ(result.summary.outcomes, 1u);
  EXPECT_EQ(map.outcomes.count("s.one"), 1u);
  EXPECT_EQ(map.labels.size(), 1u);
}

TEST_F(ReportFolderTest, AnErrorNamesTheFile) {
  EXPECT_THAT(
      Parse({Folder({{"a.info", Lcov("a.c")}, {"sub/b.info", "SF:b.c\nDA:x\n"}}, "", "t")}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("all/sub/b.info: lcov: line 2")));
}

TEST_F(ReportFolderTest, AFileOfNoFormatIsLeftOutWithAWarning) {
  ASSERT_OK_AND_ASSIGN(
      const auto result,
      Parse({Folder({{"TEST-a.xml", kJUnit}, {"a.txt", "Tests run: 1"}, {"b.txt", "x"}})}));
  EXPECT_THAT(result.summary.warnings,
              ElementsAre("all/: 2 files are of no known format and left out, the first "
                          "'all/a.txt'"));
}

TEST_F(ReportFolderTest, AFileOfNoFormatBesideReportsOfItsKindIsRefused) {
  EXPECT_THAT(Parse({Folder({{"TEST-a.xml", kJUnit}, {"TEST-b.xml", "<tests"}})}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("all/TEST-b.xml: no known format begins with '<tests'")));
  EXPECT_THAT(Parse({Folder({{"a.xml", kJUnit}, {"b.xml", "<tests"}}, "junit-xml")}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("all/b.xml: junit-xml")));
}

TEST_F(ReportFolderTest, AnEmptyFileIsAnEmptyTracefileAmongTracefiles) {
  EXPECT_THAT(Parse({Folder({{"0.info", ""}, {"1.info", Lcov("a.c")}}, "", "t")}), IsOk());
  EXPECT_THAT(Parse({Folder({{"0.xml", ""}, {"1.xml", kJUnit}}, "", "t")}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("all/0.xml: the report is "
                                                                     "empty")));
}

TEST_F(ReportFolderTest, AFolderWithoutAReportIsRefused) {
  EXPECT_THAT(Parse({Folder({{"a.txt", "hello"}})}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("all/a.txt: no known format begins with 'hello'")));
}

TEST_F(ReportFolderTest, ANamedFormatReadsEveryFileOfItsKind) {
  EXPECT_THAT(Parse({Folder({{"a.txt", "hello"}}, "lcov", "t")}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("all/a.txt: lcov: line 1")));
}

TEST_F(ReportFolderTest, AFolderOfOutcomesHoldsNoCoverage) {
  ReportFile report = Folder({{"a.info", Lcov("a.c")}}, "", "t");
  report.outcomes = true;
  EXPECT_THAT(Parse({report}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("declared as outcomes, but lcov holds coverage")));
}

TEST_F(ReportFolderTest, NothingOfAFolderIsLeftInTheSpool) {
  fs::create_directories(folder_ / "spool");
  IngestOptions options = Options();
  options.spool_dir = (folder_ / "spool").string();
  EXPECT_THAT(ParseUpload({{Folder({{"a.info", Lcov("a.c")}}, "", "t")}}, options), IsOk());
  EXPECT_TRUE(fs::is_empty(folder_ / "spool"));
}

}  // namespace
}  // namespace testselect
