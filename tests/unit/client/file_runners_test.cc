// The runners whose labels are files or classes: Jest, Vitest, Maven, Gradle, RSpec.
#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/files.h"
#include "client/runners/cargo_outcomes.h"
#include "client/runners/cargo_project.h"
#include "client/runners/class_file.h"
#include "client/runners/class_log.h"
#include "client/runners/gradle_runner.h"
#include "client/runners/jest_runner.h"
#include "client/runners/maven_project.h"
#include "client/runners/node_program.h"
#include "client/runners/rspec_runner.h"
#include "client/runners/surefire_outcomes.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace testselect::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;

TEST(FileRunnersTest, ThirtyThousandAwkwardPathsAreAListThatLosesNoByte) {
  std::vector<std::string> paths;
  for (int i = 0; i < 30'000; ++i) {
    paths.push_back(absl::StrCat("test/a b/[x]::'\"$(y)`\\\xC3\xBC\n", i, ".test.js"));
  }
  const std::string list = NulList(paths);
  EXPECT_EQ(list.back(), '\0');
  EXPECT_EQ(std::vector<std::string>(absl::StrSplit(list, '\0', absl::SkipEmpty())), paths);
}

TEST(FileRunnersTest, ALabelIsThePathFromTheTopOfTheCheckoutOn) {
  RunnerSetup setup;
  setup.top = "/src/my app";
  setup.folder = "/src/my app/web";
  const std::string label = FileLabel(setup, "/src/my app/web/a [1].test.js");
  EXPECT_EQ(label, "web/a [1].test.js");
  EXPECT_EQ(LabelFile(setup, label), "/src/my app/web/a [1].test.js");
}

TEST(JestRunnerTest, TheConfigurationIsFoundBehindWhatAPackageManagerPrints) {
  ASSERT_OK_AND_ASSIGN(const JestConfig config,
                       ParseJestConfig("\n> app@1 test\n> jest {\n\n"
                                       "{\n  \"configs\": [],\n"
                                       "  \"globalConfig\": {\"bail\": 1, "
                                       "\"collectCoverage\": true,\n"
                                       "  \"reporters\": [[\"default\", {}], "
                                       "[\"/a/b.js\", {\"x\": \"}\"}], "
                                       "\"/c.js\"]},\n"
                                       "  \"version\": \"29.7.0\"\n}\n"));
  EXPECT_EQ(config.version, 29);
  EXPECT_TRUE(config.covers);
  EXPECT_TRUE(config.stops_early);
  ASSERT_EQ(config.reporters.size(), 3u);
  EXPECT_EQ(config.reporters[0].options, "{}");
  EXPECT_EQ(config.reporters[1].name, "/a/b.js");
  EXPECT_EQ(config.reporters[1].options, "{\"x\":\"}\"}");
  EXPECT_EQ(config.reporters[2].options, "{}");
  for (const std::string printed : {"", "{}", "{\n}", "nothing here"}) {
    EXPECT_THAT(ParseJestConfig(printed),
                StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("--with")))
        << printed;
  }
}

TEST(JestRunnerTest, ArgumentsThatWouldRunAPartOfAFileAreRefused) {
  for (const std::string argument :
       {"-t", "-tadds", "-it", "-t=adds", "--testNamePattern=a", "--shard=1/2", "--watch"}) {
    EXPECT_THAT(CheckJestArguments({argument}),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("behind --")))
        << argument;
  }
  EXPECT_THAT(
      CheckJestArguments({"-i", "--testPathPattern=t", "--testTimeout=5", "src/t", "--", "-t"}),
      IsOk());
}

TEST(MavenRunnerTest, ArgumentsAreOptionsWithTheirValuesAndGoals) {
  ASSERT_OK_AND_ASSIGN(const MavenArguments all,
                       ParseMavenArguments({"-q", "-pl", "core", "verify", "-Dx=y", "-f",
                                            "sub/pom.xml", "-D", "a=b", "-fae"}));
  EXPECT_THAT(all.options,
              ElementsAre("-q", "-pl", "core", "-Dx=y", "-f", "sub/pom.xml", "-D", "a=b", "-fae"));
  EXPECT_THAT(all.goals, ElementsAre("verify"));
  EXPECT_EQ(all.folder, "sub/pom.xml");
  EXPECT_TRUE(all.goes_on);
  ASSERT_OK_AND_ASSIGN(const MavenArguments none, ParseMavenArguments({}));
  EXPECT_THAT(none.goals, ElementsAre("test"));
  for (const std::vector<std::string>& chosen : std::vector<std::vector<std::string>>{
           {"-Dtest=A"}, {"-D", "test=A"}, {"-Dsurefire.excludesFile=x"}, {"-f"}}) {
    EXPECT_THAT(ParseMavenArguments(chosen),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("behind --")));
  }
}

TEST(MavenRunnerTest, TestsAreListedByWhatTheGoalsBuild) {
  ASSERT_OK_AND_ASSIGN(const MavenArguments test, ParseMavenArguments({"clean", "test"}));
  EXPECT_THAT(MavenListing(test), ElementsAre("test-compile"));
  ASSERT_OK_AND_ASSIGN(const MavenArguments verify, ParseMavenArguments({"clean", "verify"}));
  EXPECT_THAT(MavenListing(verify), ElementsAre("package", "-DskipTests"));
}

TEST(MavenRunnerTest, APomThatHasSurefireRunOtherClassesIsSeen) {
  ASSERT_OK_AND_ASSIGN(const ScratchFolder folder, ScratchFolder::Create("test"));
  const std::string pom = folder.path() + "/pom.xml";
  ASSERT_THAT(
      WriteFileAtomically(pom,
                          "<plugin><artifactId>maven-surefire-plugin</artifactId><configuration>"
                          "<includes><include>**/*Spec.java</include></includes></configuration>"
                          "</plugin><plugin><artifactId>x</artifactId><excludes/></plugin>"),
      IsOk());
  const PomFacts facts = ReadPoms(std::vector<std::string>{folder.path()}, "/none");
  EXPECT_TRUE(facts.names_others);
  EXPECT_FALSE(facts.leaves_out);
  EXPECT_FALSE(facts.has_failsafe);
}

TEST(MavenRunnerTest, APomThatMayLeaveClassesOutIsSeenThroughItsParents) {
  ASSERT_OK_AND_ASSIGN(const ScratchFolder folder, ScratchFolder::Create("test"));
  const std::string pom = folder.path() + "/pom.xml";
  const std::vector<std::string> modules = {folder.path()};
  ASSERT_THAT(WriteFileAtomically(pom, "<project><build/></project>"), IsOk());
  EXPECT_FALSE(ReadPoms(modules, "/none").leaves_out);
  ASSERT_THAT(
      WriteFileAtomically(pom,
                          "<plugin><artifactId>maven-surefire-plugin</artifactId><configuration>"
                          "<excludes><exclude>x</exclude></excludes></configuration></plugin>"),
      IsOk());
  EXPECT_TRUE(ReadPoms(modules, "/none").leaves_out);
  ASSERT_THAT(WriteFileAtomically(pom,
                                  "<parent><groupId>a.b</groupId><artifactId>c</artifactId>"
                                  "<version>1</version></parent>"),
              IsOk());
  EXPECT_TRUE(ReadPoms(modules, "/none").leaves_out) << "a parent that is not there";
}

TEST(MavenRunnerTest, SurefiresReportsAreOutcomesOfTheOutermostClass) {
  ASSERT_OK_AND_ASSIGN(const ScratchFolder folder, ScratchFolder::Create("test"));
  const std::string file = folder.path() + "/TEST-a.xml";
  ASSERT_THAT(
      WriteFileAtomically(file,
                          "<testsuite name='p.ATest$In'><testcase classname='p.ATest$In' "
                          "name='a[1] &lt;' time='0.5'/>"
                          "<testcase classname='p.ATest' name='b' time='1'><skipped/></testcase>"
                          "<testcase classname='p.BTest' name='c'><skipped/></testcase>"
                          "<testcase classname='p.CTest' name='d'><flakyFailure/></testcase>"
                          "<testcase classname='p.DTest' name='e'><error/></testcase></testsuite>"),
      IsOk());
  std::map<std::string, ClassOutcome> outcomes;
  ASSERT_THAT(AddSurefireReport(file, {"p.ATest", "p.BTest", "p.CTest", "p.DTest"}, folder.path(),
                                outcomes),
              IsOk());
  ASSERT_EQ(outcomes.size(), 4u);
  EXPECT_TRUE(outcomes["p.ATest"].ran);
  EXPECT_EQ(outcomes["p.ATest"].seconds, 1.5);
  EXPECT_FALSE(outcomes["p.BTest"].ran);
  EXPECT_TRUE(outcomes["p.CTest"].flaky);
  EXPECT_TRUE(outcomes["p.DTest"].error);
  const std::string xml = ClassOutcomesXml(outcomes, {"p.NoTest"});
  EXPECT_THAT(xml, HasSubstr("name=\"p.BTest\" time=\"0\"><skipped/>"));
  EXPECT_THAT(xml, HasSubstr("name=\"p.NoTest\" time=\"0\"><skipped/>"));
}

TEST(MavenRunnerTest, LogsThatAreNotSurefiresOwnAreNoEvidenceAndUnknownFoldersAreTold) {
  ASSERT_OK_AND_ASSIGN(const ScratchFolder folder, ScratchFolder::Create("test"));
  const std::string out = folder.path() + ".evidence";
  const std::string fork = "\norg.apache.maven.surefire.booter.ForkedBooter source: file:/x.jar\n";
  const std::string maven =
      "\norg.codehaus.plexus.classworlds.launcher.Launcher source: file:/y.jar\n";
  const std::string test = "p.ATest source: file:/top/m/target/test-classes/\n";
  const std::string log = folder.path() + "/1.log";
  const ClassLogs logs = {folder.path(), "/top", {{"/top/m", "/top/m/target"}}, "test", true};
  const auto labels = [&] {
    const auto found = WriteClassEvidence(logs, {"p.ATest"}, out);
    EXPECT_THAT(found.status(), IsOk());
    return *found;
  };
  ASSERT_THAT(WriteFileAtomically(log, absl::StrCat(maven, fork, test)), IsOk());
  EXPECT_EQ(labels().labels, 0u);
  ASSERT_THAT(WriteFileAtomically(log, absl::StrCat(fork, test)), IsOk());
  EXPECT_EQ(labels().labels, 1u);
  EXPECT_TRUE(labels().one_log_a_label);
  ASSERT_THAT(
      WriteFileAtomically(log, absl::StrCat(fork, test, "q.B source: file:/top/o%20d/B/\n")),
      IsOk());
  EXPECT_THAT(labels().unknown, ElementsAre("q.B (/top/o d/B)"));
}

TEST(ClassLogTest, AClassOfAnOutputOutsideOfTheCheckoutIsItsSourcesEvidence) {
  ASSERT_OK_AND_ASSIGN(const ScratchFolder folder, ScratchFolder::Create("test"));
  const std::string top = folder.path() + "/top", output = folder.path() + "/out";
  for (const std::string& made : {top + "/src/p", output + "/classes", folder.path() + "/logs"}) {
    std::filesystem::create_directories(made);
  }
  ASSERT_THAT(WriteFileAtomically(top + "/src/p/A.java", "a\nb\n"), IsOk());
  ASSERT_THAT(WriteFileAtomically(folder.path() + "/logs/1.log",
                                  absl::StrCat("p.ATest$In source: file:", output,
                                               "/classes/\np.A source: file:", output, "/a.jar\n")),
              IsOk());
  const std::string out = folder.path() + "/evidence";
  ASSERT_OK_AND_ASSIGN(const ClassEvidence found,
                       WriteClassEvidence({folder.path() + "/logs", top, {{top, output}}, "test"},
                                          {"p.ATest"}, out));
  EXPECT_EQ(found.labels, 1u) << "a nested class is its outermost one's";
  EXPECT_THAT(ReadFile(out), IsOkAndHolds(HasSubstr("src/p/A.java")));
}

TEST(CargoRunnerTest, ArgumentsThatChooseTestsByNameAreRefused) {
  ASSERT_OK_AND_ASSIGN(
      const CargoArguments all,
      ParseCargoArguments(true, {"-p", "a", "-E", "kind(lib)", "--retries", "2", "--no-fail-fast",
                                 "--target=t", "--", "--include-ignored"}));
  EXPECT_THAT(all.options,
              ElementsAre("-p", "a", "--retries", "2", "--no-fail-fast", "--target=t"));
  EXPECT_THAT(all.choice, ElementsAre("-E", "kind(lib)"));
  EXPECT_THAT(all.listing, ElementsAre("-p", "a", "-E", "kind(lib)", "--target=t"));
  EXPECT_THAT(all.program, ElementsAre("--include-ignored"));
  EXPECT_EQ(all.target, "t");
  EXPECT_TRUE(all.goes_on);
  for (const std::vector<std::string>& refused : std::vector<std::vector<std::string>>{
           {"adds"}, {"--no-run"}, {"--doc"}, {"--", "adds"}, {"--", "--skip", "a"}, {"-p"}}) {
    EXPECT_THAT(ParseCargoArguments(false, refused),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("behind --")));
  }
}

TEST(CargoRunnerTest, ProgramsHaveTheNamesThatNextestGivesThem) {
  ASSERT_OK_AND_ASSIGN(
      const CargoPackages packages,
      ParseCargoMetadata(R"({"packages": [{"name": "tally", "manifest_path": "/t/Cargo.toml"}],)"
                         R"("target_directory": "/t/target"})"));
  const auto artifact = [](absl::string_view kind, absl::string_view name, bool test) {
    return absl::StrCat(R"({"reason":"compiler-artifact","manifest_path":"/t/Cargo.toml",)",
                        R"("target":{"kind":[")", kind, R"("],"name":")", name,
                        R"("},"profile":{"test":)", test ? "true" : "false",
                        R"(},"executable":"/t/)", name, "\"}\n");
  };
  ASSERT_OK_AND_ASSIGN(
      const CargoPrograms programs,
      ParseCargoArtifacts(
          absl::StrCat("said by a build script\n", artifact("rlib", "tally", true),
                       artifact("test", "whole", true), artifact("bin", "cli", true),
                       artifact("bin", "tool", false)),
          packages));
  ASSERT_EQ(programs.tests.size(), 3u);
  EXPECT_EQ(programs.tests[0].id, "tally");
  EXPECT_EQ(programs.tests[1].id, "tally::whole");
  EXPECT_EQ(programs.tests[2].id, "tally::bin/cli");
  EXPECT_THAT(programs.others, ElementsAre("/t/tool"));
  EXPECT_THAT(ParseCargoMetadata("error"), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(CargoRunnerTest, AListWithAnythingElseIsOfAProgramWithAHarnessOfItsOwn) {
  EXPECT_THAT(ParseTerseList("a::b: test\nc: benchmark\nd e: test\n"),
              Optional(ElementsAre("a::b", "d e")));
  EXPECT_FALSE(ParseTerseList("a: test\nFeature: all\n").has_value());
}

TEST(CargoRunnerTest, NothingOfANameIsSyntaxOfAnExpression) {
  EXPECT_THAT(NextestExpressions({"tally::whole a::b", "tally::bin/cli x(1) /"}, 1000),
              ElementsAre("(binary_id(=tally::whole) & test(=a::b)) | "
                          "(binary_id(=tally::bin\\u{2f}cli) & "
                          "test(=x\\u{28}1\\u{29}\\u{20}\\u{2f}))"));
  std::vector<std::string> labels(30'000, "tally a::b");
  size_t most = 0;
  for (const std::string& one : NextestExpressions(labels, 1000)) most = std::max(most, one.size());
  EXPECT_LE(most, 1000u);
}

TEST(CargoRunnerTest, WhatRustdocPrintsIsTheOutcomeOfExamples) {
  const absl::flat_hash_set<std::string> examples = {"src/a.rs - b (line 1)",
                                                     "src/a.rs - c (line 9)"};
  DocOutcomes outcomes(examples);
  outcomes.Take("test src/a.rs - b (line 1) - compile f");
  outcomes.Take("ail ... ok\ntest other ... ok\ntest src/a.rs - c (line 9) ... FAILED\n");
  std::map<std::string, CargoOutcome> found = std::move(outcomes).Finish();
  EXPECT_EQ(found.size(), 2u);
  EXPECT_TRUE(found["src/a.rs - b (line 1)"].passed);
  EXPECT_TRUE(found["src/a.rs - c (line 9)"].failed);
  AddAttempts({{"t a", "/t", false, 1, 5, {}},
               {"t a", "/t", true, 1, 6, {}},
               {"t gone", "/t", false, 0, 0, {}}},
              found);
  EXPECT_THAT(CargoOutcomesXml(found), HasSubstr("name=\"t a\" time=\"2\"><flakyFailure/>"));
  EXPECT_FALSE(found.contains("t gone"));
}

TEST(GradleRunnerTest, ArgumentsAreThoseOfGradleWithATask) {
  ASSERT_OK_AND_ASSIGN(const GradleArguments none, ParseGradleArguments({"-p", "sub", "-x", "a"}));
  EXPECT_THAT(none.words, ElementsAre("-p", "sub", "-x", "a", "test"));
  ASSERT_OK_AND_ASSIGN(const GradleArguments own, ParseGradleArguments({"--continue", ":a:check"}));
  EXPECT_THAT(own.words, ElementsAre("--continue", ":a:check"));
  EXPECT_TRUE(own.goes_on);
  for (const std::vector<std::string>& refused : std::vector<std::vector<std::string>>{
           {"--tests", "A"}, {"test", "--tests=A"}, {"-t"}, {"--dry-run"}, {"-p"}}) {
    EXPECT_THAT(ParseGradleArguments(refused),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("behind --")));
  }
}

TEST(GradleRunnerTest, RecordsHoldAnyTextAndOneThatIsCutOffIsRefused) {
  const std::string records("2\0a\n\t\0\0001\0b\0", 11);
  EXPECT_THAT(ReadRecords(records),
              IsOkAndHolds(ElementsAre(ElementsAre("a\n\t", ""), ElementsAre("b"))));
  EXPECT_THAT(ReadRecords(""), IsOkAndHolds(ElementsAre()));
  for (const size_t length : {2u, 3u, 6u, 9u, 10u}) {
    EXPECT_THAT(ReadRecords(records.substr(0, length)), StatusIs(absl::StatusCode::kDataLoss))
        << length;
  }
}

TEST(MavenRunnerTest, WhatIsNoWholeClassFileIsNone) {
  EXPECT_FALSE(ReadClassFile("").has_value());
  EXPECT_FALSE(ReadClassFile("\xCA\xFE\xBA\xBE").has_value());
  const std::string bytes(
      "\xCA\xFE\xBA\xBE\0\0\0\x3D\0\3\1\0\12SourceFile\1\0\6A.java\0\x21\0\0\0\0\0\0"
      "\0\0\0\0\0\1\0\1\0\0\0\2\0\2",
      8 + 2 + 13 + 9 + 2 + 4 + 2 + 2 + 2 + 2 + 8);
  const auto file = ReadClassFile(bytes);
  ASSERT_TRUE(file.has_value());
  EXPECT_TRUE(file->can_be_made);
  EXPECT_EQ(file->source, "A.java");
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(ReadClassFile(absl::string_view(bytes).substr(0, n)).has_value()) << n;
  }
}

TEST(RspecRunnerTest, ArgumentsThatRunNoTestsAreRefused) {
  EXPECT_THAT(CheckRspecArguments({"--dry-run"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--dry-run behind --")));
  EXPECT_THAT(CheckRspecArguments({"--tag", "~slow", "spec/a_spec.rb:3"}), IsOk());
}

}  // namespace
}  // namespace testselect::client
