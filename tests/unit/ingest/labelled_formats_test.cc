// Coverage formats that name tests, other than coverage.py's own: small reports, their traps, and
// what is said about bad ones.
#include <sqlite3.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/ingest/formats.h"
#include "storage/model/status_macros.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/ingest/evidence_map.h"
#include "tests/unit/ingest/report_files.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

class LabelledFormatsTest : public ReportFilesTest {
 protected:
  absl::StatusOr<EvidenceMap> Parse(absl::string_view content, std::string format,
                                    std::string label = "") {
    return ParseFile(Report(content, std::move(format), std::move(label)));
  }
  absl::StatusOr<EvidenceMap> ParseFile(const ReportFile& file) {
    TS_ASSIGN_OR_RETURN(const IngestResult result, ParseUpload({file}, Options()));
    warnings_ = result.summary.warnings;
    format_ = result.summary.formats[0];
    return Decode(result.content);
  }
  std::string ErrorOf(absl::string_view content, std::string format) {
    return std::string(Parse(content, std::move(format)).status().message());
  }

  std::vector<std::string> warnings_;  // of the last upload that was read
  std::string format_;
};

using CodecovLabelledTest = LabelledFormatsTest;

std::string Codecov(absl::string_view files, absl::string_view table) {
  return absl::StrCat(R"({"meta": {"format": 3, "show_contexts": true},"totals": {},"files":{)",
                      files, R"(},"labels_table": {)", table, "}}");
}

TEST_F(CodecovLabelledTest, NumbersStandForTheLabelsOfTheTableBehindThem) {
  const std::string report =
      Codecov(R"("a.py":{"executed_lines": [9],"contexts": {"1":[0],"2":[1, 2, 1],"3":[2, 0]}},)"
              R"("b.py":{"executed_lines": [],"contexts": {}})",
              R"("0": "", "1": "t.py::a", "2": "t.py::b", "3": "t.py::c")");
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map, Parse(report, ""));
  EXPECT_EQ(format_, "codecov-labelled");
  EXPECT_THAT(map.labels, ElementsAre(Pair("t.py::a", ElementsAre(Pair("a.py", ElementsAre(2)))),
                                      Pair("t.py::b", ElementsAre(Pair("a.py", ElementsAre(2, 3)))),
                                      Pair("t.py::c", IsEmpty())));
  EXPECT_THAT(map.global, ElementsAre(Pair("a.py", ElementsAre(1, 3))));
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(CodecovLabelledTest, SaysThatLabelsWereCutAtABar) {
  const std::string report =
      Codecov(R"("a.py":{"contexts": {"1":[0, 1]}})", R"("0": "t.py::a[x", "1": "t.py::a[y]")");
  EXPECT_THAT(Parse(report, ""), IsOk());
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("1 labels end inside their brackets")));
}

TEST_F(CodecovLabelledTest, TakesFileNamesAsTheyAreBecauseTheWriterEscapesNone) {
  const std::string report =
      Codecov(R"("src\test.py":{"contexts": {"1":[0]}},"src\util.py":{"contexts": {"2":[0]}},)"
              R"("gr\u00f6\u00dfe.py":{"contexts": {"3":[0]}})",
              R"("0": "t")");
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map, Parse(report, ""));
  EXPECT_THAT(map.labels, ElementsAre(Pair("t", ElementsAre(Pair("größe.py", ElementsAre(3)),
                                                            Pair("src/test.py", ElementsAre(1)),
                                                            Pair("src/util.py", ElementsAre(2))))));
}

TEST_F(CodecovLabelledTest, WithoutTestsTheLinesAreTheUploadsLabels) {
  const std::string report = Codecov(R"("a.py":{"contexts": {"4":[0]}})", R"("0": "")");
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map, Parse(report, "codecov-labelled", "L"));
  EXPECT_THAT(map.labels, ElementsAre(Pair("L", ElementsAre(Pair("a.py", ElementsAre(4))))));
  EXPECT_THAT(ErrorOf(report, "codecov-labelled"), HasSubstr("--label LABEL"));
}

TEST_F(CodecovLabelledTest, NamesTheByteOfWhatIsWrong) {
  const std::string f = "codecov-labelled";
  EXPECT_EQ(ErrorOf(Codecov(R"("a.py":{"contexts": {"1":[7]}})", R"("0": "t")"), f),
            "r1: codecov-labelled: byte 95: label id 7 is not in 'labels_table'");
  EXPECT_THAT(ErrorOf(Codecov(R"("a.py":{"contexts": {"1":["t"]}})", R"("0": "t")"), f),
              HasSubstr("byte 94: expected a value"));
  EXPECT_THAT(ErrorOf(Codecov(R"("a.py":{"contexts": {"10000001":[0]}})", R"("0": "t")"), f),
              HasSubstr("line number '10000001' is greater than 10000000"));
  EXPECT_THAT(ErrorOf(Codecov(R"("a.py":{})", R"("0": "t")"), f),
              HasSubstr("file 'a.py' has no 'contexts'"));
  EXPECT_THAT(ErrorOf(Codecov("", R"("-1": "t")"), f), HasSubstr("label id '-1' is no number"));
  EXPECT_THAT(ErrorOf(R"({"meta": {}, "files": {}})", f),
              HasSubstr("has no 'files' or no 'labels_table'"));
}

class TestmonTest : public LabelledFormatsTest {
 protected:
  // A data file with these rows besides testmon's tables.
  ReportFile DataFile(const std::string& rows, int version = 14) {
    const std::string file = (folder_ / "testmondata").string();
    sqlite3* db = nullptr;
    EXPECT_EQ(sqlite3_open(file.c_str(), &db), SQLITE_OK);
    const std::string sql = absl::StrCat(
        "CREATE TABLE test_execution (id INTEGER PRIMARY KEY, environment_id INTEGER, test_name "
        "TEXT, duration FLOAT, failed BIT, forced BIT); CREATE TABLE file_fp (id INTEGER PRIMARY "
        "KEY, filename TEXT, method_checksums BLOB, mtime FLOAT, fsha TEXT); CREATE TABLE "
        "test_execution_file_fp (test_execution_id INTEGER, fingerprint_id INTEGER);",
        rows, "; PRAGMA user_version = ", version);
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(db);
    return {file, "testmondata", "", "", false};
  }
  std::string ErrorOf(const ReportFile& file) {
    return std::string(ParseFile(file).status().message());
  }
};

TEST_F(TestmonTest, ATestDependsOnWholeFiles) {
  ASSERT_OK_AND_ASSIGN(
      const EvidenceMap map,
      ParseFile(DataFile(
          "INSERT INTO test_execution VALUES (4, 1, 't.py::a[x|y]', 0.5, 0, 0), (5, 1, 't.py::b', "
          "NULL, 1, 0), (6, 2, 't.py::b', 2e-05, 0, 0), (7, 2, 't.py::c', 1, 0, 0); INSERT INTO "
          "file_fp VALUES (1, 'a.py', x'00', NULL, ''), (2, 'a.py', x'01', NULL, ''), (3, 'b.py', "
          "x'', NULL, ''); INSERT INTO test_execution_file_fp VALUES (4, 1), (5, 2), (6, 3)")));
  EXPECT_EQ(format_, "testmon-sqlite");
  EXPECT_THAT(map.labels,
              ElementsAre(Pair("t.py::a[x|y]", ElementsAre(Pair("a.py", ElementsAre(0)))),
                          Pair("t.py::b", ElementsAre(Pair("a.py", ElementsAre(0)),
                                                      Pair("b.py", ElementsAre(0)))),
                          Pair("t.py::c", IsEmpty())));
  EXPECT_EQ(map.outcomes.at("t.py::a[x|y]").outcome, Outcome::kPassed);
  EXPECT_EQ(map.outcomes.at("t.py::a[x|y]").seconds, 0.5);
  EXPECT_EQ(map.outcomes.at("t.py::b").outcome, Outcome::kFailed);
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("does not record what runs while importing")));
}

TEST_F(TestmonTest, SaysThatTheContentIsStillInTheLogBesideIt) {
  const std::string file = (folder_ / "copy").string();
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open((folder_ / "live").c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db,
                         "PRAGMA journal_mode = WAL; CREATE TABLE test_execution (id INTEGER "
                         "PRIMARY KEY)",
                         nullptr, nullptr, nullptr),
            SQLITE_OK);
  std::filesystem::copy_file(folder_ / "live", file);
  sqlite3_close(db);
  EXPECT_THAT(ErrorOf({file, "testmondata", "", "", false}),
              HasSubstr("which may hold the rest: upload it from where the log lies beside it"));
}

TEST_F(TestmonTest, NamesTheRowOfWhatIsWrong) {
  EXPECT_EQ(ErrorOf(DataFile("", 99)),
            "testmondata: testmon-sqlite: user_version: version 99 is not known (14 is)");
}

TEST_F(TestmonTest, ADependencyOfNobodyIsRefused) {
  EXPECT_EQ(
      ErrorOf(DataFile("INSERT INTO test_execution VALUES (4, 1, 't', 0, 0, 0); INSERT INTO "
                       "test_execution_file_fp VALUES (4, 9)")),
      "testmondata: testmon-sqlite: table test_execution_file_fp, row 1: test 4 or file 9 is in no "
      "row of its table");
}

TEST_F(TestmonTest, ANameThatIsNoTextIsRefused) {
  EXPECT_EQ(ErrorOf(DataFile("INSERT INTO test_execution VALUES (4, 1, x'00', 0, 0, 0)")),
            "testmondata: testmon-sqlite: table test_execution, row 4: the name is no text");
}

using SimpleCovTest = LabelledFormatsTest;

TEST_F(SimpleCovTest, ARunPerTestIsNamedByItsCommandName) {
  ASSERT_OK_AND_ASSIGN(
      const EvidenceMap map,
      Parse(R"({"Ledger adds": {"coverage": {"lib/a.rb": {"lines": [null, 1, 0, 2, "ignored", -1],
                "branches": {"[:if, 0, 1]": {"[:then, 1]": 0}}}, "lib/old.rb": [3, null]},
                "timestamp": 1795327026}, "x": "y", "Ledger \u00fc": {"coverage": {}}})",
            ""));
  EXPECT_EQ(format_, "simplecov-resultset");
  EXPECT_THAT(map.labels,
              ElementsAre(Pair("Ledger adds", ElementsAre(Pair("lib/a.rb", ElementsAre(2, 4, 6)),
                                                          Pair("lib/old.rb", ElementsAre(1)))),
                          Pair("Ledger ü", IsEmpty())));
}

TEST_F(SimpleCovTest, ANameThatItFoundByItselfIsNoTest) {
  const std::string report =
      R"j({"RSpec (1/2)": {"coverage": {"a.rb": {"lines": [1]}}},
           "RSpec (2/2)": {"coverage": {"a.rb": {"lines": [0, 1]}}}})j";
  EXPECT_THAT(ErrorOf(report, "simplecov-resultset"), HasSubstr("--label LABEL"));
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map, Parse(report, "simplecov-resultset", "all"));
  EXPECT_THAT(map.labels, ElementsAre(Pair("all", ElementsAre(Pair("a.rb", ElementsAre(1, 2))))));
  ASSERT_OK_AND_ASSIGN(
      const EvidenceMap named,
      Parse(R"j({"RSpec (a)": {"coverage": {"a.rb": {"lines": [1]}}}})j", "simplecov-resultset"));
  EXPECT_THAT(named.labels, ElementsAre(Pair("RSpec (a)", ::testing::_)));
}

TEST_F(SimpleCovTest, ContextsNameTheTestsAndTheRestRanOutside) {
  const std::pair<std::string, std::string> cases[] = {
      {"simplecov-resultset", R"({"RSpec": {"coverage": {"a.rb": {"lines": [1, 1, null, 2, 1]}},
           "contexts": {"version": 1, "contexts": ["s.rb:4", "s.rb:9", "s.rb:12"],
                        "files": {"a.rb": {"0": "a", "1": "8"}}}, "timestamp": 1}})"},
      {"simplecov-json", R"({"meta": {"simplecov_version": "1.1.1", "branch_coverage": false},
           "coverage": {"a.rb": {"lines": [1, 1, null, 2, 1], "contexts": {"0": "A", "1": "08"}}},
           "contexts": ["s.rb:4", "s.rb:9", "s.rb:12"]})"}};
  for (const auto& [format, report] : cases) {
    SCOPED_TRACE(format);
    ASSERT_OK_AND_ASSIGN(const EvidenceMap map, Parse(report, ""));
    EXPECT_EQ(format_, format);
    EXPECT_THAT(map.labels,
                ElementsAre(Pair("s.rb:12", IsEmpty()),
                            Pair("s.rb:4", ElementsAre(Pair("a.rb", ElementsAre(2, 4)))),
                            Pair("s.rb:9", ElementsAre(Pair("a.rb", ElementsAre(4))))));
    EXPECT_THAT(map.global, ElementsAre(Pair("a.rb", ElementsAre(1, 5))));
  }
}

TEST_F(SimpleCovTest, WithoutContextsTheJsonTakesTheUploadsLabel) {
  const std::string report =
      R"({"meta": {"simplecov_version": "0.22.0"}, "coverage": {"a.rb": {"lines": [0, 1]}}})";
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map, Parse(report, "", "L"));
  EXPECT_THAT(map.labels, ElementsAre(Pair("L", ElementsAre(Pair("a.rb", ElementsAre(2))))));
  EXPECT_THAT(ErrorOf(report, ""), HasSubstr("--label LABEL"));
}

TEST_F(SimpleCovTest, NamesTheByteOfWhatIsWrong) {
  const auto error = [this](absl::string_view entry) {
    return ErrorOf(absl::StrCat("{\"T\": ", entry, "}"), "simplecov-resultset");
  };
  EXPECT_EQ(error(R"({"coverage": {"a.rb": {"lines": [x]}}})"),
            "r1: simplecov-resultset: byte 39: 'x' is no JSON value");
  EXPECT_THAT(error("{}"), HasSubstr("run 'T' has no 'coverage'"));
  EXPECT_THAT(error(R"({"coverage": {"a.rb": {"branches": {}}}})"),
              HasSubstr("was line coverage switched off?"));
  EXPECT_THAT(error(R"({"contexts": {"version": 2}})"),
              HasSubstr("contexts of version '2' are not known (1 is)"));
  EXPECT_THAT(error(R"({"contexts": {"contexts": ["t"], "files": {"a.rb": {"1": "8"}}}})"),
              HasSubstr("context '1' is not in the list of 1 contexts"));
  EXPECT_THAT(error(R"({"contexts": {"contexts": ["t"], "files": {"a.rb": {"0": "8g"}}}})"),
              HasSubstr("bit map '8g' is no hex number"));
  EXPECT_THAT(error("null"), HasSubstr("no report names a test"));
  EXPECT_THAT(ErrorOf(R"({"meta": {}})", "simplecov-json"), HasSubstr("has no 'coverage'"));
}

}  // namespace
}  // namespace testselect
