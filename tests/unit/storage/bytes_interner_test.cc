#include "storage/bytes_interner.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace testselect {
namespace {

TEST(BytesInternerTest, NumbersByFirstSightAndKeepsEachOnce) {
  BytesInterner interner;
  EXPECT_EQ(interner.Find("a"), BytesInterner::kNone);
  EXPECT_EQ(interner.Intern("a"), 0u);
  EXPECT_EQ(interner.Intern(""), 1u);
  EXPECT_EQ(interner.Intern(std::string("a\0b", 3)), 2u);
  EXPECT_EQ(interner.Intern("a"), 0u);
  EXPECT_EQ(interner.Find(""), 1u);
  EXPECT_EQ(interner.Get(2), absl::string_view("a\0b", 3));
  EXPECT_EQ(interner.size(), 3u);
}

TEST(BytesInternerTest, ViewsStayValidWhileItGrows) {
  BytesInterner interner;
  interner.Intern("first");
  const absl::string_view first = interner.Get(0);
  for (int i = 0; i < 50'000; ++i) interner.Intern(absl::StrCat("string ", i));
  interner.Intern(std::string(3 << 20, 'x'));  // greater than any chunk
  EXPECT_EQ(first, "first");
  for (int i = 0; i < 50'000; ++i) {
    EXPECT_EQ(interner.Find(absl::StrCat("string ", i)), static_cast<uint32_t>(i + 1));
  }
  EXPECT_EQ(interner.Get(50'001).size(), size_t{3} << 20);
  EXPECT_GE(interner.memory_bytes(), size_t{3} << 20);
}

}  // namespace
}  // namespace testselect
