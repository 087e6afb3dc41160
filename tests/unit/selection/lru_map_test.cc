#include "server/selection/lru_map.h"

#include <gtest/gtest.h>

#include <string>

namespace testselect {
namespace {

TEST(LruMapTest, DropsWhatWasUsedLongestAgo) {
  LruMap<std::string, int> map(10);
  map.Insert("a", 1, 4);
  map.Insert("b", 2, 4);
  EXPECT_EQ(map.Find("a"), 1);
  map.Insert("c", 3, 4);
  EXPECT_EQ(map.Find("b"), std::nullopt);
  EXPECT_EQ(map.Find("a"), 1);
  EXPECT_EQ(map.Find("c"), 3);
}

TEST(LruMapTest, ReplacesAndKeepsTheHeavyLast) {
  LruMap<std::string, int> map(10);
  map.Insert("a", 1, 4);
  map.Insert("a", 2, 4);
  EXPECT_EQ(map.size(), 1u);
  EXPECT_EQ(map.Find("a"), 2);
  map.Insert("heavy", 3, 99);
  EXPECT_EQ(map.size(), 1u);
  EXPECT_EQ(map.Find("heavy"), 3);
  map.Erase("heavy");
  EXPECT_EQ(map.Find("heavy"), std::nullopt);
}

}  // namespace
}  // namespace testselect
