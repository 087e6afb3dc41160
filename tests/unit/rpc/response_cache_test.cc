#include "server/rpc/response_cache.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace testselect {
namespace {

grpc::ByteBuffer Buffer(const std::vector<std::string>& pieces) {
  std::vector<grpc::Slice> slices;
  for (const std::string& piece : pieces) slices.emplace_back(piece);
  return grpc::ByteBuffer(slices.data(), slices.size());
}

std::shared_ptr<const ResponseCache::Entry> EntryOf(uint64_t generation, size_t bytes) {
  auto entry = std::make_shared<ResponseCache::Entry>();
  entry->generation = generation;
  entry->response = Buffer({std::string(bytes, 'r')});
  return entry;
}


TEST(ResponseCacheTest, FindsOnlyAnswersOfTheSameGeneration) {
  ResponseCache cache(1 << 20);
  const Digest key = Digest::Of("request");
  EXPECT_EQ(cache.Find(key, 1), nullptr);
  cache.Insert(key, EntryOf(1, 10));
  ASSERT_NE(cache.Find(key, 1), nullptr);
  EXPECT_EQ(cache.Find(key, 1)->response.Length(), 10u);
  EXPECT_EQ(cache.Find(key, 2), nullptr);
  EXPECT_EQ(cache.Find(key, 1), nullptr) << "an old answer is dropped when it is noticed";
}

TEST(ResponseCacheTest, StaysWithinItsBytesAndDropsTheLeastRecentlyUsed) {
  ResponseCache cache(10'000);
  const auto key = [](int i) { return Digest::Of(absl::StrCat(i)); };
  for (int i = 0; i < 4; ++i) cache.Insert(key(i), EntryOf(1, 2000));
  ASSERT_NE(cache.Find(key(0), 1), nullptr);  // now the most recently used
  cache.Insert(key(4), EntryOf(1, 2000));
  EXPECT_NE(cache.Find(key(0), 1), nullptr);
  EXPECT_EQ(cache.Find(key(1), 1), nullptr);
  cache.Insert(key(5), EntryOf(1, 20'000));
  EXPECT_EQ(cache.Find(key(5), 1), nullptr) << "larger than the cache";
  EXPECT_NE(cache.Find(key(0), 1), nullptr);
}

TEST(ResponseCacheTest, InsertingAgainReplaces) {
  ResponseCache cache(10'000);
  const Digest key = Digest::Of("request");
  for (uint64_t i = 0; i < 100; ++i) cache.Insert(key, EntryOf(i, 4000));
  EXPECT_NE(cache.Find(key, 99), nullptr);
}

}  // namespace
}  // namespace testselect
