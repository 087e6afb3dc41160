// Outcome formats other than JUnit XML: small reports, and what is said about bad ones.
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

using Results = std::vector<std::pair<std::string, std::string>>;

// Labels with their outcomes, such as {"a.T", "passed flaky 0.5"}.
absl::StatusOr<Results> Parse(const ReportParser* parser, const std::string& content,
                              const std::vector<std::string>& known = {}, size_t piece = SIZE_MAX) {
  MemoryReport report(content, piece);
  UploadBuilder builder(PathMapper::Create({}, {}).value(), nullptr, false, {});
  for (const std::string& label : known) TS_RETURN_IF_ERROR(builder.MarkRan(label));
  TS_RETURN_IF_ERROR(parser->Parse(report, {}, builder));
  TS_ASSIGN_OR_RETURN(const SegmentContent segment, builder.Finish());
  TS_ASSIGN_OR_RETURN(const EvidenceMap map, Decode(segment));
  Results results;
  for (const auto& [label, outcome] : map.outcomes) {
    results.emplace_back(label, std::string(OutcomeName(outcome.outcome)));
    if (outcome.flaky) results.back().second += " flaky";
    if (outcome.seconds >= 0) absl::StrAppend(&results.back().second, " ", outcome.seconds);
  }
  return results;
}

std::string ErrorOf(const ReportParser* parser, const std::string& content) {
  return std::string(Parse(parser, content).status().message());
}

std::string Pytest(absl::string_view nodeid, absl::string_view when, absl::string_view outcome,
                   absl::string_view more = "") {
  return absl::StrCat(R"({"nodeid": ")", nodeid, R"(", "when": ")", when, R"(", "outcome": ")",
                      outcome, R"(", "duration": 0.25, "sections": [["out", "}\""]])", more,
                      R"(, "$report_type": "TestReport"})", "\n");
}

TEST(PytestReportLogTest, TestsThatRunAtOneTimeAreToldApart) {
  const std::string text =
      absl::StrCat(R"({"pytest_version": "9", "$report_type": "SessionStart"})", "\n",
                   Pytest("t.py::a", "setup", "passed"), Pytest("t.py::b", "setup", "failed"),
                   Pytest("t.py::a", "call", "failed"), Pytest("t.py::b", "teardown", "passed"),
                   Pytest("t.py::a", "teardown", "passed"));
  const Results want = {{"t.py::a", "failed 0.75"}, {"t.py::b", "error 0.5"}};
  for (size_t piece = 1; piece < 50; ++piece) {
    EXPECT_THAT(Parse(PytestReportLogParser(), text, {}, piece), IsOkAndHolds(want)) << piece;
  }
}

TEST(PytestReportLogTest, AnAttemptThatIsRepeatedMakesAFlakyTest) {
  const std::string attempt =
      absl::StrCat(Pytest("t.py::a", "setup", "passed"), Pytest("t.py::a", "call", "rerun"),
                   Pytest("t.py::a", "teardown", "passed"));
  const std::string setup = Pytest("t.py::a", "setup", "passed");
  const std::string teardown = Pytest("t.py::a", "teardown", "passed");
  EXPECT_THAT(
      Parse(PytestReportLogParser(),
            absl::StrCat(attempt, attempt, setup, Pytest("t.py::a", "call", "passed"), teardown)),
      IsOkAndHolds(ElementsAre(Pair("t.py::a", "passed flaky 0.75"))));
  EXPECT_THAT(Parse(PytestReportLogParser(),
                    absl::StrCat(attempt, setup, Pytest("t.py::a", "call", "failed"), teardown)),
              IsOkAndHolds(ElementsAre(Pair("t.py::a", "failed 0.75"))));
}

TEST(PytestReportLogTest, ATestFailsWithItsSubtest) {
  const std::string text = absl::StrCat(
      Pytest("t.py::a", "setup", "passed"),
      R"({"nodeid": "t.py::a", "outcome": "failed", "when": "call", "duration": 9,
          "$report_type": "SubTestReport"})",
      "\n", Pytest("t.py::a", "call", "passed"), Pytest("t.py::a", "teardown", "passed"));
  EXPECT_THAT(Parse(PytestReportLogParser(), text),
              IsOkAndHolds(ElementsAre(Pair("t.py::a", "failed 0.75"))));
}

TEST(PytestReportLogTest, WhatWasCutOffIsAnError) {
  EXPECT_THAT(Parse(PytestReportLogParser(), Pytest("t.py::a", "setup", "passed")),
              IsOkAndHolds(ElementsAre(Pair("t.py::a", "error 0.25"))));
  EXPECT_THAT(Parse(PytestReportLogParser(), Pytest("t.py::a", "???", "failed")),
              IsOkAndHolds(ElementsAre(Pair("t.py::a", "error 0.25"))));
}

TEST(PytestReportLogTest, AFileThatCannotBeCollectedIsAnErrorOfItsTests) {
  const std::string text =
      R"({"nodeid": "t.py", "outcome": "failed", "$report_type": "CollectReport"})";
  EXPECT_THAT(Parse(PytestReportLogParser(), text, {"t.py::a", "t.py::C::b", "tt.py::c"}),
              IsOkAndHolds(ElementsAre(Pair("t.py::C::b", "error"), Pair("t.py::a", "error"))));
  EXPECT_THAT(Parse(PytestReportLogParser(), text),
              IsOkAndHolds(ElementsAre(Pair("t.py", "error"))));
}

TEST(PytestReportLogTest, LabelsAreThoseOfTheCoverage) {
  const std::string text = absl::StrCat(Pytest("pkg/t.py::C::a[x::y]", "call", "passed"),
                                        Pytest("pkg/t.py::C::a[x::y]", "teardown", "passed"));
  for (const char* known : {"pkg/t.py::C::a[x::y]", "pkg.t.C.a", "t.C.a", "t.py::C::a[x::y]"}) {
    EXPECT_THAT(Parse(PytestReportLogParser(), text, {known}),
                IsOkAndHolds(ElementsAre(Pair(known, "passed 0.5"))));
  }
}

TEST(PytestReportLogTest, ErrorsNameTheByte) {
  EXPECT_EQ(ErrorOf(PytestReportLogParser(), "{\"$report_type\": \"TestReport\"}"),
            "report: pytest-report-log: byte 30: a report has no 'nodeid'");
  EXPECT_THAT(ErrorOf(PytestReportLogParser(), "{\"nodeid\": \"x\"}"),
              HasSubstr("byte 15: a line has no '$report_type'"));
  EXPECT_THAT(ErrorOf(PytestReportLogParser(), Pytest("a", "call", "exploded")),
              HasSubstr("outcome 'exploded' is none of passed, failed, skipped, rerun"));
  EXPECT_THAT(ErrorOf(PytestReportLogParser(), Pytest("a", "call", "passed") + "{\"nodeid"),
              HasSubstr("the text ends inside a string"));
}

std::string Go(absl::string_view action, absl::string_view package, absl::string_view test = "",
               absl::string_view more = "") {
  return absl::StrCat(R"({"Action":")", action, R"(","Package":")", package, "\"",
                      test.empty() ? "" : absl::StrCat(R"(,"Test":")", test, "\""), more, "}\n");
}

TEST(GoTestJsonTest, EveryEndOfATest) {
  const std::string text =
      absl::StrCat(Go("start", "m/p"), Go("run", "m/p", "TestA"), Go("run", "m/p", "TestA/x"),
                   Go("output", "m/p", "TestA", R"(,"Output":"--- {\n")"),
                   Go("pass", "m/p", "TestA/x", R"(,"Elapsed":0.5)"),
                   Go("pass", "m/p", "TestA", R"(,"Elapsed":1.5)"), Go("run", "m/p", "TestB"),
                   Go("skip", "m/p", "TestB", R"(,"Elapsed":0)"), Go("run", "m/p", "TestC"),
                   Go("fail", "m/p", "TestC", R"(,"Elapsed":2)"), Go("run", "m/p", "TestHangs"),
                   Go("fail", "m/p", "", R"(,"Elapsed":9)"));
  EXPECT_THAT(
      Parse(GoTestJsonParser(), text),
      IsOkAndHolds(ElementsAre(Pair("m/p.TestA", "passed 1.5"), Pair("m/p.TestA/x", "passed 0.5"),
                               Pair("m/p.TestB", "skipped 0"), Pair("m/p.TestC", "failed 2"),
                               Pair("m/p.TestHangs", "error"))));
  // A subtest's time is its test's already.
  EXPECT_THAT(*Parse(GoTestJsonParser(), text, {"m/p.TestA"}),
              ::testing::Contains(Pair("m/p.TestA", "passed 1.5")));
}

TEST(GoTestJsonTest, ATestThatPassesInALaterRunIsFlaky) {
  const std::string first = absl::StrCat(Go("start", "p"), Go("run", "p", "T"),
                                         Go("fail", "p", "T", R"(,"Elapsed":1)"), Go("fail", "p"));
  const std::string passed =
      absl::StrCat(Go("run", "p", "T"), Go("pass", "p", "T", R"(,"Elapsed":3)"));
  EXPECT_THAT(
      Parse(GoTestJsonParser(), absl::StrCat(first, Go("start", "p"), passed, Go("pass", "p"))),
      IsOkAndHolds(ElementsAre(Pair("p.T", "passed flaky 3"))));
  // -count=2: nothing passes in the end.
  EXPECT_THAT(Parse(GoTestJsonParser(),
                    absl::StrCat(Go("start", "p"), Go("run", "p", "T"),
                                 Go("fail", "p", "T", R"(,"Elapsed":1)"), passed, Go("fail", "p"))),
              IsOkAndHolds(ElementsAre(Pair("p.T", "failed 1"))));
}

TEST(GoTestJsonTest, APackageThatDoesNotBuildIsAnErrorOfItsTests) {
  const std::vector<std::string> known = {"m/p.TestA", "m/p.TestB", "m/q.TestC"};
  const std::string event = absl::StrCat(Go("start", "m/p"), Go("fail", "m/p"));
  const std::string old = absl::StrCat("# m/p\np.go:1:1: no\nFAIL\tm/p [build failed]\n",
                                       Go("pass", "m/q", "TestC"), Go("pass", "m/q"));
  EXPECT_THAT(Parse(GoTestJsonParser(), event, known),
              IsOkAndHolds(ElementsAre(Pair("m/p.TestA", "error"), Pair("m/p.TestB", "error"))));
  EXPECT_THAT(Parse(GoTestJsonParser(), old, known),
              IsOkAndHolds(ElementsAre(Pair("m/p.TestA", "error"), Pair("m/p.TestB", "error"),
                                       Pair("m/q.TestC", "passed"))));
}

TEST(GoTestJsonTest, ErrorsNameTheLine) {
  EXPECT_THAT(ErrorOf(GoTestJsonParser(), Go("start", "p") + "{\"Action\":1}\n"),
              HasSubstr("go-test-json: line 2: 'Action' is no text"));
  EXPECT_THAT(ErrorOf(GoTestJsonParser(), "{\"Action\":\"run\""), HasSubstr("line 1: the line"));
  EXPECT_THAT(ErrorOf(GoTestJsonParser(), Go("pass", "p", "T", R"(,"Elapsed":-1)")),
              HasSubstr("'Elapsed' is no number of seconds"));
  EXPECT_THAT(ErrorOf(GoTestJsonParser(), "ok\n"), HasSubstr("the report has no event"));
}

std::string GTest(absl::string_view test) {
  return absl::StrCat(R"({"tests": 1, "testsuites": [{"testsuite": [)", test,
                      R"(], "name": "S"}], "name": "AllTests"})");
}

TEST(GTestJsonTest, ReadsResults) {
  const std::string text = GTest(
      R"({"name": "T\/0", "classname": "A\/S", "result": "COMPLETED", "time": "1.5s"},
         {"name": "U", "classname": "S", "result": "COMPLETED", "time": "0s",
          "failures": [{"failure": "\"}]"}]},
         {"name": "DISABLED_V", "classname": "S", "result": "SUPPRESSED"})");
  EXPECT_THAT(Parse(GTestJsonParser(), text),
              IsOkAndHolds(ElementsAre(Pair("A/S.T/0", "passed 1.5"),
                                       Pair("S.DISABLED_V", "skipped"), Pair("S.U", "failed 0"))));
}

TEST(GTestJsonTest, ErrorsNameTheByte) {
  EXPECT_THAT(ErrorOf(GTestJsonParser(), GTest(R"({"name": "T", "classname": "S"})")),
              HasSubstr("byte 74: result '' is none of COMPLETED, SKIPPED, SUPPRESSED"));
  EXPECT_THAT(ErrorOf(GTestJsonParser(), "{}"), HasSubstr("the object has no 'testsuites'"));
  EXPECT_THAT(ErrorOf(GTestJsonParser(), GTest(R"({"name": "T", "result": "COMPLETED"})")),
              HasSubstr("no 'classname'"));
}

std::string CTest(absl::string_view status, absl::string_view completion) {
  return absl::StrCat(
      "<Site><Testing>\n<TestList><Test>./a</Test></TestList>\n<Test Status=\"", status,
      "\"><Name>a b</Name><Results><NamedMeasurement name=\"Execution Time\"><Value>"
      "0.5</Value></NamedMeasurement><NamedMeasurement name=\"Completion Status\">"
      "<Value>",
      completion, "</Value></NamedMeasurement></Results></Test></Testing></Site>");
}

TEST(CTestXmlTest, WhatDidNotRunForWantOfSomethingIsAnError) {
  const struct {
    const char *status, *completion, *want;
  } kCases[] = {{"passed", "Completed", "passed 0.5"},
                {"failed", "Completed", "failed 0.5"},
                {"notrun", "Disabled", "skipped 0.5"},
                {"notrun", "SKIP_RETURN_CODE=4", "skipped 0.5"},
                {"notrun", "SKIP_REGULAR_EXPRESSION_MATCHED", "skipped 0.5"},
                {"notrun", "Unable to find executable", "error 0.5"},
                {"notrun", "Required Files Missing", "error 0.5"}};
  for (const auto& c : kCases) {
    EXPECT_THAT(Parse(CTestXmlParser(), CTest(c.status, c.completion)),
                IsOkAndHolds(ElementsAre(Pair("a b", c.want))));
  }
}

TEST(CTestXmlTest, ErrorsNameTheLine) {
  EXPECT_THAT(ErrorOf(CTestXmlParser(), CTest("odd", "")),
              HasSubstr("ctest-xml: line 3: Status 'odd' is none of passed, failed, notrun"));
  EXPECT_THAT(ErrorOf(CTestXmlParser(), "<Sites/>"), HasSubstr("not 'Site'"));
  EXPECT_THAT(ErrorOf(CTestXmlParser(), "<Site><Test Status=\"passed\"></Test></Site>"),
              HasSubstr("a Test has no Name"));
}

}  // namespace
}  // namespace testselect
