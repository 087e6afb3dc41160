#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "storage/model/digest.h"
#include "storage/model/object_id.h"

namespace testselect {
namespace {

using ::testing::HasSubstr;

TEST(ObjectIdTest, ReadsFortyHexDigitsOfEitherCase) {
  const auto id = ObjectId::FromHex("base", "00112233445566778899AABBCCDDEEFF00112233");
  ASSERT_TRUE(id.ok());
  EXPECT_EQ(id->ToHex(), "00112233445566778899aabbccddeeff00112233");
  EXPECT_FALSE(id->IsNull());
  EXPECT_TRUE(ObjectId().IsNull());
}

TEST(ObjectIdTest, RefusesEverythingElseNamingFieldAndValue) {
  const std::string forty(40, 'a');
  for (const std::string& bad : {std::string(), std::string("abc"), forty + "a", forty.substr(1),
                                 forty.substr(1) + "g", std::string("HEAD")}) {
    const auto id = ObjectId::FromHex("base", bad);
    ASSERT_FALSE(id.ok()) << bad;
    EXPECT_EQ(id.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(id.status().message(),
              "base: '" + bad + "' is no full commit id; it must have 40 hexadecimal digits");
  }
}

// The reference vector of XXH3-128 for no input, from the algorithm's specification.
TEST(DigestTest, IsXxh3InCanonicalForm) {
  EXPECT_EQ(Digest::Of("").ToHex(), "99aa06d3014798d86001c324468d497f");
}

TEST(DigestTest, StreamAgreesWithOneShotForEveryCut) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += static_cast<char>(i * 31);
  for (size_t cut = 0; cut <= text.size(); cut += 97) {
    DigestStream stream;
    stream.Update(absl::string_view(text).substr(0, cut));
    stream.Update(absl::string_view(text).substr(cut));
    EXPECT_EQ(stream.Finish(), Digest::Of(text)) << cut;
  }
}

TEST(DigestTest, TextAndByteFormsRoundTripAndRefuseOtherLengths) {
  const Digest d = Digest::Of("x");
  EXPECT_EQ(*Digest::FromHex("id", d.ToHex()), d);
  EXPECT_EQ(*Digest::FromBytes("id", d.bytes()), d);
  EXPECT_THAT(Digest::FromHex("id", "zz").status().message(), HasSubstr("id: 'zz'"));
  EXPECT_THAT(Digest::FromBytes("id", "abc").status().message(), HasSubstr("has 3 bytes"));
}

}  // namespace
}  // namespace testselect
