#include "server/selection/flat_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> Changed(KeyFormat format, absl::string_view before,
                                 absl::string_view after) {
  const auto old_keys = FlattenKeys(format, before);
  const auto new_keys = FlattenKeys(format, after);
  EXPECT_TRUE(old_keys.ok()) << old_keys.status();
  EXPECT_TRUE(new_keys.ok()) << new_keys.status();
  return ChangedKeys(*old_keys, *new_keys);
}

TEST(FlatKeysTest, CommentsLayoutAndOrderChangeNoKey) {
  EXPECT_THAT(Changed(KeyFormat::kToml, "[a]\nx = 1\ny = 2 # c\n", "[a]\ny=2\n\nx  =  1\n"),
              IsEmpty());
  EXPECT_THAT(Changed(KeyFormat::kJson, R"({"a": {"x": 1, "y": 2}})", R"({"a":{"y":2,"x":1}})"),
              IsEmpty());
  EXPECT_THAT(Changed(KeyFormat::kYaml, "a:\n  x: 1\n  y: 2\n", "a: {y: 2, x: 1} # c\n"),
              IsEmpty());
  EXPECT_THAT(Changed(KeyFormat::kIni, "[a]\nX = 1\n", "# c\n[a]\nx: 1\n\n"), IsEmpty());
}

TEST(FlatKeysTest, NamesTheKeyWhoseValueChanged) {
  EXPECT_THAT(Changed(KeyFormat::kToml, "[tool.ruff]\nline = 1\nselect = ['a', 'b']\n",
                      "[tool.ruff]\nline = 2\nselect = ['a', 'c']\n"),
              ElementsAre("tool.ruff.line", "tool.ruff.select"));
  EXPECT_THAT(Changed(KeyFormat::kJson, R"({"s": {"test": "x"}})", R"({"s": {"test": "y"}})"),
              ElementsAre("s.test"));
  EXPECT_THAT(Changed(KeyFormat::kYaml, "a: {b: [1, {c: 2}]}", "a: {b: [1, {c: 3}]}"),
              ElementsAre("a.b"));
  EXPECT_THAT(Changed(KeyFormat::kIni, "[tool:pytest]\naddopts = -x\n  -q\n",
                      "[tool:pytest]\naddopts = -x\n  -v\n"),
              ElementsAre("tool:pytest.addopts"));
}

TEST(FlatKeysTest, TypesAndEmptyTablesCount) {
  EXPECT_THAT(Changed(KeyFormat::kToml, "a = 1", "a = '1'"), ElementsAre("a"));
  EXPECT_THAT(Changed(KeyFormat::kToml, "", "[tool.pytest]"), ElementsAre("tool.pytest"));
  EXPECT_THAT(Changed(KeyFormat::kJson, "{\"a\": 1}", "{\"a\": \"1\"}"), ElementsAre("a"));
  EXPECT_THAT(Changed(KeyFormat::kYaml, "a: 1", "a: '1'"), ElementsAre("a"));
  EXPECT_THAT(Changed(KeyFormat::kYaml, "a: ~", "b: ~"), ElementsAre("a", "b"));
  EXPECT_THAT(Changed(KeyFormat::kIni, "[a]\n", "[b]\n"), ElementsAre("a", "b"));
  EXPECT_THAT(Changed(KeyFormat::kJson, "{\"a\": 1, \"a\": 2}", "{\"a\": 1, \"a\": 3}"),
              ElementsAre("a"));
}

TEST(FlatKeysTest, AQuotedDotIsNoPath) {
  EXPECT_THAT(Changed(KeyFormat::kToml, "'tool.ruff' = 1", "'tool.ruff' = 2"),
              ElementsAre("\"tool.ruff\""));
}

TEST(FlatKeysTest, IniIsPythons) {
  // Defaults are values of every section; a key goes on in deeper lines; there is no inline
  // comment.
  EXPECT_THAT(
      Changed(KeyFormat::kIni, "[DEFAULT]\nx = 1\n[a]\ny = 1\n", "[DEFAULT]\nx = 2\n[a]\ny = 1\n"),
      ElementsAre("DEFAULT.x", "a.x"));
  EXPECT_THAT(Changed(KeyFormat::kIni, "[a]\nx = 1 # c\n", "[a]\nx = 1\n"), ElementsAre("a.x"));
  EXPECT_THAT(Changed(KeyFormat::kIni, "[a]\nx =\n  1\n\n  2\n", "[a]\nx =\n  1\n  2\n"),
              ElementsAre("a.x"));
  EXPECT_EQ(FlattenKeys(KeyFormat::kIni, "x = 1\n").status().message(),
            "line 1: 'x = 1' is before any [section]");
  EXPECT_EQ(FlattenKeys(KeyFormat::kIni, "[a]\nnothing\n").status().message(),
            "line 2: 'nothing' is neither a section nor a key with a value");
}

TEST(FlatKeysTest, WhatDoesNotParseIsAnError) {
  EXPECT_THAT(FlattenKeys(KeyFormat::kToml, "a = 1\nb = = 2\n").status().message(),
              HasSubstr("line 2"));
  EXPECT_FALSE(FlattenKeys(KeyFormat::kToml, "a = '\xFF'").ok());
  EXPECT_FALSE(FlattenKeys(KeyFormat::kJson, "{\"a\": 1,}").ok());
  EXPECT_FALSE(FlattenKeys(KeyFormat::kJson, "").ok());
  EXPECT_THAT(FlattenKeys(KeyFormat::kYaml, "a: 1\nb: [\n").status().message(), HasSubstr("line "));
}

TEST(FlatKeysTest, AliasesThatMultiplyAndNestingEnd) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    absl::StrAppend(&bomb, "a", i, ": &a", i, " [");
    for (int j = 0; j < 10; ++j) absl::StrAppend(&bomb, j == 0 ? "" : ", ", "*a", i - 1);
    bomb += "]\n";
  }
  EXPECT_THAT(FlattenKeys(KeyFormat::kYaml, bomb).status().message(), HasSubstr("more than"));
  EXPECT_FALSE(FlattenKeys(KeyFormat::kYaml, "a: &a [*a]\n").ok());
  EXPECT_FALSE(FlattenKeys(KeyFormat::kYaml, std::string(100'000, '[')).ok());
  EXPECT_FALSE(FlattenKeys(KeyFormat::kToml, "a = " + std::string(100'000, '[')).ok());
  EXPECT_FALSE(FlattenKeys(KeyFormat::kJson, std::string(100'000, '[')).ok());
}

TEST(FlatKeysTest, PrefixesStopAtDots) {
  EXPECT_TRUE(KeyIsUnder("tool.ruff.line", "tool.ruff"));
  EXPECT_TRUE(KeyIsUnder("tool.ruff", "tool.ruff"));
  EXPECT_FALSE(KeyIsUnder("tool.ruffian", "tool.ruff"));
  EXPECT_FALSE(KeyIsUnder("tool", "tool.ruff"));
  EXPECT_TRUE(KeyIsUnder("scripts.test:unit", "scripts.*test*"));
  EXPECT_FALSE(KeyIsUnder("scripts.build.test", "scripts.test"));
  EXPECT_TRUE(KeyIsUnder("a.\"b.c\".d", "a.\"b.c\""));
}

TEST(FlatKeysTest, FormatsByName) {
  EXPECT_EQ(*KeyFormatOf("a/pyproject.toml"), KeyFormat::kToml);
  EXPECT_EQ(*KeyFormatOf("package.json"), KeyFormat::kJson);
  EXPECT_EQ(*KeyFormatOf(".github/x.yml"), KeyFormat::kYaml);
  EXPECT_EQ(*KeyFormatOf("setup.cfg"), KeyFormat::kIni);
  EXPECT_EQ(*KeyFormatOf("tox.ini"), KeyFormat::kIni);
  EXPECT_FALSE(KeyFormatOf("Cargo.lock").ok());
}

}  // namespace
}  // namespace testselect
