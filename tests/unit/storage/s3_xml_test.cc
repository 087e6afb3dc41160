#include "storage/s3_xml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/support/status_matchers.h"

namespace testselect {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(S3ListTest, ReadsAPageOfAmazons) {
  ASSERT_OK_AND_ASSIGN(const S3ListPage page, ParseS3List(R"(<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Name>bucket</Name><Prefix>a%2F</Prefix><NextContinuationToken>1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=</NextContinuationToken>
  <KeyCount>2</KeyCount><MaxKeys>2</MaxKeys><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>
  <Contents><Key>a%2Fb+c%25</Key><LastModified>2026-03-04T05:06:07.891Z</LastModified>
    <ETag>&quot;fba9dede5f27731c9771645a39863328&quot;</ETag><Size>434234</Size><StorageClass>STANDARD</StorageClass></Contents>
  <Contents><Key>a%2Fd%zz%</Key><LastModified>2026-03-04T05:06:07Z</LastModified>
    <ETag>x</ETag><Size>0</Size><Owner><ID>7</ID></Owner></Contents>
  <CommonPrefixes><Prefix>photos%2F</Prefix></CommonPrefixes>
</ListBucketResult>)"));
  EXPECT_TRUE(page.truncated);
  EXPECT_EQ(page.next_token, "1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=");
  ASSERT_THAT(page.objects, SizeIs(2));
  EXPECT_EQ(page.objects[0].key, "a/b c%");
  EXPECT_EQ(page.objects[0].size, 434234u);
  EXPECT_EQ(absl::FormatTime(page.objects[0].modified, absl::UTCTimeZone()),
            "2026-03-04T05:06:07+00:00");
  EXPECT_EQ(page.objects[1].key, "a/d%zz%");
}

TEST(S3ListTest, DecodesNothingThatIsNotEncoded) {
  ASSERT_OK_AND_ASSIGN(const S3ListPage page,
                       ParseS3List("<ListBucketResult><IsTruncated>false</IsTruncated><Contents>"
                                   "<Key>a%2F+&amp;</Key><LastModified>2026-03-04T05:06:07Z"
                                   "</LastModified><Size>1</Size></Contents></ListBucketResult>"));
  EXPECT_EQ(page.objects[0].key, "a%2F+&");
  EXPECT_FALSE(page.truncated);
}

TEST(S3ListTest, RefusesWhatIsNoPage) {
  const std::string deep = [] {
    std::string xml;
    for (int i = 0; i < 20; ++i) xml += "<a>";
    return xml;
  }();
  const std::pair<std::string, std::string> cases[] = {
      {"", "not well-formed"},
      {"<html></html>", "no ListBucketResult"},
      {"<ListBucketResult></ListBucketResult>", "IsTruncated="},
      {"<ListBucketResult><IsTruncated>maybe</IsTruncated></ListBucketResult>",
       "IsTruncated=maybe"},
      {"<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>",
       "without Key, Size"},
      {"<ListBucketResult><Contents><Size>-1</Size></Contents></ListBucketResult>", "Size=-1"},
      {"<ListBucketResult><Contents><LastModified>now</LastModified></Contents></ListBucketResult>",
       "LastModified=now"},
      {"<!DOCTYPE l [<!ENTITY a \"b\">]><ListBucketResult/>", "an entity is declared"},
      {deep, "nested too deep"},
      {absl::StrCat("<a>", std::string(20000, 'x'), "</a>"), "a text is too long"},
      {"<ListBucketResult><IsTruncated>false</IsTruncated>", "not well-formed"},
  };
  for (const auto& test : cases) {
    EXPECT_THAT(ParseS3List(test.first),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr(test.second)))
        << test.first.substr(0, 100);
  }
}

TEST(S3ErrorBodyTest, ReadsErrorsOfS3AndOfSts) {
  const S3ErrorBody s3 = ParseS3Error(
      "<Error><Code>NoSuchKey</Code><Message>M</Message><Region>r</Region><Endpoint>e</Endpoint>"
      "<Key>k</Key></Error>");
  EXPECT_EQ(s3.code, "NoSuchKey");
  EXPECT_EQ(s3.message, "M");
  EXPECT_EQ(s3.region, "r");
  EXPECT_EQ(s3.endpoint, "e");
  const S3ErrorBody sts = ParseS3Error(
      "<ErrorResponse "
      "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>"
      "<Code>ExpiredTokenException</Code><Message>Token expired</Message></Error></ErrorResponse>");
  EXPECT_EQ(sts.code, "ExpiredTokenException");
  EXPECT_EQ(sts.message, "Token expired");
  EXPECT_EQ(ParseS3Error("<html>").code, "");
}

}  // namespace
}  // namespace testselect
