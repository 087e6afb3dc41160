// What each parser makes of small reports, and what it says about bad ones.
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/ingest/formats.h"
#include "server/ingest/upload_builder.h"
#include "storage/model/status_macros.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/ingest/evidence_map.h"
#include "tests/unit/ingest/memory_report.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

absl::StatusOr<EvidenceMap> Parse(const ReportParser* parser, std::string content,
                                  std::string label = "", size_t piece = SIZE_MAX) {
  MemoryReport report(std::move(content), piece);
  UploadBuilder builder(PathMapper::Create({}, {}).value(), nullptr, false, {});
  ParseOptions options;
  options.label = std::move(label);
  TS_RETURN_IF_ERROR(parser->Parse(report, options, builder));
  TS_ASSIGN_OR_RETURN(const SegmentContent content_out, builder.Finish());
  return Decode(content_out);
}

std::string ErrorOf(const ReportParser* parser, std::string content, std::string label = "") {
  const auto result = Parse(parser, std::move(content), std::move(label));
  return std::string(result.status().message());
}

std::string Json(absl::string_view files) {
  return absl::StrCat(R"({"meta": {"format": 3, "show_contexts": true}, "files": {)", files,
                      R"(}, "totals": {}})");
}

TEST(CoveragePyJsonTest, ReadsContextsAndSkipsFunctionsAndClasses) {
  ASSERT_OK_AND_ASSIGN(
      const EvidenceMap map,
      Parse(CoveragePyJsonParser(),
            Json(R"("a.py": {"executed_lines": [1, 2], "contexts": {"1": [""], "2": ["t|run", "u"],
                    "3": ["t|setup", "", "t|run"], "4": [ ]},
                    "functions": {"f": {"contexts": {"9": ["v"]}}}, "classes": {}},
                    "b.py": {"contexts": {"7": ["x[a|b]|teardown"]}})")));
  EXPECT_THAT(map.labels, ElementsAre(Pair("t", ElementsAre(Pair("a.py", ElementsAre(2, 3)))),
                                      Pair("u", ElementsAre(Pair("a.py", ElementsAre(2)))),
                                      Pair("x[a|b]", ElementsAre(Pair("b.py", ElementsAre(7))))));
  EXPECT_THAT(map.global, ElementsAre(Pair("a.py", ElementsAre(1, 3))));
}

TEST(CoveragePyJsonTest, IsTheSameWhereverItsPiecesEnd) {
  const std::string text = Json(
      R"("\u00e9.py": {"executed_lines": [1], "contexts": {"1": ["q\"\\", "t\u00fc"], "2": ["q\"\\", "t\u00fc"],
         "3": ["t\u00fc"]}, "functions": {"a\\": {"x": ["]", "\\\"}"]}}})");
  ASSERT_OK_AND_ASSIGN(const EvidenceMap whole, Parse(CoveragePyJsonParser(), text));
  EXPECT_THAT(whole.labels,
              ElementsAre(Pair("q\"\\", ElementsAre(Pair("é.py", ElementsAre(1, 2)))),
                          Pair("tü", ElementsAre(Pair("é.py", ElementsAre(1, 2, 3))))));
  for (size_t piece = 1; piece < 40; ++piece) {
    ASSERT_OK_AND_ASSIGN(const EvidenceMap map, Parse(CoveragePyJsonParser(), text, "", piece));
    EXPECT_EQ(map.labels, whole.labels) << piece;
  }
}

TEST(CoveragePyJsonTest, ReadsArraysLongerThanItsWindow) {
  std::string names = "\"first\"";
  for (int i = 0; i < 60'000; ++i)
    absl::StrAppend(&names, ", \"tests/test_a.py::test_x[", i, "]\"");
  std::string lines;
  for (int line = 1; line <= 4; ++line) {
    absl::StrAppend(&lines, line > 1 ? ", " : "", "\"", line, "\": [", names, "]");
  }
  const std::string text = Json(absl::StrCat("\"a.py\": {\"contexts\": {", lines, "}}"));
  ASSERT_GT(text.size(), size_t{7} << 20);
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map, Parse(CoveragePyJsonParser(), text, "", 100'000));
  EXPECT_EQ(map.labels.size(), 60'001u);
  EXPECT_EQ(map.pairs(), 240'004u);
}

TEST(CoveragePyJsonTest, WithoutContextsTakesTheUploadsLabel) {
  const std::string plain =
      R"({"meta": {"format": 2}, "files": {"a.py": {"executed_lines": [3, 4]}}, "totals": {}})";
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map, Parse(CoveragePyJsonParser(), plain, "L"));
  EXPECT_THAT(map.labels, ElementsAre(Pair("L", ElementsAre(Pair("a.py", ElementsAre(3, 4))))));
  EXPECT_THAT(map.global, ElementsAre());
  EXPECT_THAT(ErrorOf(CoveragePyJsonParser(), plain), HasSubstr("--label LABEL"));
  // Contexts that name no test are the same; contexts that do keep '' to themselves.
  ASSERT_OK_AND_ASSIGN(
      const EvidenceMap outside,
      Parse(CoveragePyJsonParser(), Json(R"("a.py": {"contexts": {"3": [""]}})"), "L"));
  EXPECT_THAT(outside.labels, ElementsAre(Pair("L", ElementsAre(Pair("a.py", ElementsAre(3))))));
  ASSERT_OK_AND_ASSIGN(
      const EvidenceMap named,
      Parse(CoveragePyJsonParser(), Json(R"("a.py": {"contexts": {"3": ["", "t"]}})"), "L"));
  EXPECT_THAT(named.labels, ElementsAre(Pair("t", ElementsAre(Pair("a.py", ElementsAre(3))))));
  EXPECT_THAT(named.global, ElementsAre(Pair("a.py", ElementsAre(3))));
}

TEST(CoveragePyJsonTest, NamesTheByteOfWhatIsWrong) {
  const ReportParser* const p = CoveragePyJsonParser();
  EXPECT_EQ(ErrorOf(p, ""), "report: coveragepy-json: byte 0: the report is empty");
  EXPECT_EQ(ErrorOf(p, "[1]"), "report: coveragepy-json: byte 0: expected '{', found '['");
  EXPECT_EQ(ErrorOf(p, Json(R"("a.py": {"contexts": {"10000001": ["t"]}})")),
            "report: coveragepy-json: byte 90: line number '10000001' is greater than 10000000");
  EXPECT_EQ(ErrorOf(p, Json(R"("a.py": {"contexts": {"1": ["t",]}})")),
            "report: coveragepy-json: byte 84: expected a context in quotes");
  EXPECT_THAT(ErrorOf(p, Json(R"("a.py": {"contexts": {"1": ["\ud800"]}})")),
              HasSubstr("half a surrogate pair"));
  EXPECT_THAT(ErrorOf(p, Json(R"("a.py": {"contexts": {"1": ["\q"]}})")),
              HasSubstr("unknown escape in '"));
  EXPECT_THAT(ErrorOf(p, Json(R"("a.py": {"x": [}})")), HasSubstr("brackets do not match"));
  EXPECT_THAT(ErrorOf(p, R"({"meta": {"format": 4}, "files": {}})"),
              Eq("report: coveragepy-json: meta.format 4 is not known (1 to 3)"));
  EXPECT_THAT(ErrorOf(p, R"({"files": {}, "labels_table": {}, "totals": {}})"),
              HasSubstr("Codecov's compressed form"));
  EXPECT_THAT(ErrorOf(p, R"({"totals": {}})"), HasSubstr("has no 'files'"));
}

TEST(LcovTest, ReadsRecordsByTest) {
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map,
                       Parse(LcovParser(),
                             "# made by hand\r\nTN:one,diff\r\nSF:a.c\r\nFN:1,f\r\nDA:1,2\r\n"
                             "DA:2,0\r\nDA:3,1,checksum\r\nDA:4,-5\r\nDA:0,9\r\nend_of_record\r\n"
                             "TN:\r\nSF:b.c\r\nDA:9,1e3\r\nend_of_record\r\n",
                             "L"));
  EXPECT_THAT(map.labels, ElementsAre(Pair("L", ElementsAre(Pair("b.c", ElementsAre(9)))),
                                      Pair("one", ElementsAre(Pair("a.c", ElementsAre(1, 3, 4))))));
}

TEST(LcovTest, NamesTheLineOfWhatIsWrong) {
  const ReportParser* const p = LcovParser();
  EXPECT_EQ(ErrorOf(p, "TN:t\nSF:a\nDA:1,x\n"), "report: lcov: line 3: count 'x' is no number");
  EXPECT_EQ(ErrorOf(p, "TN:t\nSF:a\nDA:-7,1\n"),
            "report: lcov: line 3: line number '-7' is no number from 0 to 10000000");
  EXPECT_EQ(ErrorOf(p, "TN:t\nSF:a\nDA:1\n"), "report: lcov: line 3: no count in '1'");
  EXPECT_EQ(ErrorOf(p, "TN:t\nDA:1,1\n"),
            "report: lcov: line 2: DA: outside of a record (no SF: before)");
  EXPECT_EQ(ErrorOf(p, "TN:t\nSF:a\nDA:1,1\n"),
            "report: lcov: line 3: the report ends inside a record (no end_of_record)");
  EXPECT_EQ(ErrorOf(p, "TN:t\nSF:\n"), "report: lcov: line 2: a file name is empty");
  EXPECT_EQ(ErrorOf(p, "hello\n"), "report: lcov: line 1: unknown record 'hello'");
  EXPECT_THAT(ErrorOf(p, "SF:a\nend_of_record\n"), HasSubstr("the report names no test"));
}

TEST(LcovTest, ANameThatAToolGivesToEveryReportIsNoTest) {
  for (const char* const name : {"GCOVR_report", "verilator_coverage"}) {
    const std::string report = absl::StrCat("TN:", name, "\nSF:a.c\nDA:3,1\nend_of_record\n");
    ASSERT_OK_AND_ASSIGN(const EvidenceMap map, Parse(LcovParser(), report, "L"));
    EXPECT_THAT(map.labels, ElementsAre(Pair("L", ElementsAre(Pair("a.c", ElementsAre(3))))));
    EXPECT_THAT(ErrorOf(LcovParser(), report), HasSubstr("the report names no test"));
  }
}

// Istanbul's DA lines are statements; "get" stands twice, as two classes have one each.
TEST(LcovTest, AFunctionWithoutLinesThatWasEnteredIsKept) {
  ASSERT_OK_AND_ASSIGN(
      const EvidenceMap map,
      Parse(LcovParser(),
            "SF:a.js\nFN:1,get\nFN:4,full\nFN:8,get\nFN:9,x\nFNDA:0,get\nFNDA:2,full\n"
            "FNDA:3,get\nFNDA:0,x\nDA:2,0\nDA:5,2\nend_of_record\n"
            "SF:b.js\nFNL:0,3,6\nFNA:0,1,a<b,c>\nFNL:1,8\nFNA:1,0,d\nend_of_record\n"
            "SF:c.py\nFN:2,4,f,g\nFN:9,12,h\nFNDA:1,f,g\nFNDA:1,h\nDA:11,1\nend_of_record\n"
            "SF:odd.c\nFN:x,a\nFN:\nFNDA:1\nFNL:7\nFNA:\nend_of_record\n",
            "L"));
  EXPECT_THAT(map.labels.at("L"),
              ElementsAre(Pair("a.js", ElementsAre(5, 8)), Pair("b.js", ElementsAre(3, 4, 5, 6)),
                          Pair("c.py", ElementsAre(2, 3, 4, 11))));
}

TEST(LcovTest, AnEmptyReportIsALabelThatCoveredNothing) {
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map, Parse(LcovParser(), "", "L"));
  EXPECT_THAT(map.labels, ElementsAre(Pair("L", ElementsAre())));
}

TEST(GoCoverTextTest, ABlockCoversAllItsLines) {
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map,
                       Parse(GoCoverTextParser(),
                             "mode: set\nm/a.go:2.3,4.5 2 1\nm/a.go:9.1,9.2 1 0\n"
                             "m/b c:d.go:7.1,7.9 1 3\nm/a.go:9.1,9.2 1 1\n",
                             "L"));
  EXPECT_THAT(map.labels.at("L"), ElementsAre(Pair("m/a.go", ElementsAre(2, 3, 4, 9)),
                                              Pair("m/b c:d.go", ElementsAre(7))));
  const ReportParser* const p = GoCoverTextParser();
  EXPECT_EQ(ErrorOf(p, "mode: odd\n", "L"),
            "report: go-cover-text: line 1: expected 'mode: set', 'count' or 'atomic', found "
            "'mode: odd'");
  EXPECT_EQ(ErrorOf(p, "mode: set\na.go:4.1,2.1 1 1\n", "L"),
            "report: go-cover-text: line 2: the block ends before it begins: 'a.go:4.1,2.1 1 1'");
  EXPECT_THAT(ErrorOf(p, "mode: set\na.go:1.1,2.1 1 1", "L"), HasSubstr("cut off"));
  EXPECT_THAT(ErrorOf(p, "mode: set\n", ""), HasSubstr("--label"));
}

TEST(CoberturaTest, TakesTheLinesOfClasses) {
  ASSERT_OK_AND_ASSIGN(
      const EvidenceMap map,
      Parse(CoberturaParser(),
            R"(<?xml version="1.0"?><coverage><sources><source>src</source></sources><packages>
               <package><classes><class filename="a.py"><methods><method><lines>
               <line number="1" hits="5"/></lines></method></methods><lines>
               <line number="1" hits="0"/><line number="2" hits="1"/></lines></class>
               <class filename="b.py"><methods><method><lines><line number="8" hits="1"/></lines>
               </method></methods><lines/></class></classes></package></packages></coverage>)",
            "L"));
  EXPECT_THAT(map.labels.at("L"),
              ElementsAre(Pair("src/a.py", ElementsAre(2)), Pair("src/b.py", ElementsAre(8))));
  EXPECT_EQ(
      ErrorOf(CoberturaParser(), "<coverage>\n<packages>\n<class/></packages></coverage>", "L"),
      "report: cobertura: line 3: a class has no filename");
  EXPECT_EQ(ErrorOf(CoberturaParser(), "<other/>", "L"),
            "report: cobertura: line 1: the root element is 'other', not 'coverage'");
  EXPECT_THAT(ErrorOf(CoberturaParser(), "<!DOCTYPE coverage [<!ENTITY a \"b\">]><coverage/>", "L"),
              HasSubstr("the entity 'a' is declared; entity declarations are refused"));
}

TEST(TeamscaleTest, ReadsCoverageAndOutcomes) {
  ASSERT_OK_AND_ASSIGN(const EvidenceMap map, Parse(TeamscaleTestwiseParser(),
                                                    R"({"partial": false, "tests": [
               {"uniformPath": "a", "duration": 0.5, "result": "FAILURE", "paths": [{"path": "p",
                "files": [{"fileName": "A.java", "coveredLines": "1, 3-5"}]}]},
               {"uniformPath": "b", "result": "IGNORED"}, {"uniformPath": "c", "paths": null}]})"));
  EXPECT_THAT(map.labels,
              ElementsAre(Pair("a", ElementsAre(Pair("p/A.java", ElementsAre(1, 3, 4, 5)))),
                          Pair("c", ElementsAre())));
  EXPECT_EQ(map.outcomes.at("a").outcome, Outcome::kFailed);
  EXPECT_THAT(
      ErrorOf(TeamscaleTestwiseParser(), R"({"tests": [{"uniformPath": "a", "result": "ODD"}]})"),
      HasSubstr("result 'ODD' is none of PASSED"));
}

std::string JUnit(absl::string_view cases) {
  return absl::StrCat("<testsuites><testsuite name=\"s\">", cases, "</testsuite></testsuites>");
}

TEST(JUnitTest, ReadsResults) {
  ASSERT_OK_AND_ASSIGN(
      const EvidenceMap map,
      Parse(JUnitXmlParser(), JUnit(R"(<testcase classname="c" name="pass" time="1,000.5"/>
              <testcase classname="c" name="fail"><failure/></testcase>
              <testcase classname="c" name="err"><error/></testcase>
              <testcase classname="c" name="skip"><skipped/></testcase>
              <testcase classname="c" name="xfail"><skipped type="pytest.xfail"/></testcase>
              <testcase classname="c" name="off" status="notrun"/>
              <testcase classname="c" name="surefire"><flakyFailure/></testcase>
              <testcase name="no class"><properties><failure/></properties></testcase>)")));
  const auto& o = map.outcomes;
  EXPECT_EQ(o.at("c.pass").outcome, Outcome::kPassed);
  EXPECT_NEAR(o.at("c.pass").seconds, 1000.5, 1);
  EXPECT_EQ(o.at("c.fail").outcome, Outcome::kFailed);
  EXPECT_EQ(o.at("c.err").outcome, Outcome::kError);
  EXPECT_EQ(o.at("c.skip").outcome, Outcome::kSkipped);
  EXPECT_EQ(o.at("c.xfail").outcome, Outcome::kXfailed);
  EXPECT_EQ(o.at("c.off").outcome, Outcome::kSkipped);
  EXPECT_EQ(o.at("c.surefire").outcome, Outcome::kPassed);
  EXPECT_TRUE(o.at("c.surefire").flaky);
  EXPECT_EQ(o.at("s.no class").outcome, Outcome::kPassed);
}

// Two tests may share all their names (Jest, whose reports name no file), and so may two attempts
// of one: what failed among them must run again.
TEST(JUnitTest, NamesakesDoNotHideAFailure) {
  ASSERT_OK_AND_ASSIGN(
      const EvidenceMap map,
      Parse(JUnitXmlParser(),
            JUnit(R"(<testcase classname="c" name="a" time="1"><failure/></testcase>
              <testcase classname="c" name="a" time="2"/>
              <testcase classname="c" name="b"/>
              <testcase classname="c" name="b"><error/></testcase>
              <testcase classname="c" name="x"><failure/></testcase>
              <testcase classname="c" name="x"><flakyFailure/></testcase>
              <testcase classname="c" name="d"><failure/><rerunFailure/></testcase>
              <testcase classname="c" name="e"><flakyError/></testcase>
              <testcase classname="c" name="e"/>
              <testcase classname="c" name="f"/>
              <testcase classname="c" name="f"><skipped/></testcase>)")));
  const auto& o = map.outcomes;
  EXPECT_EQ(o.at("c.a").outcome, Outcome::kFailed);
  EXPECT_NEAR(o.at("c.a").seconds, 3, 0.01);
  EXPECT_EQ(o.at("c.b").outcome, Outcome::kError);
  EXPECT_EQ(o.at("c.x").outcome, Outcome::kFailed);
  EXPECT_EQ(o.at("c.d").outcome, Outcome::kFailed);
  for (const char* const label : {"c.a", "c.b", "c.x", "c.d"}) {
    EXPECT_FALSE(o.at(label).flaky) << label;
  }
  // One test case that says itself that it passed in the end stays flaky.
  EXPECT_EQ(o.at("c.e").outcome, Outcome::kPassed);
  EXPECT_TRUE(o.at("c.e").flaky);
  EXPECT_EQ(o.at("c.f").outcome, Outcome::kPassed);
}

// pytest-rerunfailures lists the attempts; those that failed have no failure element.
TEST(JUnitTest, AttemptsThatAreNotCalledFailedDoNotFail) {
  ASSERT_OK_AND_ASSIGN(
      const EvidenceMap map,
      Parse(JUnitXmlParser(), JUnit(R"(<testcase classname="c" name="green" time="1"/>
              <testcase classname="c" name="green" time="1"/>
              <testcase classname="c" name="red" time="1"/>
              <testcase classname="c" name="red" time="1"><failure/></testcase>)")));
  EXPECT_EQ(map.outcomes.at("c.green").outcome, Outcome::kPassed);
  EXPECT_EQ(map.outcomes.at("c.red").outcome, Outcome::kFailed);
}

// jest-junit writes names as they are, Java's writers write references.
TEST(JUnitTest, ControlCharactersInNamesAreKept) {
  ASSERT_OK_AND_ASSIGN(
      const EvidenceMap map,
      Parse(JUnitXmlParser(),
            "<testsuite><testcase classname='c' name='\x1b[1mbold\x01'/>"
            "<testcase classname='c' name='a&#27;b&#x1B;c&amp;#27;&#9;&#xD83D;&#xDE00;'>"
            "<system-out><![CDATA[\x02 &#27; ]]]>\x02</system-out></testcase></testsuite>"));
  EXPECT_THAT(map.outcomes,
              UnorderedElementsAre(Key("c.\x1b[1mbold\x01"), Key("c.a\x1b"
                                                                 "b\x1b"
                                                                 "c&#27;\t\xF0\x9F\x98\x80")));
}

TEST(JUnitTest, NamesTheLineOfWhatIsWrong) {
  const ReportParser* const p = JUnitXmlParser();
  EXPECT_EQ(ErrorOf(p, "<testsuite>\n<testcase name='a' time='x'/></testsuite>"),
            "report: junit-xml: line 2: duration 'x' is no number of seconds");
  EXPECT_THAT(ErrorOf(p, "<testsuite>\n<testcase name='\xff'/></testsuite>"),
              HasSubstr("line 2: the XML is not well-formed: not well-formed (invalid token) "
                        "(column 17; bytes that are not of the declared encoding"));
  std::string deep = "<testsuite>";
  for (int i = 0; i < 300; ++i) deep += "<a>";
  EXPECT_THAT(ErrorOf(p, deep), HasSubstr("nested deeper than 256"));
}

}  // namespace
}  // namespace testselect
