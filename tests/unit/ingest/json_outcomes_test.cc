// The JSON results of test runners: small reports, the labels they find, and what is said about bad
// ones.
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

struct Upload {
  Results results;  // labels with their outcomes, such as {"a > T", "passed flaky 0.5"}
  uint64_t listed = 0;
  std::vector<std::string> warnings;
};

absl::StatusOr<Upload> Read(const ReportParser* parser, const std::string& content,
                            const std::vector<std::string>& known = {},
                            std::vector<std::string> tree = {}) {
  EXPECT_TRUE(parser->Recognises(content)) << content;
  MemoryReport report(content, 7);
  TS_ASSIGN_OR_RETURN(PathMapper paths, PathMapper::Create({"/app", ""}, tree));
  UploadBuilder builder(std::move(paths), nullptr, false, tree);
  for (const std::string& label : known) TS_RETURN_IF_ERROR(builder.MarkRan(label));
  TS_RETURN_IF_ERROR(parser->Parse(report, {}, builder));
  Upload upload;
  TS_ASSIGN_OR_RETURN(const SegmentContent segment, builder.Finish());
  TS_ASSIGN_OR_RETURN(const EvidenceMap map, Decode(segment));
  for (const auto& [label, outcome] : map.outcomes) {
    upload.results.emplace_back(label, std::string(OutcomeName(outcome.outcome)));
    if (outcome.flaky) upload.results.back().second += " flaky";
    if (outcome.seconds >= 0) {
      absl::StrAppend(&upload.results.back().second, " ", outcome.seconds);
    }
  }
  upload.listed = builder.results();
  upload.warnings = builder.warnings();
  return upload;
}

absl::StatusOr<Results> Parse(const ReportParser* parser, const std::string& content,
                              const std::vector<std::string>& known = {},
                              std::vector<std::string> tree = {}) {
  TS_ASSIGN_OR_RETURN(Upload upload, Read(parser, content, known, std::move(tree)));
  return std::move(upload.results);
}

std::string ErrorOf(const ReportParser* parser, const std::string& content) {
  MemoryReport report(content);
  UploadBuilder builder(PathMapper::Create({}, {}).value(), nullptr, false, {});
  return std::string(parser->Parse(report, {}, builder).message());
}

std::string Jest(absl::string_view tests, absl::string_view status = "passed",
                 absl::string_view file = "/app/test/a.test.js") {
  return absl::StrCat(R"({"numTotalTestSuites": 1, "coverageMap": {"x": [{}]}, "testResults": [)",
                      R"({"assertionResults": [)", tests, R"(], "status": ")", status,
                      R"(", "message": "", "name": ")", file, R"("}]})");
}

std::string JestTest(absl::string_view ancestors, absl::string_view title, absl::string_view status,
                     absl::string_view more = "") {
  return absl::StrCat(R"({"ancestorTitles": [)", ancestors, R"(], "fullName": "Oven )", title,
                      R"(", "location": null, "status": ")", status, R"(", "title": ")", title,
                      "\"", more, "}");
}

TEST(JestJsonTest, ALabelIsTheFileAndTheTitles) {
  const std::string text = Jest(absl::StrCat(
      JestTest(R"("Oven", "a > b")", "is \\u001b[31mcold", "passed", R"(, "duration": 8)"), ",",
      JestTest(R"("Oven")", "fails", "failed", R"(, "duration": null)"), ",",
      JestTest("", "", "todo"), ",", JestTest("", "later", "pending")));
  EXPECT_THAT(Parse(JestJsonParser(), text),
              IsOkAndHolds(ElementsAre(
                  Pair("test/a.test.js > ", "skipped"),
                  Pair("test/a.test.js > Oven > a > b > is \x1b[31mcold", "passed 0.008"),
                  Pair("test/a.test.js > Oven > fails", "failed"),
                  Pair("test/a.test.js > later", "skipped"))));
}

TEST(JestJsonTest, FindsTheNamesThatCoverageUses) {
  const std::string one = Jest(JestTest(R"("Oven")", "bakes", "passed"));
  for (const std::string label :
       {"test/a.test.js > Oven > bakes", "Oven > bakes", "Oven bakes", "test/a.test.js"}) {
    EXPECT_THAT(Parse(JestJsonParser(), one, {label}),
                IsOkAndHolds(ElementsAre(Pair(label, "passed"))));
  }
  // A file that is one label fails with any of its tests, and takes their time together.
  EXPECT_THAT(Parse(JestJsonParser(),
                    Jest(absl::StrCat(JestTest("", "x", "failed", R"(, "duration": 250)"), ",",
                                      JestTest("", "y", "passed", R"(, "duration": 250)"))),
                    {"test/a.test.js"}),
              IsOkAndHolds(ElementsAre(Pair("test/a.test.js", "failed 0.5"))));
  // The repository's own files say where its top is, when the upload does not.
  EXPECT_THAT(Parse(JestJsonParser(),
                    Jest(JestTest("", "x", "passed"), "passed", "/home/ci/w/web/test/a.test.js"),
                    {}, {"web/test/a.test.js", "web/a.js"}),
              IsOkAndHolds(ElementsAre(Pair("web/test/a.test.js > x", "passed"))));
}

TEST(JestJsonTest, AFileThatDoesNotLoadFailsWithAllThatIsKnownOfIt) {
  const std::string crash = Jest("", "failed");
  ASSERT_OK_AND_ASSIGN(const Upload upload, Read(JestJsonParser(), crash,
                                                 {"test/a.test.js > Oven > bakes",
                                                  "test/a.test.js > x", "test/b.test.js > y"}));
  EXPECT_THAT(upload.results, ElementsAre(Pair("test/a.test.js > Oven > bakes", "error"),
                                          Pair("test/a.test.js > x", "error")));
  EXPECT_EQ(upload.listed, 0u);
  EXPECT_THAT(Parse(JestJsonParser(), crash),
              IsOkAndHolds(ElementsAre(Pair("test/a.test.js", "error"))));
  EXPECT_THAT(Parse(JestJsonParser(), crash, {"test/a.test.js"}),
              IsOkAndHolds(ElementsAre(Pair("test/a.test.js", "error"))));
}

TEST(JestJsonTest, AttemptsMakeAFlakyTest) {
  const std::string text = Jest(absl::StrCat(
      JestTest("", "a", "passed", R"(, "invocations": 2)"), ",",
      JestTest("", "b", "passed", R"(, "invocations": 1, "retryReasons": ["no"])"), ",",
      JestTest("", "c", "passed", R"(, "failureMessages": ["no"])"), ",",
      JestTest("", "d", "passed", R"(, "invocations": 1, "failureMessages": [])"), ",",
      JestTest("", "e", "failed", R"(, "failureMessages": ["no"], "retryReasons": null)")));
  EXPECT_THAT(
      Parse(JestJsonParser(), text),
      IsOkAndHolds(ElementsAre(
          Pair("test/a.test.js > a", "passed flaky"), Pair("test/a.test.js > b", "passed flaky"),
          Pair("test/a.test.js > c", "passed flaky"), Pair("test/a.test.js > d", "passed"),
          Pair("test/a.test.js > e", "failed"))));
}

TEST(JestJsonTest, NamesTheByteOfWhatIsWrong) {
  EXPECT_THAT(ErrorOf(JestJsonParser(), Jest(JestTest("", "a", "odd"))),
              HasSubstr("jest-json: byte 185: status 'odd' is none of passed, failed"));
  EXPECT_THAT(ErrorOf(JestJsonParser(), Jest(JestTest("", "a", "passed", R"(, "duration": -3)"))),
              HasSubstr("duration '-3' is no number of seconds"));
  EXPECT_THAT(ErrorOf(JestJsonParser(), Jest("", "passed", "")), HasSubstr("has no 'name'"));
  EXPECT_THAT(ErrorOf(JestJsonParser(), "{}"), HasSubstr("has no 'testResults'"));
}

std::string MochaTest(absl::string_view title, absl::string_view full_title,
                      absl::string_view more = "") {
  return absl::StrCat(R"({"title": ")", title, R"(", "fullTitle": ")", full_title,
                      R"(", "file": "/app/test/a.js", "duration": 4)", more, R"(, "err": {}})");
}

std::string Mocha(absl::string_view passes, absl::string_view failures,
                  absl::string_view pending = "") {
  return absl::StrCat(R"({"stats": {"passes": 1}, "tests": [{"fullTitle": "not read"}], )",
                      R"("pending": [)", pending, R"(], "failures": [)", failures,
                      R"(], "passes": [)", passes, "]}");
}

TEST(MochaJsonTest, ALabelIsTheFullTitleOrTheFile) {
  const std::string text =
      Mocha(absl::StrCat(MochaTest("adds", "kitchen adds", R"(, "currentRetry": 0)"), ",",
                         MochaTest("again", "kitchen again", R"(, "currentRetry": 1)")),
            MochaTest("fails", "kitchen fails", R"(, "currentRetry": 1)"),
            MochaTest("later", "kitchen later"));
  EXPECT_THAT(Parse(MochaJsonParser(), text),
              IsOkAndHolds(ElementsAre(
                  Pair("kitchen adds", "passed 0.004"), Pair("kitchen again", "passed flaky 0.004"),
                  Pair("kitchen fails", "failed 0.004"), Pair("kitchen later", "skipped 0.004"))));
  EXPECT_THAT(Parse(MochaJsonParser(), text, {"test/a.js"}),
              IsOkAndHolds(ElementsAre(Pair("test/a.js", "failed 0.016"))));
}

TEST(MochaJsonTest, AHookFailsTheTestsOfItsSuite) {
  const std::string hook = R"(\"before all\" hook for \"adds\")";
  const std::string text = Mocha("", MochaTest(hook, absl::StrCat("kitchen ", hook)));
  EXPECT_THAT(
      Parse(MochaJsonParser(), text, {"kitchen adds", "kitchen sink > x", "garden digs"}),
      IsOkAndHolds(ElementsAre(Pair("kitchen adds", "error"), Pair("kitchen sink > x", "error"))));
  ASSERT_OK_AND_ASSIGN(const Upload upload,
                       Read(MochaJsonParser(), Mocha(MochaTest("a", "a"), MochaTest(hook, hook))));
  EXPECT_THAT(upload.results, ElementsAre(Pair("a", "passed 0.004")));
  EXPECT_THAT(upload.warnings, ElementsAre(HasSubstr("failed outside of all suites")));
}

// mocha --reporter json > mocha.json
TEST(MochaJsonTest, WhatTheTestsPrintStandsAroundTheReport) {
  const std::string report = Mocha(MochaTest("a", "a"), "");
  const std::string printed = absl::StrCat("\n  { 855 } patterns {\"x\"\n", report, "\nbye {}\n");
  EXPECT_TRUE(MochaJsonParser()->Recognises(printed));
  ASSERT_OK_AND_ASSIGN(const Results want, Parse(MochaJsonParser(), report));
  EXPECT_THAT(Parse(MochaJsonParser(), printed), IsOkAndHolds(want));
  EXPECT_THAT(ErrorOf(MochaJsonParser(), absl::StrCat(report, "\n", report)),
              HasSubstr("a second report follows"));
}

TEST(MochaJsonTest, SaysWhatIsWrong) {
  EXPECT_THAT(ErrorOf(MochaJsonParser(), R"({"stats": {}, "tests": []})"),
              HasSubstr("has none of 'passes', 'failures', 'pending'"));
  EXPECT_THAT(ErrorOf(MochaJsonParser(), Mocha("{}", "")), HasSubstr("a test has no 'fullTitle'"));
  EXPECT_FALSE(MochaJsonParser()->Recognises(
      R"({"stats": {"passes": 1, "testsRegistered": 1}, "results": []})"));
}

std::string PytestTest(absl::string_view nodeid, absl::string_view outcome, absl::string_view setup,
                       absl::string_view call, absl::string_view teardown) {
  std::string text =
      absl::StrCat(R"({"nodeid": ")", nodeid, R"(", "outcome": ")", outcome, R"(", "lineno": 3)");
  const std::pair<absl::string_view, absl::string_view> stages[] = {
      {"setup", setup}, {"call", call}, {"teardown", teardown}};
  for (const auto& [stage, result] : stages) {
    if (result.empty()) continue;
    absl::StrAppend(&text, ", \"", stage, R"(": {"duration": 0.25, "outcome": ")", result,
                    R"(", "longrepr": "x"})");
  }
  return absl::StrCat(text, "}");
}

std::string PytestReport(absl::string_view tests, absl::string_view collectors = "") {
  return absl::StrCat(R"({"created": 1.5, "exitcode": 1, "summary": {}, "collectors": [)",
                      collectors, R"(], "tests": [)", tests, "]}");
}

TEST(PytestJsonReportTest, ATestsStagesTellHowItEnded) {
  const std::string text = PytestReport(
      absl::StrCat(PytestTest("t.py::a[x|y]", "passed", "passed", "passed", "passed"), ",",
                   PytestTest("t.py::b", "failed", "passed", "failed", "passed"), ",",
                   PytestTest("t.py::c", "error", "failed", "", "passed"), ",",
                   PytestTest("t.py::d", "error", "passed", "passed", "failed"), ",",
                   PytestTest("t.py::e", "rerun", "passed", "passed", "passed"), ",",
                   PytestTest("t.py::f", "rerun", "passed", "", "passed"), ",",
                   PytestTest("t.py::g", "skipped", "skipped", "", "passed"), ",",
                   PytestTest("t.py::h", "xfailed", "passed", "skipped", "passed"), ",",
                   PytestTest("t.py::i", "xpassed", "passed", "passed", "passed"), ",",
                   PytestTest("t.py::j", "subtests passed", "passed", "passed", "passed")));
  EXPECT_THAT(
      Parse(PytestJsonReportParser(), text),
      IsOkAndHolds(ElementsAre(Pair("t.py::a[x|y]", "passed 0.75"), Pair("t.py::b", "failed 0.75"),
                               Pair("t.py::c", "error 0.5"), Pair("t.py::d", "error 0.75"),
                               Pair("t.py::e", "passed flaky 0.75"), Pair("t.py::f", "error 0.5"),
                               Pair("t.py::g", "skipped 0.5"), Pair("t.py::h", "xfailed 0.75"),
                               Pair("t.py::i", "xpassed 0.75"), Pair("t.py::j", "passed 0.75"))));
}

TEST(PytestJsonReportTest, AFileThatCannotBeCollectedFailsItsTests) {
  ASSERT_OK_AND_ASSIGN(const Upload upload,
                       Read(PytestJsonReportParser(),
                            PytestReport("", R"({"nodeid": "", "outcome": "passed", "result": []},
                               {"nodeid": "t/test_a.py", "outcome": "failed", "result": []})"),
                            {"t/test_a.py::x", "t/test_a.py::T::y", "t/test_b.py::z"}));
  EXPECT_THAT(upload.results,
              ElementsAre(Pair("t/test_a.py::T::y", "error"), Pair("t/test_a.py::x", "error")));
  EXPECT_EQ(upload.listed, 0u);
}

TEST(PytestJsonReportTest, SaysWhatIsWrong) {
  EXPECT_THAT(ErrorOf(PytestJsonReportParser(),
                      PytestReport(PytestTest("t.py::a", "odd", "passed", "", "passed"))),
              HasSubstr("outcome 'odd' is none of passed, failed"));
  EXPECT_THAT(ErrorOf(PytestJsonReportParser(), PytestReport(R"({"outcome": "passed"})")),
              HasSubstr("a test has no 'nodeid'"));
  EXPECT_THAT(ErrorOf(PytestJsonReportParser(), R"({"created": 1, "exitcode": 0})"),
              HasSubstr("has no 'tests'"));
}

std::string Rspec(absl::string_view examples, absl::string_view messages = "") {
  return absl::StrCat(R"({"version": "3.13", "messages": [)", messages, R"(], "examples": [)",
                      examples, R"(], "summary": {}, "summary_line": "x"})");
}

std::string Example(absl::string_view number, absl::string_view description,
                    absl::string_view status) {
  return absl::StrCat(R"({"id": "./spec/a_spec.rb[1:)", number, R"(]", "description": "x", )",
                      R"("full_description": ")", description, R"(", "status": ")", status,
                      R"(", "file_path": "./spec/a_spec.rb", "line_number": )", number,
                      R"(, "run_time": 0.5, "pending_message": null})");
}

TEST(RspecJsonTest, FindsTheNamesThatCoverageUses) {
  const std::string text = Rspec(absl::StrCat(Example("4", "Ledger adds", "passed"), ",",
                                              Example("9", "Ledger adds", "failed"), ",",
                                              Example("12", "Ledger waits", "pending")));
  EXPECT_THAT(Parse(RspecJsonParser(), text),
              IsOkAndHolds(ElementsAre(Pair("Ledger adds", "failed 1"),
                                       Pair("Ledger waits", "skipped 0.5"))));
  // Namesakes are told apart where the labels do.
  EXPECT_THAT(Parse(RspecJsonParser(), text,
                    {"./spec/a_spec.rb[1:4]", "./spec/a_spec.rb[1:9]", "./spec/a_spec.rb[1:12]"}),
              IsOkAndHolds(ElementsAre(Pair("./spec/a_spec.rb[1:12]", "skipped 0.5"),
                                       Pair("./spec/a_spec.rb[1:4]", "passed 0.5"),
                                       Pair("./spec/a_spec.rb[1:9]", "failed 0.5"))));
  EXPECT_THAT(Parse(RspecJsonParser(), text, {"spec/a_spec.rb:4", "spec/a_spec.rb:9"}),
              IsOkAndHolds(ElementsAre(Pair("Ledger waits", "skipped 0.5"),
                                       Pair("spec/a_spec.rb:4", "passed 0.5"),
                                       Pair("spec/a_spec.rb:9", "failed 0.5"))));
  EXPECT_THAT(Parse(RspecJsonParser(), text, {"spec/a_spec.rb"}),
              IsOkAndHolds(ElementsAre(Pair("spec/a_spec.rb", "failed 1.5"))));
}

TEST(RspecJsonTest, AFileThatDoesNotLoadFailsWithAllThatIsKnownOfIt) {
  const std::string text = Rspec(
      "",
      R"("\nAn error occurred while loading ./spec/a_spec.rb.\nFailure/Error: x", "No examples")");
  EXPECT_THAT(Parse(RspecJsonParser(), text,
                    {"./spec/a_spec.rb[1:1]", "spec/a_spec.rb:4", "spec/b_spec.rb:4"}),
              IsOkAndHolds(ElementsAre(Pair("./spec/a_spec.rb[1:1]", "error"),
                                       Pair("spec/a_spec.rb:4", "error"))));
}

TEST(RspecJsonTest, SaysWhatIsWrong) {
  EXPECT_THAT(ErrorOf(RspecJsonParser(), Rspec(Example("4", "a", "odd"))),
              HasSubstr("status 'odd' is none of passed, failed, pending"));
  EXPECT_THAT(ErrorOf(RspecJsonParser(), Rspec("{}")),
              HasSubstr("has neither 'full_description' nor 'id'"));
  EXPECT_THAT(ErrorOf(RspecJsonParser(), "{}"), HasSubstr("has no 'examples'"));
}

}  // namespace
}  // namespace testselect
