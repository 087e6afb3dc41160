#include "storage/model/text.h"

#include <gtest/gtest.h>

namespace testselect {
namespace {

TEST(TextTest, KnowsWellFormedUtf8) {
  for (const char* good : {"", "plain ascii text", "größe", "日本", "🚀 and more text behind it"}) {
    EXPECT_TRUE(IsUtf8(good)) << good;
  }
  for (const char* bad : {"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "abc\xe2\x82",
                          "12345678\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80"}) {
    EXPECT_FALSE(IsUtf8(bad)) << bad;
  }
}

// Long texts are checked many bytes at once; one byte matters wherever it is.
TEST(TextTest, FindsOneMalformedByteAnywhereInALongText) {
  std::string text;
  while (text.size() < 300) text += "tests/größe.py::日本[🚀]\n";
  ASSERT_TRUE(IsUtf8(text));
  for (size_t i = 0; i < text.size(); ++i) {
    for (const char bad : {'\xff', '\xc0', '\xf8'}) {
      std::string damaged = text;
      damaged[i] = bad;
      EXPECT_FALSE(IsUtf8(damaged)) << i;
    }
    const bool inside = (text[i] & 0xC0) == 0x80;
    EXPECT_EQ(IsUtf8(absl::string_view(text).substr(0, i)), !inside) << i;
    EXPECT_EQ(IsUtf8(absl::string_view(text).substr(i)), !inside) << i;
  }
}

TEST(TextTest, ShortensForMessages) {
  EXPECT_EQ(Shorten("abc"), "abc");
  EXPECT_EQ(Shorten("a\nb\x01"), "a\\nb\\x01");
  EXPECT_EQ(Shorten("abcdef", 3), "abc...");
  EXPECT_EQ(Shorten("aß", 2), "a...");
  EXPECT_EQ(Shorten("\xff"), "\\xff");
  EXPECT_EQ(Shorten("a's \"b\\c\""), "a's \"b\\c\"") << "a label can be copied from a message";
}

}  // namespace
}  // namespace testselect
