#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "client/cli/label_source.h"
#include "client/cli/number_text.h"
#include "client/cli/shard.h"
#include "client/shell_quote.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace testselect::client {
namespace {

using ::testing::HasSubstr;

TEST(ShellQuoteTest, LeavesHarmlessWordsBare) {
  EXPECT_EQ(ShellQuote("tests/test_a.py::test_x"), "tests/test_a.py::test_x");
  EXPECT_EQ(ShellQuote(""), "''");
  EXPECT_EQ(ShellQuote("a b"), "'a b'");
  EXPECT_EQ(ShellQuote("it's"), "'it'\\''s'");
}

TEST(ShellQuoteTest, ARealShellGivesEveryWordBack) {
  const std::vector<std::string> words = {
      "plain", "",          "a b",   "it's",    "$HOME `id` $(id)", "x[1-2]*?", "a\\b",
      "\"q\"", "new\nline", "~",     "#c",      "a;b&c|d<e>f",      "größe",    "\t",
      "!x",    "-n",        "{a,b}", "\x01\x7f"};
  for (const std::string& word : words) {
    ASSERT_OK_AND_ASSIGN(const std::string echoed, OutputOf("printf %s. " + ShellQuote(word)));
    EXPECT_EQ(echoed, word + ".");
  }
}

TEST(ShardTest, OneBasedOnTheCommandLine) {
  ASSERT_OK_AND_ASSIGN(const Shard shard, ParseShard("2/4"));
  EXPECT_EQ(shard.index, 1u);
  EXPECT_EQ(shard.count, 4u);
}

TEST(ShardTest, RefusesEverythingElse) {
  for (const char* text : {"", "1", "/", "0/4", "5/4", "1/0", "-1/4", "1/10001", "a/b", "1/4/4"}) {
    EXPECT_THAT(ParseShard(text), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text)))
        << text;
  }
}

TEST(NumberTextTest, Counts) {
  EXPECT_EQ(CountText(0), "0");
  EXPECT_EQ(CountText(999), "999");
  EXPECT_EQ(CountText(1000), "1,000");
  EXPECT_EQ(CountText(1234567), "1,234,567");
  EXPECT_EQ(BytesText(512), "512 B");
  EXPECT_EQ(BytesText(1536), "1.5 KiB");
}

TEST(LabelSourceTest, ACommandThatFailsGivesNoLabels) {
  EXPECT_THAT(OutputOf("echo a; exit 3"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("ended with status 3")));
  EXPECT_THAT(OutputOf("kill -9 $$"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("signal 9")));
  EXPECT_THAT(OutputOf("echo a"), IsOkAndHolds("a\n"));
}

TEST(LabelSourceTest, NoSourceMeansAllKnownLabels) {
  ASSERT_OK_AND_ASSIGN(const auto labels, ReadRequestedLabels(SelectOptions()));
  EXPECT_FALSE(labels.has_value());
}

}  // namespace
}  // namespace testselect::client
