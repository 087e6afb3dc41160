#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/runners/command_runner.h"
#include "client/runners/go_events.h"
#include "client/runners/go_runner.h"
#include "client/runners/gtest_runner.h"
#include "client/runners/registry.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace testselect::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(RunnersTest, AnUnknownRunnerIsToldTheKnownOnes) {
  EXPECT_TRUE(FindRunner("pytest").ok());
  EXPECT_THAT(FindRunner("nose"), StatusIs(absl::StatusCode::kInvalidArgument,
                                           AllOf(HasSubstr("'nose'"), HasSubstr("pytest, go"))));
}

TEST(GoRunnerTest, ArgumentsAreFlagsPackagesAndTheBinarysOwn) {
  ASSERT_OK_AND_ASSIGN(const GoArguments all,
                       ParseGoArguments({"-race", "-tags", "a b", "-timeout=5m", "./x/...", "-v",
                                         "y", "-run", "A|B", "-args", "-run", "z"}));
  EXPECT_THAT(all.flags, ElementsAre("-race", "-tags", "a b", "-timeout=5m", "-v"));
  EXPECT_THAT(all.packages, ElementsAre("./x/...", "y"));
  EXPECT_THAT(all.binary, ElementsAre("-args", "-run", "z"));
  EXPECT_TRUE(all.verbose);
  EXPECT_EQ(all.list, "A|B");
  ASSERT_OK_AND_ASSIGN(const GoArguments none, ParseGoArguments({}));
  EXPECT_THAT(none.packages, ElementsAre("./..."));
  EXPECT_EQ(none.list, ".");
}

TEST(GoRunnerTest, FlagsThatWouldRunOtherTestsAreRefused) {
  for (const std::string flag : {"-skip=A", "-exec=x", "--coverprofile=c", "-json", "-run=A/b"}) {
    EXPECT_THAT(ParseGoArguments({flag}),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("behind --")))
        << flag;
  }
  EXPECT_THAT(ParseGoArguments({"-tags"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("its value is missing")));
}

TEST(GoRunnerTest, ThirtyThousandTestsAreExpressionsThatFitIntoArguments) {
  std::vector<std::string> names;
  for (int i = 0; i < 30'000; ++i)
    names.push_back(
        "Test\xC3\x9C"
        "ber_" +
        std::to_string(i));
  size_t bars = 0;
  const std::vector<std::string> expressions = GoExpressions(names, 96 * 1024);
  for (const std::string& expression : expressions) {
    EXPECT_LE(expression.size(), 96u * 1024u);
    EXPECT_EQ(expression.substr(0, 2), "^(");
    EXPECT_EQ(expression.substr(expression.size() - 2), ")$");
    bars += static_cast<size_t>(std::count(expression.begin(), expression.end(), '|'));
  }
  EXPECT_EQ(bars + expressions.size(), names.size());
  EXPECT_THAT(GoExpressions({"TestA", "TestB"}, 1), ElementsAre("^(TestA)$", "^(TestB)$"));
}

TEST(GoEventsTest, ShowsPackagesAndWhatFailedTestsWrote) {
  std::string shown;
  GoEvents events([&](absl::string_view text) { absl::StrAppend(&shown, text); }, false, nullptr);
  const std::string lines =
      R"({"Action":"output","Package":"p","Test":"TestA","Output":"a says\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestB","Output":"b says\n"}
{"Action":"fail","Package":"p","Test":"TestB"}
# p does not build
{"Action":"output","Package":"p","Output":"FAIL\tp\t0.1s\n"}
{"Action":"output","Package":"p","Test":"TestC","Output":"c never ended\n"}
)";
  for (const char c : lines) events.Take(std::string(1, c));
  events.Finish();
  EXPECT_EQ(shown, "b says\n# p does not build\nFAIL\tp\t0.1s\nc never ended\n");
}

TEST(GTestRunnerTest, ListsWithoutCommentsAndDisabledTests) {
  const char* listing =
      "Running main() from gtest_main.cc\n"
      "Calc.\n  Adds\n  DISABLED_Not\nDISABLED_Old.\n  A\n"
      "Inst/P.\n  Works/0  # GetParam() = \"a b.\"\n  Works/1  # GetParam() = \"  # x\"\n"
      "Typed/0.  # TypeParam = int\n  T\nInst/DISABLED_P.\n  X/0\n";
  EXPECT_THAT(ParseGTestList(listing, false),
              ElementsAre("Calc.Adds", "Inst/P.Works/0", "Inst/P.Works/1", "Typed/0.T"));
  EXPECT_EQ(ParseGTestList(listing, true).size(), 7u);
}

TEST(CustomRunnerTest, ATemplateTakesLabelsAsArgumentsOrInAFile) {
  EXPECT_THAT(ExpandTemplate("run {labels} --out {reports}", "/f", "/a b"),
              IsOkAndHolds("run \"$@\" --out '/a b'"));
  EXPECT_THAT(ExpandTemplate("run @{file}", "/f", "/r"), IsOkAndHolds("run @/f"));
  EXPECT_THAT(ExpandTemplate("run", "/f", "/r"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("{labels}")));
}

}  // namespace
}  // namespace testselect::client
