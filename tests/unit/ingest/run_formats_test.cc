// Formats that name no test: what is read of small reports, and what is said about bad ones.
#include <map>
#include <set>
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
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

using Files = std::map<std::string, EvidenceMap::Lines>;

// The evidence of the label "T", for which the report is uploaded.
absl::StatusOr<Files> Parse(const ReportParser* parser, std::string content,
                            const std::vector<std::string>& tree = {}, size_t piece = SIZE_MAX) {
  MemoryReport report(std::move(content), piece);
  UploadBuilder builder(PathMapper::Create({}, tree).value(), nullptr, false, tree);
  ParseOptions options;
  options.label = "T";
  TS_RETURN_IF_ERROR(parser->Parse(report, options, builder));
  TS_ASSIGN_OR_RETURN(const SegmentContent segment, builder.Finish());
  TS_ASSIGN_OR_RETURN(const EvidenceMap map, Decode(segment));
  if (map.labels.size() != 1) return absl::InternalError("not one label");
  return map.labels.at("T");
}

std::string ErrorOf(const ReportParser* parser, std::string content) {
  return std::string(Parse(parser, std::move(content)).status().message());
}

TEST(RunFormatsTest, AReportWithoutALabelIsRefused) {
  for (const ReportParser* const parser :
       {IstanbulJsonParser(), JacocoXmlParser(), CloverParser(), LlvmExportJsonParser(),
        GcovrJsonParser(), GcovJsonParser(), V8JsonParser()}) {
    EXPECT_FALSE(parser->names_labels()) << parser->name();
    MemoryReport report("{}");
    UploadBuilder builder(PathMapper::Create({}, {}).value(), nullptr, false, {});
    EXPECT_THAT(parser->Parse(report, {}, builder),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--label LABEL")))
        << parser->name();
  }
}

std::string Istanbul(absl::string_view statements, absl::string_view counts,
                     absl::string_view more = "") {
  return absl::StrCat(R"({"src/a.js": {"path": "src/a.js", "statementMap": {)", statements,
                      R"(}, "s": {)", counts, "}", more, "}}");
}

std::string At(absl::string_view id, int line, int column, int last_line) {
  return absl::StrCat("\"", id, R"(": {"start": {"line": )", line, R"(, "column": )", column,
                      R"(}, "end": {"line": )", last_line, R"(, "column": null}})");
}

TEST(IstanbulTest, ALineCountsIfAStatementThatStartsOnItWasExecuted) {
  const std::string text = Istanbul(
      absl::StrCat(At("0", 1, 0, 3), ",", At("1", 2, 4, 2), ",", At("2", 2, 9, 2), ",",
                   At("3", 5, 0, 9), ",", At("4", 0, 0, 1), ",", At("odd \\u00e9", 7, 0, 7)),
      R"("0": 1, "1": 0, "2": 2e3, "3": 0, "4": 1, "odd \u00e9": -1, "gone": 4)");
  for (size_t piece = 1; piece < 40; ++piece) {
    EXPECT_THAT(Parse(IstanbulJsonParser(), text, {}, piece),
                IsOkAndHolds(ElementsAre(Pair("src/a.js", ElementsAre(1, 2, 7)))))
        << piece;
  }
}

// Its change would concern nobody else.
TEST(IstanbulTest, AFunctionWithoutStatementsIsToldAsEntered) {
  const auto function = [](absl::string_view id, int first, int column, int last) {
    return absl::StrCat("\"", id,
                        R"(": {"name": "f", "decl": {"start": {"line": 99}}, "loc": {"start": )",
                        R"({"line": )", first, R"(, "column": )", column, R"(}, "end": {"line": )",
                        last, R"(, "column": 40}}, "line": 99})");
  };
  // 0: empty; 1: empty, on the line of a statement; 2: entered by its counter, though it has
  // statements and none was executed (c8 says so of files that were never loaded); 3: not entered.
  const std::string functions =
      absl::StrCat(R"(, "fnMap": {)", function("0", 10, 5, 12), ",", function("1", 20, 14, 20), ",",
                   function("2", 30, 0, 39), ",", function("3", 50, 0, 51),
                   R"(}, "f": {"0": 1, "1": 2, "2": 1, "3": 0})");
  EXPECT_THAT(Parse(IstanbulJsonParser(),
                    Istanbul(absl::StrCat(At("0", 20, 0, 20), ",", At("1", 31, 2, 31)),
                             R"("0": 0, "1": 0)", functions)),
              IsOkAndHolds(ElementsAre(Pair("src/a.js", ElementsAre(10, 11, 12, 20)))));
}

TEST(IstanbulTest, ATestThatCoveredNothingRanAllTheSame) {
  EXPECT_THAT(Parse(IstanbulJsonParser(), "{}\n"), IsOkAndHolds(IsEmpty()));
  EXPECT_TRUE(IstanbulJsonParser()->Recognises("{ }\n"));
}

TEST(IstanbulTest, ReadsTheOlderFormAndLeavesTextsOut) {
  EXPECT_THAT(
      Parse(IstanbulJsonParser(),
            absl::StrCat(R"({"note": "x", "b.js": {"data": {"s": {"0": 1}, "path": "c.js", )",
                         R"("statementMap": {)", At("0", 4, 0, 4), "}}}}")),
      IsOkAndHolds(ElementsAre(Pair("c.js", ElementsAre(4)))));
}

// Counts that no reporter has seen yet are those of a compiler's text.
TEST(IstanbulTest, PlacesAreLedBackByTheRecordsSourceMap) {
  // 0:0 a.ts 1:0, 0:6 a.ts 3:0 | 1:0 b.ts 5:0, 1:4 a.ts 7:0
  const std::string map =
      R"(, "inputSourceMap": {"version": 3, "sources": ["../a.ts", "b.ts"], "sourceRoot": "",
         "mappings": "AAAA,MAEA;ACEA,IDEA"}, "fnMap": {"0": {"loc": {"start": {"line": 2, "column": 5},
         "end": {"line": 2, "column": 6}}}}, "f": {"0": 1})";
  const std::string places = absl::StrCat(At("0", 1, 2, 1), ",", At("1", 1, 6, 1), ",",
                                          At("2", 2, 1, 2), ",", At("3", 3, 0, 3));
  EXPECT_THAT(
      Parse(IstanbulJsonParser(), Istanbul(places, R"("0": 1, "1": 0, "2": 1, "3": 1)", map)),
      IsOkAndHolds(ElementsAre(Pair("a.ts", ElementsAre(1, 7)), Pair("src/b.ts", ElementsAre(5)))));
  EXPECT_THAT(ErrorOf(IstanbulJsonParser(),
                      Istanbul(places, "", R"(, "inputSourceMap": {"mappings": "!"})")),
              HasSubstr("the mappings hold a broken number"));
}

TEST(IstanbulTest, OtherReportsThatHoldStatementMapsAreNotTakenForIt) {
  const ReportParser* const p = IstanbulJsonParser();
  EXPECT_TRUE(p->Recognises(Istanbul(At("0", 1, 0, 1), "\"0\": 1")));
  EXPECT_FALSE(
      p->Recognises(R"({"numFailedTests": 0, "coverageMap": {"a.js": {"statementMap": {}}}})"));
  EXPECT_FALSE(p->Recognises(R"([{"statementMap": {}}])"));
  EXPECT_FALSE(p->Recognises(R"({"statementMap)"));
}

TEST(IstanbulTest, NamesTheByteOfWhatIsWrong) {
  const ReportParser* const p = IstanbulJsonParser();
  EXPECT_EQ(ErrorOf(p, Istanbul(At("0", 10'000'001, 0, 1), "")),
            "report: istanbul-json: byte 83: line number '10000001' is greater than 10000000");
  EXPECT_THAT(ErrorOf(p, Istanbul("", R"("0": "x")")), HasSubstr("expected a value"));
  EXPECT_THAT(ErrorOf(p, Istanbul("", R"("0": null)")), HasSubstr("count 'null' is no number"));
  EXPECT_THAT(ErrorOf(p, R"({"a.js": {"path": "a.js"}})"),
              HasSubstr("a file has no 'statementMap' or no 's'"));
  EXPECT_THAT(ErrorOf(p, R"({"a.js": null})"), HasSubstr("byte 9: expected '{', found 'n'"));
  EXPECT_THAT(ErrorOf(p, R"({"message": "Not Found"})"), HasSubstr("the object holds no file"));
  EXPECT_THAT(ErrorOf(p, Istanbul("", "") + "x"), HasSubstr("something follows the report"));
  EXPECT_THAT(ErrorOf(p, R"({"\ud800": {}})"), HasSubstr("half a surrogate pair"));
}

TEST(JacocoXmlTest, ReadsLinesOfSourceFiles) {
  EXPECT_THAT(
      Parse(
          JacocoXmlParser(),
          R"(<!DOCTYPE report PUBLIC "-//JACOCO//DTD Report 1.1//EN" "report.dtd"><report name="a">
               <sessioninfo id="not a label" start="1" dump="2"/>
               <group name="g"><package name="com/ex"><class name="com/ex/A"><method name="m" line="77">
               <counter type="LINE" missed="0" covered="9"/></method></class>
               <sourcefile name="A.java"><line nr="3" mi="0" ci="4" mb="0" cb="0"/>
               <line nr="4" mi="2" ci="0" mb="0" cb="0"/><line nr="5" mi="2" ci="1" mb="1" cb="0"/>
               <counter type="LINE" missed="1" covered="2"/></sourcefile></package></group>
               <package name=""><sourcefile name="B.java"><line nr="1" mi="0" ci="1"/></sourcefile>
               <sourcefile name="C.java"><line nr="1" mi="1" ci="0"/></sourcefile></package></report>)"),
      IsOkAndHolds(
          ElementsAre(Pair("B.java", ElementsAre(1)), Pair("com/ex/A.java", ElementsAre(3, 5)))));
}

TEST(JacocoXmlTest, FindsSourcesWhereTheirRootsAre) {
  const std::string text =
      R"(<report name="a"><package name="com/ex/sub"><sourcefile name="A.java"><line nr="1" ci="1"/>
         </sourcefile><sourcefile name="K.kt"><line nr="2" ci="1"/></sourcefile><sourcefile
         name="Other.java"><line nr="3" ci="1"/></sourcefile></package></report>)";
  // Kotlin leaves the package that all files share out of the folders; Java does not, so a file of
  // the same name elsewhere is another one.
  EXPECT_THAT(Parse(JacocoXmlParser(), text,
                    {"app/src/main/java/com/ex/sub/A.java", "app/src/main/kotlin/sub/K.kt",
                     "app/src/main/java/net/Other.java"}),
              IsOkAndHolds(ElementsAre(Pair("app/src/main/java/com/ex/sub/A.java", ElementsAre(1)),
                                       Pair("app/src/main/kotlin/sub/K.kt", ElementsAre(2)))));
}

TEST(JacocoXmlTest, NamesTheLineOfWhatIsWrong) {
  const ReportParser* const p = JacocoXmlParser();
  const auto line = [](absl::string_view attributes) {
    return absl::StrCat("<report name='a'><package name='p'>\n<sourcefile name='A.java'><line ",
                        attributes, "/></sourcefile></package></report>");
  };
  EXPECT_EQ(ErrorOf(p, line("nr='-1' ci='1'")),
            "report: jacoco-xml: line 2: line number '-1' is no number from 0 to 10000000");
  EXPECT_EQ(ErrorOf(p, line("nr='1' ci='x'")),
            "report: jacoco-xml: line 2: count 'x' is no number");
  EXPECT_THAT(ErrorOf(p, line("nr='1'")), HasSubstr("line 2: a line has no 'ci'"));
  EXPECT_THAT(ErrorOf(p, "<report name='a'>\n<sourcefile/></report>"),
              HasSubstr("line 2: a sourcefile has no name"));
  EXPECT_THAT(ErrorOf(p, "<reports/>"), HasSubstr("the root element is 'reports', not 'report'"));
  // A session's name may hold any character, and JaCoCo writes it as it is.
  EXPECT_EQ(ErrorOf(p, "<report name='a'><sessioninfo id='\x1b[1m'/></report>"), "");
}

TEST(CloverTest, ReadsTheThreeDialects) {
  EXPECT_THAT(Parse(CloverParser(),
                    R"(<coverage generated="1" clover="5.1.0"><project name="p"><metrics files="1"/>
               <package name="q"><file path="src/A.java" name="A.java"><class name="A"/>
               <line num="1" type="stmt" count="2"/><line num="2" type="stmt" count="0"/>
               <line num="3" type="cond" truecount="0" falsecount="2"/>
               <line num="4" type="cond" truecount="0" falsecount="0"/>
               <line num="5" type="method" count="1"/><line num="5" type="stmt" count="0"/>
               </file></package></project><testproject><package name="q">
               <file path="test/AT.java" name="AT.java"><line num="9" type="stmt" count="1"/></file>
               </package></testproject></coverage>)"),
              IsOkAndHolds(ElementsAre(Pair("src/A.java", ElementsAre(1, 3, 5)),
                                       Pair("test/AT.java", ElementsAre(9)))));
  // Istanbul's falsecount is the number of branches that were not taken.
  EXPECT_THAT(
      Parse(CloverParser(),
            R"(<coverage generated="1" clover="3.2.0"><project><file name="a.js" path="src/a.js">
                       <line num="1" count="0" type="cond" truecount="0" falsecount="2"/>
                       <line num="2" count="1" type="cond" truecount="2" falsecount="0"/>
                       </file></project></coverage>)"),
      IsOkAndHolds(ElementsAre(Pair("src/a.js", ElementsAre(2)))));
  // PHPUnit has the path in the name.
  EXPECT_THAT(Parse(CloverParser(),
                    R"(<coverage generated="1"><project><file name="src/A.php">
                       <line num="3" type="method" name="f" count="1"/></file></project></coverage>)"),
              IsOkAndHolds(ElementsAre(Pair("src/A.php", ElementsAre(3)))));
}

TEST(CloverTest, NamesTheLineOfWhatIsWrong) {
  const ReportParser* const p = CloverParser();
  const auto line = [](absl::string_view attributes) {
    return absl::StrCat("<coverage clover='1'><project>\n<file name='a'><line ", attributes,
                        "/></file></project></coverage>");
  };
  EXPECT_EQ(ErrorOf(p, line("num='1'")), "report: clover: line 2: a line has no count");
  EXPECT_EQ(ErrorOf(p, line("num='x' count='1'")),
            "report: clover: line 2: line number 'x' is no number from 0 to 10000000");
  EXPECT_EQ(ErrorOf(p, line("num='1' truecount='many'")),
            "report: clover: line 2: count 'many' is no number");
  EXPECT_THAT(ErrorOf(p, "<coverage clover='1'/>"), HasSubstr("the report has no 'project'"));
  EXPECT_THAT(ErrorOf(p, "<coverage clover='1'><project><file/></project></coverage>"),
              HasSubstr("a file has neither path nor name"));
  EXPECT_THAT(ErrorOf(p, "<clover/>"), HasSubstr("the root element is 'clover', not 'coverage'"));
}

std::string Llvm(absl::string_view segments) {
  return absl::StrCat(
      R"({"data": [{"files": [{"branches": [[1, 2]], "filename": "a.cc", "segments": [)", segments,
      R"(], "summary": {}}], "functions": [{"count": 1}], "totals": {}}],
                      "type": "llvm.coverage.json.export", "version": "2.0.1"})");
}

TEST(LlvmExportTest, MakesLinesOfSegments) {
  struct Case {
    const char* what;
    const char* segments;
    EvidenceMap::Lines want;
  };
  const Case cases[] = {
      {"a region holds to its end",
       "[2,1,3,true,true,false],[5,2,0,false,false,false]",
       {2, 3, 4, 5}},
      {"what was not executed does not count",
       "[2,1,3,true,true,false],[3,5,0,true,true,false],[5,6,3,true,false,false],[7,1,0,false,"
       "false,false]",
       {2, 3, 6, 7}},
      {"the greatest of the regions that start on a line counts",
       "[2,1,0,true,true,false],[3,1,0,true,true,false],[3,9,4,true,true,false],[3,12,0,true,false,"
       "false],"
       "[4,2,0,false,false,false]",
       {3}},
      {"a gap starts nothing",
       "[2,1,0,true,true,false],[3,1,7,true,true,true],[4,1,0,true,true,false],[5,1,0,false,false,"
       "false]",
       {4}},
      {"a line that begins with a skipped region is not mapped",
       "[2,1,3,true,true,false],[4,1,0,false,true,false],[6,1,3,true,false,false],[7,1,0,false,"
       "false,false]",
       {2, 3, 7}},
      {"unless a region with a count starts on it",
       "[4,1,0,false,true,false],[4,9,1,true,true,false],[5,1,0,false,false,false]",
       {4, 5}},
      {"the form of older versions", "[2,1,1,1,1],[3,1,0,0,0]", {2, 3}},
      {"a great count",
       "[2,1,18446744073709551615,true,true,false],[2,9,0,false,false,false]",
       {2}},
  };
  for (const Case& c : cases) {
    const auto files = Parse(LlvmExportJsonParser(), Llvm(c.segments));
    ASSERT_THAT(files, IsOk()) << c.what;
    EXPECT_EQ(files->at("a.cc"), c.want) << c.what;
  }
  EXPECT_THAT(Parse(LlvmExportJsonParser(), Llvm("")), IsOkAndHolds(IsEmpty()));
}

TEST(LlvmExportTest, NamesTheByteOfWhatIsWrong) {
  const ReportParser* const p = LlvmExportJsonParser();
  EXPECT_EQ(ErrorOf(p, Llvm("[2,1,1,true]")),
            "report: llvm-export-json: byte 89: a segment has fewer than 5 fields");
  EXPECT_THAT(ErrorOf(p, Llvm("[2,1,1,true,7]")), HasSubstr("expected true or false, found '7'"));
  EXPECT_THAT(ErrorOf(p, Llvm("[2,1,1,true,true],[1,1,1,true,true]")),
              HasSubstr("a segment of line 1 follows a later one"));
  EXPECT_THAT(ErrorOf(p, Llvm("[1099511627776,1,1,true,true]")),
              HasSubstr("is greater than 10000000"));
  EXPECT_THAT(ErrorOf(p, R"({"data": [{"files": [{"filename": "a"}]}]})"),
              HasSubstr("--summary-only"));
  EXPECT_THAT(ErrorOf(p, R"({"data": [{"functions": []}]})"), HasSubstr("has no 'files'"));
  EXPECT_THAT(ErrorOf(p, R"({"data": [], "type": "x"})"),
              HasSubstr("type 'x' is not 'llvm.coverage.json.export'"));
  EXPECT_THAT(ErrorOf(p, "{}"), HasSubstr("the object has no 'data'"));
}

// Two instantiations of a template list line 4, of which one was executed.
constexpr absl::string_view kGcovLines =
    R"({"branches": [], "count": 0, "line_number": 4, "function_name": "f<int>"},
       {"line_number": 4, "count": 2, "function_name": "f<char>", "unexecuted_block": true},
       {"line_number": 5, "count": 0}, {"line_number": 6, "count": -1},
       {"line_number": 0, "count": 1}, {"line_number": 7, "count": 18446744073709551616})";

std::string Gcov(absl::string_view file, absl::string_view folder,
                 absl::string_view lines = kGcovLines) {
  return absl::StrCat(R"({"gcc_version": "12.2.0", "files": [{"lines": [)", lines,
                      R"(], "functions": [{"execution_count": 1}], "file": ")", file,
                      R"("}], "format_version": "1", "current_working_directory": ")", folder,
                      R"(", "data_file": "a.gcda"})");
}

std::string Gcovr(absl::string_view file, absl::string_view lines = kGcovLines) {
  return absl::StrCat(R"({"gcovr/format_version": "0.15", "files": [{"file": ")", file,
                      R"(", "gcovr/data_sources": [["a.gcda"]], "lines": [)", lines, "]}]}");
}

TEST(GcovJsonTest, NamesAreRelativeToTheCompilersFolder) {
  const std::string text = Gcov("../src/a.cc", "/ci/app/out");
  EXPECT_THAT(Parse(GcovJsonParser(), text, {"src/a.cc", "b/src/c.cc"}, 7),
              IsOkAndHolds(ElementsAre(Pair("src/a.cc", ElementsAre(4, 6, 7)))));
  // Where the folder is unknown (and without a list of the repository's files), the name is all.
  EXPECT_THAT(Parse(GcovJsonParser(), Gcov("src/a.cc", "")),
              IsOkAndHolds(ElementsAre(Pair("src/a.cc", ElementsAre(4, 6, 7)))));
  EXPECT_THAT(Parse(GcovJsonParser(), Gcov("/usr/include/c++/12/vector", "/ci")),
              IsOkAndHolds(IsEmpty()));
}

TEST(GcovJsonTest, ReadsOneTextAfterTheOther) {
  const std::string text =
      absl::StrCat(Gcov("a.cc", ""), "\n", Gcov("b.cc", "", R"({"line_number": 1, "count": 1})"),
                   "\n", R"({"format_version": "2", "files": []})", "\n");
  EXPECT_THAT(
      Parse(GcovJsonParser(), text),
      IsOkAndHolds(ElementsAre(Pair("a.cc", ElementsAre(4, 6, 7)), Pair("b.cc", ElementsAre(1)))));
  EXPECT_THAT(ErrorOf(GcovJsonParser(), absl::StrCat(Gcov("a.cc", ""), "\nx")),
              HasSubstr("expected '{', found 'x'"));
}

TEST(GcovrJsonTest, ReadsLines) {
  EXPECT_THAT(Parse(GcovrJsonParser(), Gcovr("src/a.cc")),
              IsOkAndHolds(ElementsAre(Pair("src/a.cc", ElementsAre(4, 6, 7)))));
  EXPECT_FALSE(GcovJsonParser()->Recognises(Gcovr("src/a.cc")));
  EXPECT_FALSE(GcovrJsonParser()->Recognises(Gcov("src/a.cc", "")));
}

TEST(GcovrJsonTest, NamesTheByteOfWhatIsWrong) {
  const ReportParser* const p = GcovrJsonParser();
  EXPECT_EQ(ErrorOf(p, Gcovr("a", R"({"line_number": 1})")),
            "report: gcovr-json: byte 121: a line has no 'line_number' or no 'count'");
  EXPECT_THAT(ErrorOf(p, Gcovr("a", R"({"line_number": 1099511627776, "count": 1})")),
              HasSubstr("is greater than 10000000"));
  EXPECT_THAT(ErrorOf(p, Gcovr("a", R"({"line_number": 1, "count": "1"})")),
              HasSubstr("expected a value"));
  EXPECT_THAT(ErrorOf(p, Gcovr("")), HasSubstr("a file has no 'file' or no 'lines'"));
  EXPECT_THAT(
      ErrorOf(p, R"({"gcovr/summary_format_version": "0.6", "files": [{"filename": "a"}]})"),
      HasSubstr("a file has no 'file' or no 'lines'"));
  EXPECT_THAT(ErrorOf(p, R"({"files": []})"), HasSubstr("no 'gcovr/format_version'"));
  EXPECT_THAT(ErrorOf(GcovJsonParser(), R"({"files": []})"), HasSubstr("no 'gcc_version'"));
}

}  // namespace
}  // namespace testselect
