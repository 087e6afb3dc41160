#include "storage/model/lru_map.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

namespace testselect {
namespace {

std::shared_ptr<const int> Int(int value) { return std::make_shared<const int>(value); }

TEST(LruMapTest, DropsWhatWasUsedLongestAgo) {
  LruMap<std::string, const int> map(10);
  map.Insert("a", Int(1), 4);
  map.Insert("b", Int(2), 4);
  EXPECT_EQ(*map.Find("a"), 1);
  map.Insert("c", Int(3), 4);
  EXPECT_EQ(map.Find("b"), nullptr);
  EXPECT_EQ(*map.Find("a"), 1);
  EXPECT_EQ(*map.Find("c"), 3);
  EXPECT_EQ(map.weight(), 8u);
}

TEST(LruMapTest, DropsAsManyAsTheNewOneNeedsAndFillsTheLimitExactly) {
  LruMap<std::string, const int> map(10);
  for (const char* key : {"a", "b", "c", "d", "e"}) map.Insert(key, Int(0), 2);
  EXPECT_EQ(map.size(), 5u);
  EXPECT_EQ(map.weight(), 10u);
  map.Insert("f", Int(1), 5);
  EXPECT_EQ(map.size(), 3u);
  EXPECT_EQ(map.weight(), 9u);
  EXPECT_NE(map.Find("d"), nullptr);
  map.Insert("g", Int(2), 10);
  EXPECT_EQ(map.size(), 1u);
  EXPECT_EQ(*map.Find("g"), 2);
}

TEST(LruMapTest, ReplacesAndErases) {
  LruMap<std::string, const int> map(10);
  map.Insert("a", Int(1), 4);
  map.Insert("a", Int(2), 7);
  EXPECT_EQ(map.size(), 1u);
  EXPECT_EQ(map.weight(), 7u);
  EXPECT_EQ(*map.Find("a"), 2);
  map.Erase("a");
  map.Erase("never there");
  EXPECT_EQ(map.Find("a"), nullptr);
  EXPECT_EQ(map.weight(), 0u);
}

// Nothing else is dropped for it, and what it was to replace is outdated.
TEST(LruMapTest, WhatIsHeavierThanTheLimitIsNotKept) {
  LruMap<std::string, const int> map(10);
  map.Insert("a", Int(1), 4);
  map.Insert("b", Int(2), 4);
  map.Insert("a", Int(3), 11);
  EXPECT_EQ(map.Find("a"), nullptr);
  EXPECT_EQ(*map.Find("b"), 2);
  LruMap<std::string, const int> off(0);
  off.Insert("a", Int(1), 1);
  EXPECT_EQ(off.Find("a"), nullptr);
}

TEST(LruMapTest, AValueInUseSurvivesBeingDropped) {
  LruMap<int, std::string> map(1);
  map.Insert(1, std::make_shared<std::string>("one"), 1);
  const std::shared_ptr<std::string> one = map.Find(1);
  map.Insert(2, std::make_shared<std::string>("two"), 1);
  EXPECT_EQ(map.Find(1), nullptr);
  EXPECT_EQ(*one, "one");
}

// Against a model that cannot be wrong: a vector, searched and moved.
TEST(LruMapTest, AgreesWithAListOfUses) {
  constexpr size_t kLimit = 50;
  LruMap<int, const int> map(kLimit);
  std::vector<std::pair<int, size_t>> model;  // least recently used first: key, weight
  uint32_t random = 1;
  for (int step = 0; step < 20'000; ++step) {
    random = random * 1664525 + 1013904223;
    const int key = static_cast<int>(random >> 16 & 31);
    const size_t weight = random >> 24 & 15;
    const auto at = std::find_if(model.begin(), model.end(),
                                 [&](const auto& entry) { return entry.first == key; });
    if ((random >> 28 & 1) != 0) {
      ASSERT_EQ(map.Find(key) != nullptr, at != model.end()) << step;
      if (at != model.end()) std::rotate(at, at + 1, model.end());
      continue;
    }
    map.Insert(key, Int(key), weight);
    if (at != model.end()) model.erase(at);
    model.emplace_back(key, weight);
    size_t sum = 0;
    for (const auto& [k, w] : model) sum += w;
    for (; sum > kLimit; model.erase(model.begin())) sum -= model.front().second;
    ASSERT_EQ(map.size(), model.size()) << step;
    ASSERT_EQ(map.weight(), sum) << step;
  }
}

TEST(SharedLruMapTest, ThreadsFindWhatTheyPutIn) {
  SharedLruMap<int, const int> map(64);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&map, t] {
      for (int i = 0; i < 5'000; ++i) {
        const int key = (i * 7 + t) % 100;
        map.Insert(key, Int(key), 1);
        const auto found = map.Find((key + 1) % 100);
        EXPECT_TRUE(found == nullptr || *found == (key + 1) % 100);
        if (i % 16 == 0) map.Erase(key);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(map.weight(), 64u);
}

}  // namespace
}  // namespace testselect
