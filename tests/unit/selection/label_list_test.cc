#include "server/selection/label_list.h"

#include <gtest/gtest.h>

namespace testselect {
namespace {

TEST(LabelListTest, SplitsPackedLabelsWithAndWithoutALastLineFeed) {
  const auto with = LabelList::FromPacked("labels", "a\nb c\nd\n");
  const auto without = LabelList::FromPacked("labels", "a\nb c\nd");
  ASSERT_TRUE(with.ok() && without.ok());
  ASSERT_EQ((*with)->size(), 3u);
  EXPECT_EQ((**with)[0], "a");
  EXPECT_EQ((**with)[1], "b c");
  EXPECT_EQ((**with)[2], "d");
  EXPECT_EQ((*with)->digest(), (*without)->digest());
  EXPECT_EQ(LabelList::DigestOfPacked("a\nb c\nd"), (*with)->digest());
  EXPECT_EQ(LabelList::DigestOfPacked("a\nb c\nd\n"), (*with)->digest());
}

TEST(LabelListTest, StringsAndPackedOfTheSameLabelsHaveOneDigest) {
  const auto strings = LabelList::FromStrings("labels", {"a", "größe[ü]"});
  ASSERT_TRUE(strings.ok());
  EXPECT_EQ((*strings)->digest(), (*LabelList::FromPacked("labels", "a\ngröße[ü]\n"))->digest());
}

TEST(LabelListTest, ALineFeedInALabelIsNotASeparator) {
  const auto one = LabelList::FromStrings("labels", {"a\nb", "c"});
  const auto other = LabelList::FromStrings("labels", {"a", "b\nc"});
  const auto three = LabelList::FromStrings("labels", {"a", "b", "c"});
  ASSERT_TRUE(one.ok() && other.ok() && three.ok());
  EXPECT_EQ((**one)[0], "a\nb");
  EXPECT_EQ((**other)[1], "b\nc");
  EXPECT_NE((*one)->digest(), (*other)->digest());
  EXPECT_NE((*one)->digest(), (*three)->digest());
}

TEST(LabelListTest, RefusesEmptyAndMalformedLabelsByPosition) {
  EXPECT_EQ(LabelList::FromPacked("requested.packed", "a\n\nb").status().message(),
            "requested.packed: label 1 is empty; labels have at least one byte");
  EXPECT_EQ(LabelList::FromStrings("requested.labels", {"a", "\xff"}).status().message(),
            "requested.labels: label 1 '\\xff' is not UTF-8");
  EXPECT_EQ(LabelList::FromPacked("requested.packed", "a\n\xff\n").status().message(),
            "requested.packed: label 1 '\\xff' is not UTF-8");
  std::string many;
  for (size_t i = 0; i <= LabelList::kMaxLabels; ++i) many += "x\n";
  EXPECT_EQ(LabelList::FromPacked("requested.packed", many).status().code(),
            absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace testselect
