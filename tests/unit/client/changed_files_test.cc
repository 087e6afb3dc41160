#include "client/cli/changed_files.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace testselect::client {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ChangedFilesTest, OnePathALine) {
  ASSERT_OK_AND_ASSIGN(const auto paths, ParseChangedFiles("f", "a/b\r\n\n./c d\ne"));
  EXPECT_THAT(paths, ElementsAre("a/b", "c d", "e"));
  ASSERT_OK_AND_ASSIGN(const auto none, ParseChangedFiles("f", "\n"));
  EXPECT_THAT(none, IsEmpty());
}

TEST(ChangedFilesTest, WhatGitPutsInQuotes) {
  ASSERT_OK_AND_ASSIGN(
      const auto paths,
      ParseChangedFiles("f", "\"gr\\303\\266\\303\\237e.txt\"\n\"a\\\"b\\\\\\t\""));
  EXPECT_THAT(paths, ElementsAre("gr\xC3\xB6\xC3\x9F"
                                 "e.txt",
                                 "a\"b\\\t"));
}

TEST(ChangedFilesTest, WhatIsNoPathIsNamed) {
  for (const char* text :
       {"a\n\"b", "a\n\"b\\9\"", "a\n/abs/x", "a\n\"\"", "a\n\"b\"c\"", "a\n\""}) {
    EXPECT_THAT(ParseChangedFiles("--changed-files x", text),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         testing::HasSubstr("--changed-files x: line 2")))
        << text;
  }
}

}  // namespace
}  // namespace testselect::client
