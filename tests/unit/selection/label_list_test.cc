#include "server/selection/label_list.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_join.h"

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
  EXPECT_EQ(LabelList::DigestOfPacked({"a\nb c\nd"}), (*with)->digest());
  EXPECT_EQ(LabelList::DigestOfPacked({"a\nb c\nd\n"}), (*with)->digest());
}

// Labels of all lengths, so that line feeds come at every place of whatever is read at once.
TEST(LabelListTest, PiecesCutAnywhereAreTheSameList) {
  std::vector<std::string> labels;
  for (size_t i = 0; i < 2000; ++i) labels.push_back(std::string(1 + i * 7 % 150, 'a' + i % 26));
  labels.emplace_back("größe[ü]");
  const std::string packed = absl::StrJoin(labels, "\n");
  const Digest digest = LabelList::DigestOfPacked({packed + "\n"});
  for (const size_t size : {size_t{1}, size_t{63}, size_t{1000}, size_t{20'000}, packed.size()}) {
    std::vector<absl::string_view> pieces = {""};
    for (absl::string_view rest = packed; !rest.empty();
         rest.remove_prefix(std::min(size, rest.size()))) {
      pieces.push_back(rest.substr(0, size));
    }
    pieces.push_back("");
    EXPECT_EQ(LabelList::DigestOfPacked(pieces), digest);
    const auto list = LabelList::FromPacked("labels", pieces, digest);
    ASSERT_TRUE(list.ok()) << list.status();
    ASSERT_EQ((*list)->size(), labels.size());
    for (size_t i = 0; i < labels.size(); ++i) ASSERT_EQ((**list)[i], labels[i]) << size;
    EXPECT_EQ((*list)->packed(), packed + "\n");
    EXPECT_LE((*list)->memory_bytes(), packed.size() + 1 + 16 * labels.size() + 64);
  }
}

TEST(LabelListTest, MalformedTextIsFoundWhereverItLies) {
  const std::string good(1000, 'x');
  for (const size_t at : {0, 1, 62, 63, 64, 500, 999}) {
    std::string text = good;
    text[at] = '\xff';
    EXPECT_EQ(LabelList::FromPacked("f", text).status().code(), absl::StatusCode::kInvalidArgument)
        << at;
    text[at] = '\n';
    EXPECT_EQ(LabelList::FromPacked("f", text).ok(), at != 0) << at;
  }
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
  EXPECT_FALSE((*one)->can_be_packed());
  EXPECT_TRUE((*three)->can_be_packed());
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
