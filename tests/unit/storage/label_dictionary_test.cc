#include "storage/label_dictionary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "tests/support/status_matchers.h"

namespace testselect {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> Names(int n) {
  std::vector<std::string> names;
  for (int i = 0; i < n; ++i) names.push_back(absl::StrCat("tests/test_", i / 50, ".py::t", i));
  return names;
}

TEST(LabelDictionaryTest, FindsEveryName) {
  const std::vector<std::string> names = Names(10'000);
  const auto dictionary = NewLabelDictionary(names);
  ASSERT_TRUE(dictionary.ok());
  ASSERT_EQ((*dictionary)->size(), names.size());
  for (LabelNumber n = 0; n < names.size(); ++n) {
    EXPECT_EQ((*dictionary)->Name(n), names[n]);
    EXPECT_EQ((*dictionary)->Find(names[n]), n);
  }
  EXPECT_EQ((*dictionary)->Find("tests/test_0.py::t"), kNoLabel);
}

TEST(LabelDictionaryTest, IdsTellNamesAndOrder) {
  EXPECT_EQ((*NewLabelDictionary({"a", "b"}))->id(), (*NewLabelDictionary({"a", "b"}))->id());
  EXPECT_NE((*NewLabelDictionary({"a", "b"}))->id(), (*NewLabelDictionary({"b", "a"}))->id());
  EXPECT_NE((*NewLabelDictionary({"a", "b"}))->id(), (*NewLabelDictionary({"a"}))->id());
}

TEST(LabelDictionaryTest, RefusesRepeatedAndEmptyNames) {
  EXPECT_THAT(NewLabelDictionary({"a", "a"}).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'a' is numbered twice")));
  EXPECT_THAT(NewLabelDictionary({""}).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("must not be empty")));
}

TEST(LabelDictionaryTest, AnExtendedDictionarySharesItsFullPieces) {
  std::vector<std::string> names = Names(2 * kLabelsPerPiece + 10);
  const std::vector<std::string> before = EncodeDictionary(names);
  names.push_back("new");
  const std::vector<std::string> after = EncodeDictionary(names);
  ASSERT_EQ(before.size(), 3u);
  EXPECT_EQ(before[0], after[0]);
  EXPECT_EQ(before[1], after[1]);
  EXPECT_NE(before[2], after[2]);
}

TEST(LabelDictionaryTest, PiecesRoundTrip) {
  const std::vector<std::string> names = Names(5'000);
  BytesInterner decoded;
  for (const std::string& piece : EncodeDictionary(names)) {
    ASSERT_TRUE(DecodeDictionaryPiece(piece, &decoded).ok());
  }
  ASSERT_EQ(decoded.size(), names.size());
  for (uint32_t n = 0; n < names.size(); ++n) EXPECT_EQ(decoded.Get(n), names[n]);
}

// Persisted bytes: a change here is a new format version (KEYS.md).
TEST(LabelDictionaryTest, GoldenBytes) {
  EXPECT_EQ(absl::BytesToHexString(EncodeDictionaryPiece({"t::a", "t::bc", "u"})),
            "03"
            "0004"
            "0302"
            "0001"
            "743a3a61"
            "6263"
            "75");
}

TEST(LabelDictionaryTest, MalformedPiecesAreRefused) {
  const std::string piece = EncodeDictionaryPiece({"t::a", "t::bc", "u"});
  for (size_t n = 0; n < piece.size(); ++n) {
    BytesInterner names;
    EXPECT_THAT(DecodeDictionaryPiece(piece.substr(0, n), &names),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr("label dictionary")));
  }
  BytesInterner names;
  ASSERT_TRUE(DecodeDictionaryPiece(piece, &names).ok());
  EXPECT_THAT(DecodeDictionaryPiece(piece, &names),  // the same names once more
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("label dictionary")));
}

}  // namespace
}  // namespace testselect
