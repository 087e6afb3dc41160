#include "storage/blob_refs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace testselect {
namespace {

class Bases : public BlobRefs::Bases {
 public:
  absl::StatusOr<Digest> BaseOf(const Digest& blob) const override {
    const auto it = bases.find(blob);
    if (it == bases.end()) return absl::DataLossError("gone");
    return it->second;
  }
  std::map<Digest, Digest> bases;
};

TEST(BlobRefsTest, ABaseIsNeededAsLongAsAPatchOfIt) {
  const Digest a = Digest::Of("a"), b = Digest::Of("b"), c = Digest::Of("c");
  Bases bases;
  bases.bases = {{a, Digest()}, {b, a}, {c, b}};
  BlobRefs refs(&bases);
  ASSERT_TRUE(refs.Retain({a}).ok());
  ASSERT_TRUE(refs.Retain({c}).ok());
  ASSERT_TRUE(refs.Retain({c}).ok());
  std::vector<Digest> freed;
  refs.Release({a}, &freed);
  refs.Release({c}, &freed);
  EXPECT_TRUE(freed.empty());
  EXPECT_TRUE(refs.Needed(a));
  EXPECT_TRUE(refs.Needed(b));
  refs.Release({c}, &freed);
  EXPECT_THAT(freed, testing::UnorderedElementsAre(a, b, c));
  EXPECT_FALSE(refs.Needed(a));
}

TEST(BlobRefsTest, AFailureCountsNothing) {
  const Digest a = Digest::Of("a"), b = Digest::Of("b");
  Bases bases;
  bases.bases = {{a, Digest()}, {b, Digest::Of("gone")}};
  BlobRefs refs(&bases);
  EXPECT_TRUE(absl::IsDataLoss(refs.Retain({a, b})));
  EXPECT_FALSE(refs.Needed(a));
  EXPECT_FALSE(refs.Needed(b));
}

}  // namespace
}  // namespace testselect
