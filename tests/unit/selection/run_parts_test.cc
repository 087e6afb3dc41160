#include "server/selection/run_parts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <string>

namespace testselect {
namespace {

using ::testing::ElementsAre;

// Labels that live as long as the test.
std::vector<std::string> Names(size_t count) {
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) names.push_back("t" + std::to_string(i));
  return names;
}

std::vector<RunItem> RandomItems(const std::vector<std::string>& names, std::mt19937& random) {
  std::vector<RunItem> items;
  for (const std::string& name : names) {
    const double seconds = random() % 5 == 0 ? -1 : static_cast<double>(random() % 1000) / 10;
    items.push_back({name, seconds});
  }
  return items;
}

TEST(RunPartsTest, TheLongestGoesWhereTheLeastIs) {
  EXPECT_THAT(AssignShards({{"a", 2}, {"b", 3}, {"c", 4}, {"d", 5}, {"e", 6}}, 2),
              ElementsAre(0, 0, 1, 1, 0));
}

TEST(RunPartsTest, UnknownDurationsCountAsTheMedian) {
  // 10, 10 | 9 and the unknown one, which counts as 9
  EXPECT_THAT(AssignShards({{"a", 10}, {"b", -1}, {"c", 9}, {"d", 1}}, 2), ElementsAre(0, 1, 1, 0));
  EXPECT_THAT(AssignShards({{"a", -1}, {"b", -1}, {"c", -1}, {"d", -1}}, 2),
              ElementsAre(0, 1, 0, 1));
  EXPECT_THAT(AssignShards({{"a", 0}, {"b", 0}, {"c", 0}, {"d", 0}}, 2), ElementsAre(0, 1, 0, 1));
}

TEST(RunPartsTest, ShardsDependOnTheSetOfLabelsNotOnTheirOrder) {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    std::mt19937 random(seed);
    const std::vector<std::string> names = Names(random() % 60);
    std::vector<RunItem> items = RandomItems(names, random);
    const uint32_t shards = 1 + random() % 9;
    std::map<absl::string_view, uint32_t> first;
    std::vector<uint32_t> of = AssignShards(items, shards);
    for (size_t i = 0; i < items.size(); ++i) first[items[i].label] = of[i];
    std::shuffle(items.begin(), items.end(), random);
    of = AssignShards(items, shards);
    for (size_t i = 0; i < items.size(); ++i) EXPECT_EQ(first[items[i].label], of[i]) << seed;
  }
}

TEST(RunPartsTest, TheLongestShardIsWithinGrahamsBound) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    const std::vector<std::string> names = Names(1 + random() % 80);
    std::vector<RunItem> items = RandomItems(names, random);
    for (RunItem& item : items) item.seconds = std::max(item.seconds, 0.0);
    const uint32_t shards = 1 + random() % 7;
    const std::vector<uint32_t> of = AssignShards(items, shards);
    ASSERT_EQ(of.size(), items.size());
    std::vector<double> loads(shards);
    double total = 0, longest = 0;
    for (size_t i = 0; i < items.size(); ++i) {
      ASSERT_LT(of[i], shards);
      loads[of[i]] += items[i].seconds;
      total += items[i].seconds;
      longest = std::max(longest, items[i].seconds);
    }
    // No division is shorter than the mean or than the longest label; a list is at most that mean
    // and one label longer.
    EXPECT_LE(*std::max_element(loads.begin(), loads.end()), total / shards + longest + 1e-9);
  }
}

TEST(RunPartsTest, TheBudgetCutsAfterWhatFits) {
  const std::vector<RunItem> items = {{"a", 2}, {"b", 3}, {"c", -1}, {"d", 4}};  // unknown: 3
  const struct {
    double budget;
    size_t want;
  } kCases[] = {{1, 0}, {2, 1}, {4.9, 1}, {5, 2}, {8, 3}, {11.9, 3}, {12, 4}, {1e9, 4}};
  for (const auto& c : kCases) EXPECT_EQ(CountWithin(items, c.budget), c.want) << c.budget;
  EXPECT_EQ(CountWithin({}, 1), 0u);
}

}  // namespace
}  // namespace testselect
