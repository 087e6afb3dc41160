#include "server/selection/label_universe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/memory_index_store.h"
#include "storage/segment_builder.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;

// Dictionaries as the store makes them, in separate stores so that they do not share numbers.
std::shared_ptr<const LabelDictionary> DictionaryOf(const std::vector<absl::string_view>& names) {
  auto store = NewMemoryIndexStore();
  SegmentBuilder builder(nullptr);
  builder.Order(names);
  for (absl::string_view name : names) builder.MarkRan(name);
  auto content = std::move(builder).Finish();
  EXPECT_TRUE(content.ok()) << content.status();
  UploadHeader header;
  header.repository = "app";
  header.commit = *ObjectId::FromHex("commit", std::string(40, 'a'));
  header.job.name = "unit";
  auto info = store->Commit(header, *content, {});
  EXPECT_TRUE(info.ok()) << info.status();
  return (*store->Open(info->id))->labels();
}

std::vector<LabelNumber> Translated(const LabelUniverse& universe, const LabelDictionary& d,
                                    std::vector<LabelNumber> numbers) {
  DenseLabelSet from, to;
  for (LabelNumber n : numbers) from.Add(n);
  universe.Translate(d, from, &to);
  return to.ToVector();
}

TEST(LabelUniverseTest, AnExtendedDictionaryKeepsItsNumbers) {
  const auto small = DictionaryOf({"a", "b"});
  const auto large = DictionaryOf({"a", "b", "c"});
  const auto universe = LabelUniverse::Of({small, large});
  EXPECT_EQ(universe->size(), 3u);
  EXPECT_THAT(Translated(*universe, *small, {0, 1}), ElementsAre(0, 1));
  EXPECT_THAT(Translated(*universe, *large, {2}), ElementsAre(2));
}

TEST(LabelUniverseTest, TranslatesStrangersByName) {
  const auto core = DictionaryOf({"a", "b", "c"});
  const auto other = DictionaryOf({"c", "x"});
  const auto universe = LabelUniverse::Of({other, core});
  ASSERT_EQ(universe->size(), 4u);
  EXPECT_EQ(universe->Name(3), "x");
  EXPECT_EQ(universe->Find("x"), 3u);
  EXPECT_EQ(universe->Find("c"), 2u);
  EXPECT_EQ(universe->Find("nobody"), kNoLabel);
  EXPECT_THAT(Translated(*universe, *other, {0, 1}), ElementsAre(2, 3));
  EXPECT_EQ(universe->Number(*other, 0), 2u);
}

TEST(LabelUniverseTest, IsEmptyWithoutDictionaries) {
  const auto universe = LabelUniverse::Of({});
  EXPECT_EQ(universe->size(), 0u);
  EXPECT_EQ(universe->Find("a"), kNoLabel);
}

}  // namespace
}  // namespace testselect
