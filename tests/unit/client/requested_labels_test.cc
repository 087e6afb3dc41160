#include "client/requested_labels.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace testselect::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> All(const RequestedLabels& labels) {
  std::vector<std::string> all;
  for (size_t i = 0; i < labels.size(); ++i) all.emplace_back(labels[i]);
  return all;
}

TEST(RequestedLabelsTest, KeepsOrderAndDropsRepeatsAndEmptyLines) {
  ASSERT_OK_AND_ASSIGN(const RequestedLabels labels,
                       RequestedLabels::FromLines("f", "b\n\na b|c\nb\nä[1]"));
  EXPECT_THAT(All(labels), ElementsAre("b", "a b|c", "ä[1]"));
  EXPECT_EQ(labels.packed(), "b\na b|c\nä[1]\n");
}

TEST(RequestedLabelsTest, TakesCarriageReturnsOffOnlyWhereEveryLineHasOne) {
  ASSERT_OK_AND_ASSIGN(const RequestedLabels windows, RequestedLabels::FromLines("f",
                                                                                 "\xEF\xBB\xBF"
                                                                                 "a\r\nb\r\n"));
  EXPECT_THAT(All(windows), ElementsAre("a", "b"));
  ASSERT_OK_AND_ASSIGN(const RequestedLabels odd, RequestedLabels::FromLines("f", "a\r\nb\n"));
  EXPECT_THAT(All(odd), ElementsAre("a\r", "b"));
}

TEST(RequestedLabelsTest, NamesTheLineThatIsNotUtf8) {
  EXPECT_THAT(RequestedLabels::FromLines("--labels-file x",
                                         "good\nb\xFF"
                                         "d\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--labels-file x line 2")));
}

TEST(RequestedLabelsTest, EmptyTextIsAnEmptyList) {
  ASSERT_OK_AND_ASSIGN(const RequestedLabels labels, RequestedLabels::FromLines("f", "\n\n"));
  EXPECT_EQ(labels.size(), 0u);
  EXPECT_EQ(labels.packed(), "");
}

TEST(RequestedLabelsTest, PackedAnswersComeBackAsTheyAre) {
  EXPECT_THAT(All(RequestedLabels::FromPacked("x\ny\nx\n")), ElementsAre("x", "y", "x"));
  EXPECT_THAT(All(RequestedLabels::FromPacked("x\ny")), ElementsAre("x", "y"));
  EXPECT_THAT(All(RequestedLabels::FromPacked("")), ElementsAre());
  EXPECT_THAT(All(RequestedLabels::FromStrings({"a\nb", "c"})), ElementsAre("a\nb", "c"));
}

TEST(RequestedLabelsTest, TwoHundredThousandLabels) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += "tests/test_a.py::test_x[" + std::to_string(i) + "]\n";
  ASSERT_OK_AND_ASSIGN(const RequestedLabels labels, RequestedLabels::FromLines("f", text));
  EXPECT_EQ(labels.size(), 200'000u);
  EXPECT_EQ(labels[199'999], "tests/test_a.py::test_x[199999]");
  EXPECT_EQ(labels.packed(), text);
}

TEST(LabelListingTest, UnderstandsPytestCollectOnly) {
  const std::string output =
      "some plugin says hello\n"
      "tests/test_a.py::test_x\n"
      "tests/test_a.py::TestB::test_y[a b]\n"
      "\n"
      "=== warnings summary ===\n"
      "tests/test_a.py::test_x\n"
      "  /usr/lib/x.py:1: DeprecationWarning: use a::b\n"
      "2 tests collected in 0.01s\n";
  EXPECT_EQ(LabelLinesOfListing(output),
            "tests/test_a.py::test_x\ntests/test_a.py::TestB::test_y[a b]\n");
}

TEST(LabelListingTest, OtherRunnersListsStayWhole) {
  EXPECT_EQ(LabelLinesOfListing("TestA\nTestB\n"), "TestA\nTestB\n");
}

}  // namespace
}  // namespace testselect::client
