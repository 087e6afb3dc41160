#include "client/cli/report_argument.h"

#include <string>

#include "client/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_folder.h"

namespace testselect::client {
namespace {

using ::testing::HasSubstr;

TEST(ReportArgumentTest, TheLastEqualsSignSplitsUnlessAFileHasTheWholeName) {
  const auto exists = [](const std::string& path) { return path == "out=x/cov=1.json"; };
  const struct {
    const char *argument, *label, *path;
  } kCases[] = {
      {".coverage", "", ".coverage"},
      {"Suite.Case=lcov.info", "Suite.Case", "lcov.info"},
      {"t[a=1,b=2]=x.json", "t[a=1,b=2]", "x.json"},
      {"out=x/cov=1.json", "", "out=x/cov=1.json"},
      {"out=x/cov=2.json", "out=x/cov", "2.json"},
      {"a b::c|d=r", "a b::c|d", "r"},
  };
  for (const auto& c : kCases) {
    ASSERT_OK_AND_ASSIGN(const ReportArgument report, ParseReportArgument(c.argument, exists));
    EXPECT_EQ(report.label, c.label) << c.argument;
    EXPECT_EQ(report.path, c.path) << c.argument;
  }
}

TEST(ReportArgumentTest, RefusesEmptyParts) {
  const auto exists = [](const std::string&) { return false; };
  EXPECT_THAT(ParseReportArgument("=x", exists),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("the label is empty")));
  EXPECT_THAT(ParseReportArgument("x=", exists),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("the report is empty")));
  EXPECT_THAT(ParseReportArgument("", exists), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ReportArgumentTest, ListsNameReportsBesideThem) {
  const TemporaryFolder folder;
  const std::string list = folder.Path("reports.tsv");
  ASSERT_THAT(WriteFileAtomically(list, "t[a\tb]\tx.json\n\nu\t/abs/y.json\r\n"), IsOk());
  ASSERT_OK_AND_ASSIGN(const auto reports, CollectReports({"first.json"}, list, "default"));
  ASSERT_EQ(reports.size(), 3u);
  EXPECT_EQ(reports[0].label, "default");
  EXPECT_EQ(reports[1].label, "t[a\tb]");
  EXPECT_EQ(reports[1].path, folder.Path("x.json"));
  EXPECT_EQ(reports[2].path, "/abs/y.json");
  ASSERT_THAT(WriteFileAtomically(list, "good\tx\nno tab\n"), IsOk());
  EXPECT_THAT(ReadReportList(list),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("reports.tsv line 2")));
}

TEST(ReportArgumentTest, NoReportIsAnError) {
  EXPECT_THAT(CollectReports({}, "", ""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no report")));
}

}  // namespace
}  // namespace testselect::client
