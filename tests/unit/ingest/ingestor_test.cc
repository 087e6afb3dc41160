// Whole uploads: compressed reports, databases, outcomes, limits.
#include "server/ingest/ingestor.h"

#include <sqlite3.h>
#include <zlib.h>
#include <zstd.h>

#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/ingest/evidence_map.h"
#include "tests/unit/ingest/report_files.h"
#include "tests/unit/ingest/shared_corpus.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using IngestorTest = ReportFilesTest;

constexpr char kLcov[] = "TN:t\nSF:a.c\nDA:1,1\nend_of_record\n";

std::string Gzip(const std::string& text) {
  std::string out(compressBound(text.size()) + 64, '\0');
  z_stream z{};
  deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

std::string Zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

// A coverage.py data file made of statements.
void MakeDatabase(const std::string& file, const std::string& statements) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &db), SQLITE_OK);
  const std::string sql =
      "CREATE TABLE coverage_schema (version integer); INSERT INTO coverage_schema VALUES (7);"
      "CREATE TABLE file (id integer primary key, path text);"
      "CREATE TABLE context (id integer primary key, context text);"
      "CREATE TABLE line_bits (file_id integer, context_id integer, numbits blob);"
      "CREATE TABLE arc (file_id integer, context_id integer, fromno integer, tono integer);"
      "INSERT INTO file VALUES (1, 'a.py');" +
      statements;
  char* error = nullptr;
  EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &error), SQLITE_OK) << error;
  sqlite3_free(error);
  sqlite3_close(db);
}

TEST_F(IngestorTest, ReadsCompressedReports) {
  for (const std::string& content : {std::string(kLcov), Gzip(kLcov), Zstd(kLcov),
                                     Gzip("TN:t\nSF:a.c\n") + Gzip("DA:1,1\nend_of_record\n"),
                                     Gzip(kLcov) + std::string(512, '\0'),
                                     Zstd("TN:t\nSF:a.c\n") + Zstd("DA:1,1\nend_of_record\n")}) {
    ASSERT_OK_AND_ASSIGN(const IngestResult result, ParseUpload({Report(content)}, Options()));
    EXPECT_EQ(result.summary.formats[0], "lcov");
    EXPECT_EQ(result.summary.pairs, 1u);
  }
}

TEST_F(IngestorTest, NamesTheByteWhereACompressedReportIsCutOff) {
  const std::string gzip = Gzip(kLcov), zstd = Zstd(kLcov);
  EXPECT_THAT(ParseUpload({Report(gzip.substr(0, gzip.size() - 9))}, Options()).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("r1: gzip: byte ")));
  EXPECT_THAT(ParseUpload({Report(zstd.substr(0, zstd.size() - 3))}, Options()).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("r2: zstd: byte ")));
}

TEST_F(IngestorTest, LimitsTheDecompressedSize) {
  IngestOptions options = Options();
  options.max_report_bytes = 1 << 20;
  EXPECT_THAT(
      ParseUpload({Report(Gzip(std::string(20 << 20, '#')), "lcov", "L")}, options).status(),
      StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("limit of 1048576 bytes")));
}

TEST_F(IngestorTest, ReadsACompressedDatabaseThroughTheSpoolFolderAndLeavesNothing) {
  const std::string file = (folder_ / "db").string();
  MakeDatabase(file,
               "INSERT INTO context VALUES (1, ''), (2, 't|run'), (3, 't|setup');"
               "INSERT INTO line_bits VALUES (1, 1, x'02'), (1, 2, x'0d'), (1, 3, x'20');");
  ASSERT_OK_AND_ASSIGN(const IngestResult result,
                       ParseUpload({Report(Zstd(FileContent(file)))}, Options()));
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map, Decode(result.content));
  EXPECT_THAT(map.labels, ElementsAre(Pair("t", ElementsAre(Pair("a.py", ElementsAre(2, 3, 5))))));
  EXPECT_THAT(map.global, ElementsAre(Pair("a.py", ElementsAre(1))));
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    EXPECT_THAT(entry.path().filename().string(), ::testing::AnyOf("db", "r1"));
  }
}

TEST_F(IngestorTest, ReadsBranchRuns) {
  const std::string file = (folder_ / "db").string();
  MakeDatabase(file,
               "INSERT INTO context VALUES (1, 't');"
               "INSERT INTO arc VALUES (1, 1, -1, 3), (1, 1, 3, 7), (1, 1, 7, -1);");
  ASSERT_OK_AND_ASSIGN(const IngestResult result,
                       ParseUpload({{file, "db", "", "", false}}, Options()));
  EXPECT_EQ(result.summary.pairs, 2u);
}

TEST_F(IngestorTest, AStaticContextAloneIsGlobalToo) {
  const std::string file = (folder_ / "db").string();
  MakeDatabase(file,
               "INSERT INTO context VALUES (1, 'py311'), (2, 'py311|m.t');"
               "INSERT INTO line_bits VALUES (1, 1, x'02'), (1, 2, x'04');");
  IngestOptions options = Options();
  ASSERT_OK_AND_ASSIGN(const IngestResult safe,
                       ParseUpload({{file, "db", "", "", false}}, options));
  EXPECT_EQ(safe.summary.global_lines, 1u);
  options.static_context_is_global = false;
  ASSERT_OK_AND_ASSIGN(const IngestResult exact,
                       ParseUpload({{file, "db", "", "", false}}, options));
  EXPECT_EQ(exact.summary.global_lines, 0u);
  EXPECT_EQ(exact.summary.labels, 2u);
}

TEST_F(IngestorTest, AStaticContextOfAJsonReportIsGlobalToo) {
  const ReportFile report = Report(
      R"({"meta": {"show_contexts": true}, "files": {"a.py": {"contexts": {"1": ["py311"],
         "2": ["py311", "py311|m.t"], "3": ["py311|m.t"]}}}, "totals": {}})",
      "coveragepy-json");
  ASSERT_OK_AND_ASSIGN(const IngestResult safe, ParseUpload({report}, Options()));
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map, Decode(safe.content));
  EXPECT_THAT(map.global, ElementsAre(Pair("a.py", ElementsAre(1, 2))));
  EXPECT_EQ(safe.summary.pairs, 4u);
  IngestOptions exact = Options();
  exact.static_context_is_global = false;
  ASSERT_OK_AND_ASSIGN(const IngestResult inspected, ParseUpload({report}, exact));
  EXPECT_EQ(inspected.summary.global_lines, 0u);
}

TEST_F(IngestorTest, RefusesOddDatabases) {
  struct Case {
    std::string statements, want;
  };
  const std::vector<Case> cases = {
      {"UPDATE coverage_schema SET version = 6;", "schema version 6 is not known (7 is)"},
      {"DROP TABLE arc;", "db: coveragepy-sqlite: table arc: is missing"},
      {"DROP TABLE arc; CREATE VIEW arc AS SELECT 1;", "table arc: is no plain table"},
      {"INSERT INTO context VALUES (1, 't'); INSERT INTO line_bits VALUES (1, 1, 'text');",
       "db: coveragepy-sqlite: table line_bits, row 1: numbits is no blob"},
      {"INSERT INTO line_bits VALUES (1, 9, x'02');", "context_id 9 is in no row of context"},
      {"INSERT INTO context VALUES (1, 't'); INSERT INTO line_bits VALUES (5, 1, x'02');",
       "file_id 5 is in no row of file"},
      {"INSERT INTO context VALUES (1, 't'); INSERT INTO arc VALUES (1, 1, 1, 1099511627776);",
       "line '1099511627776' is not within -10000000 to 10000000"},
      {"INSERT INTO context VALUES (1, '');", "no report names a test"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.statements);
    const std::string file = (folder_ / "db").string();
    std::filesystem::remove(file);
    MakeDatabase(file, c.statements);
    const auto result = ParseUpload({{file, "db", "coveragepy-sqlite", "", false}}, Options());
    EXPECT_THAT(std::string(result.status().message()), HasSubstr(c.want));
  }
}

TEST_F(IngestorTest, MatchesOutcomesToCoverageAndKeepsTheirOrder) {
  const ReportFile coverage = Report(
      R"({"meta": {"show_contexts": true}, "files": {"a.py": {"contexts": {"1": ["tests/test_a.py::test_a|run",
         "tests/test_a.py::test_b|run"]}}}, "totals": {}})",
      "coveragepy-json");
  const ReportFile outcomes = Report(
      R"(<testsuites><testsuite><testcase classname="tests.test_a" name="test_b" time="0.25"/>
         <testcase classname="tests.test_a" name="test_a"><failure/></testcase>
         <testcase classname="tests.test_a" name="test_new"><skipped/></testcase></testsuite></testsuites>)");
  ASSERT_OK_AND_ASSIGN(const IngestResult result, ParseUpload({outcomes, coverage}, Options()));
  EXPECT_THAT(result.content.labels,
              ElementsAre("tests/test_a.py::test_b", "tests/test_a.py::test_a",
                          "tests/test_a.py::test_new"));
  EXPECT_EQ(result.content.outcomes[1].outcome, Outcome::kFailed);
  EXPECT_EQ(result.summary.outcomes, 3u);
  EXPECT_TRUE(result.content.empty_evidence.Contains(2));
  EXPECT_THAT(result.summary.formats, ElementsAre("junit-xml", "coveragepy-json"));
  EXPECT_THAT(result.summary.warnings,
              ElementsAre("1 outcomes are of labels that no coverage names, such as "
                          "'tests/test_a.py::test_new'"));
}

TEST_F(IngestorTest, TestsOfOneLabelHaveTheWorstOutcome) {
  const ReportFile go = Report("mode: set\nm/a.go:1.1,1.2 1 1\n", "", "m.T");
  const ReportFile outcomes = Report(
      R"(<testsuite><testcase classname="m" name="T/a" time="1"><failure/></testcase>
         <testcase classname="m" name="T/b" time="2"/></testsuite>)");
  ASSERT_OK_AND_ASSIGN(const IngestResult result, ParseUpload({go, outcomes}, Options()));
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map, Decode(result.content));
  EXPECT_EQ(map.outcomes.at("m.T").outcome, Outcome::kFailed);
  EXPECT_NEAR(map.outcomes.at("m.T").seconds, 3, 0.01);
  EXPECT_FALSE(map.outcomes.at("m.T").flaky);
}

// Outcome files may be of several projects whose tests have the same names, or of a rerun.
TEST_F(IngestorTest, NamesakesOfTwoFilesDoNotHideAFailure) {
  const ReportFile failed =
      Report(R"(<testsuite><testcase classname="m" name="t"><failure/></testcase></testsuite>)");
  const ReportFile passed = Report(R"(<testsuite><testcase classname="m" name="t"/></testsuite>)");
  for (const auto& reports : {std::vector{failed, passed}, std::vector{passed, failed}}) {
    ASSERT_OK_AND_ASSIGN(const IngestResult result, ParseUpload(reports, Options()));
    ASSERT_OK_AND_ASSIGN(const EvidenceMap map, Decode(result.content));
    EXPECT_EQ(map.outcomes.at("m.t").outcome, Outcome::kFailed);
    EXPECT_FALSE(map.outcomes.at("m.t").flaky);
  }
}

TEST_F(IngestorTest, AFailedSetUpFailsTheWholeSuite) {
  const ReportFile coverage =
      Report("TN:c.A#x\nSF:a.c\nDA:1,1\nend_of_record\nTN:c.B#y\nSF:a.c\nDA:1,1\nend_of_record\n");
  const ReportFile outcomes =
      Report(R"(<testsuite><testcase classname="c.A" name=""><error/></testcase></testsuite>)");
  ASSERT_OK_AND_ASSIGN(const IngestResult result, ParseUpload({coverage, outcomes}, Options()));
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map, Decode(result.content));
  EXPECT_EQ(map.outcomes.at("c.A#x").outcome, Outcome::kError);
  EXPECT_EQ(map.outcomes.count("c.B#y"), 0u);
}

TEST_F(IngestorTest, EmptyReportsOfATestGoWithTheirNeighbours) {
  ASSERT_OK_AND_ASSIGN(const IngestResult result,
                       ParseUpload({Report("", "", "none"), Report(kLcov)}, Options()));
  EXPECT_EQ(result.summary.labels, 2u);
  EXPECT_THAT(ParseUpload({Report("", "", "none")}, Options()).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("the report is empty")));
}

TEST_F(IngestorTest, RefusesWhatItCannotUse) {
  EXPECT_THAT(ParseUpload({}, Options()).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("none is given")));
  EXPECT_THAT(ParseUpload({Report(kLcov, "odd")}, Options()).status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("format: 'odd' is not known; known are testselect-evidence, ")));
  EXPECT_THAT(ParseUpload({Report("hello")}, Options()).status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("no known format begins with 'hello'")));
  ReportFile declared = Report(kLcov);
  declared.outcomes = true;
  EXPECT_THAT(ParseUpload({declared}, Options()).status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("declared as outcomes, but lcov holds coverage")));
  EXPECT_THAT(
      ParseUpload({{(folder_ / "absent").string(), "absent", "", "", false}}, Options()).status(),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("absent: cannot be opened")));
  EXPECT_THAT(ParseUpload({{folder_.string(), "folder", "", "", false}}, Options()).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is no regular file")));
  IngestOptions other = Options();
  other.tree_paths = {"src/b.c"};
  EXPECT_THAT(ParseUpload({Report(kLcov)}, other).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("1 of 1 file names")));
}

// Real runs of one project: nearly all of its results must find their label.
TEST_F(IngestorTest, ClicksOutcomesFindTheirLabels) {
  const auto commits = SharedCorpus("corpus/python-click/commits");
  if (commits.empty()) GTEST_SKIP() << "no corpus beside the source tree";
  size_t checked = 0;
  for (const auto& entry : std::filesystem::directory_iterator(commits)) {
    const auto coverage = folder_ / "coverage", junit = folder_ / "junit.xml";
    if (!std::filesystem::exists(entry.path() / "coverage.xz")) continue;
    for (const auto& [from, to] : {std::pair(entry.path() / "coverage.xz", coverage),
                                   std::pair(entry.path() / "junit.xml.xz", junit)}) {
      const std::string command = "xz -dc '" + from.string() + "' > '" + to.string() + "'";
      if (std::system(command.c_str()) != 0) GTEST_SKIP() << "xz is missing";
    }
    ASSERT_OK_AND_ASSIGN(const IngestResult result,
                         ParseUpload({{coverage.string(), "coverage", "", "", false},
                                      {junit.string(), "junit", "", "", false}},
                                     Options()));
    // What has outcomes but no evidence was skipped; everything else found its coverage.
    size_t skipped = 0, others = 0;
    result.content.empty_evidence.ForEach([&](LabelNumber n) {
      ++(result.content.outcomes[n].outcome == Outcome::kSkipped ? skipped : others);
    });
    EXPECT_EQ(others, 0u);
    EXPECT_LT(skipped, 50u);
    EXPECT_GT(result.summary.labels, 1000u);
    ++checked;
  }
  EXPECT_GT(checked, 0u);
}

}  // namespace
}  // namespace testselect
