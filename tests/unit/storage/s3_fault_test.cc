// The S3 store before a server that misbehaves, and what its errors say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "storage/s3_object_store.h"
#include "tests/support/http_server.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_folder.h"

namespace testselect {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

std::string S3ErrorAnswer(int status, const std::string& code, const std::string& more = "",
                          const std::vector<std::string>& headers = {}) {
  return HttpAnswer(status,
                    absl::StrCat("<?xml version=\"1.0\"?><Error><Code>", code,
                                 "</Code><Message>It is so</Message>", more, "</Error>"),
                    headers);
}

class S3FaultTest : public testing::Test {
 protected:
  // Answers call n with answers_[n], those after the last with the last.
  std::string Answer() {
    const size_t n = calls_++;
    return answers_[std::min(n, answers_.size() - 1)];
  }
  std::unique_ptr<ObjectStore> Open() {
    S3StoreOptions options;
    options.bucket = {"bucket", "eu-west-1", server_.url(), true, "s3://bucket at HOST"};
    options.sources = sources_;
    options.timeout = timeout_;
    options.parallel = 4;
    return NewS3ObjectStore(std::move(options));
  }

  S3CredentialSources sources_{
      "", "", {{"AWS_ACCESS_KEY_ID", "AK"}, {"AWS_SECRET_ACCESS_KEY", "the-secret"}}};
  absl::Duration timeout_ = absl::Seconds(30);
  std::vector<std::string> answers_;
  std::atomic<size_t> calls_ = 0;
  HttpServer server_{[this](const HttpCallSeen&) { return Answer(); }};
};

struct Case {
  const char* name;
  std::string answer;
  absl::StatusCode code;
  std::string says;
};

class S3ErrorTest : public S3FaultTest, public testing::WithParamInterface<Case> {};

TEST_P(S3ErrorTest, IsToldOnceAndNotRetried) {
  answers_ = {GetParam().answer};
  EXPECT_THAT(
      Open()->Get("the/key"),
      StatusIs(GetParam().code, AllOf(HasSubstr("s3://bucket at HOST: Get the/key: "),
                                      HasSubstr(GetParam().says), Not(HasSubstr("the-secret")))));
  EXPECT_EQ(calls_, 1u);
}

std::vector<Case> Cases() {
  using absl::StatusCode;
  return {
      {"NoObject", S3ErrorAnswer(404, "NoSuchKey"), StatusCode::kNotFound,
       "404 NoSuchKey: It is so"},
      {"NoBucket", S3ErrorAnswer(404, "NoSuchBucket"), StatusCode::kFailedPrecondition,
       "404 NoSuchBucket"},
      {"NoStore", HttpAnswer(404, "<html><body>nginx</html>"), StatusCode::kFailedPrecondition,
       "404 without an error of S3; is the endpoint an object store?"},
      {"Refused", S3ErrorAnswer(403, "AccessDenied"), StatusCode::kPermissionDenied,
       "403 AccessDenied: It is so"},
      {"WrongSecret", S3ErrorAnswer(403, "SignatureDoesNotMatch"), StatusCode::kPermissionDenied,
       "SignatureDoesNotMatch"},
      {"OtherRegionByHeader",
       S3ErrorAnswer(301, "PermanentRedirect", "<Endpoint>x.example</Endpoint>",
                     {"x-amz-bucket-region: us-west-2"}),
       StatusCode::kFailedPrecondition,
       "the bucket is in region us-west-2, not eu-west-1: set the region"},
      {"OtherRegionByBody",
       S3ErrorAnswer(400, "AuthorizationHeaderMalformed", "<Region>us-west-2</Region>"),
       StatusCode::kFailedPrecondition,
       "the bucket is in region us-west-2, not eu-west-1: set the region"},
      {"OtherEndpoint", S3ErrorAnswer(301, "PermanentRedirect", "<Endpoint>x.example</Endpoint>"),
       StatusCode::kFailedPrecondition, "the bucket's endpoint is x.example"},
      {"Skewed",
       S3ErrorAnswer(403, "RequestTimeTooSkewed", "", {"Date: Fri, 24 May 2013 00:00:00 GMT"}),
       StatusCode::kPermissionDenied, "ahead of the store's: set it"},
      {"SkewedTheOtherWay",
       S3ErrorAnswer(403, "RequestTimeTooSkewed", "", {"Date: Fri, 24 May 2999 00:00:00 GMT"}),
       StatusCode::kPermissionDenied, "behind the store's: set it"},
      {"SkewedByNobodyKnows", S3ErrorAnswer(403, "RequestTimeTooSkewed"),
       StatusCode::kPermissionDenied, "this machine's clock differs too much"},
      {"QuotaExceeded", S3ErrorAnswer(403, "QuotaExceeded"), StatusCode::kResourceExhausted,
       "QuotaExceeded"},
      {"Full", HttpAnswer(507, ""), StatusCode::kResourceExhausted, "507"},
      {"NotImplemented", S3ErrorAnswer(501, "NotImplemented"), StatusCode::kFailedPrecondition,
       "the store lacks what is needed (conditional writes: If-None-Match)"},
      {"NoLength", "HTTP/1.1 200 OK\r\n\r\nbytes", StatusCode::kDataLoss, "announced no length"},
      {"Bomb", HttpAnswer(403, "<!DOCTYPE e [<!ENTITY a \"b\">]><Error><Code>&a;</Code></Error>"),
       StatusCode::kPermissionDenied, "403"},
  };
}

INSTANTIATE_TEST_SUITE_P(Answers, S3ErrorTest, testing::ValuesIn(Cases()),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_F(S3FaultTest, WhatPassesIsRetried) {
  answers_ = {
      S3ErrorAnswer(503, "SlowDown"), S3ErrorAnswer(500, "InternalError"),  HttpAnswer(429, ""),
      HttpAnswer(502, "<html>"),      S3ErrorAnswer(400, "RequestTimeout"), "",
      HttpAnswer(200, "bytes")};
  EXPECT_THAT(Open()->Get("key"), IsOkAndHolds("bytes"));
  EXPECT_EQ(calls_, 7u);
}

TEST_F(S3FaultTest, RetriesEndWithTheTime) {
  timeout_ = absl::Seconds(1);
  answers_ = {S3ErrorAnswer(503, "SlowDown")};
  const absl::Time start = absl::Now();
  EXPECT_THAT(Open()->Get("key"),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr("503 SlowDown: It is so (after "), HasSubstr("attempts)"))));
  EXPECT_LT(absl::Now() - start, absl::Seconds(15));
  EXPECT_GT(calls_, 2u);
}

TEST_F(S3FaultTest, AServerThatWantsMoreTimeThanThereIsIsNotAskedAgain) {
  answers_ = {S3ErrorAnswer(503, "SlowDown", "", {"Retry-After: 3600"})};
  EXPECT_THAT(Open()->Get("key"), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(calls_, 1u);
}

TEST_F(S3FaultTest, AnObjectThatIsCutOffIsReadAgainAndThenLost) {
  const std::string cut = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf";
  answers_ = {cut, cut, HttpAnswer(200, "whole")};
  EXPECT_THAT(Open()->Get("key"), IsOkAndHolds("whole"));
  calls_ = 0;
  answers_ = {cut};
  EXPECT_THAT(Open()->Get("key"), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("3 attempts")));
}

TEST_F(S3FaultTest, AnAnswerWithoutEndIsNotKept) {
  answers_ = {HttpAnswer(200, std::string(9 << 20, 'x'))};
  EXPECT_THAT(Open()->List("", "", 10),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("longer than 8388608 bytes")));
  answers_ = {HttpAnswer(400, std::string(9 << 20, 'x'))};
  EXPECT_THAT(Open()->Get("key"), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(S3FaultTest, AStoreThatIsAwayEndsABatchAtItsFirstObject) {
  timeout_ = absl::Seconds(1);
  answers_ = {HttpAnswer(503, "")};
  const absl::Time start = absl::Now();
  const auto got = Open()->GetAll(std::vector<std::string>(200, "key"));
  EXPECT_THAT(got, SizeIs(200));
  EXPECT_THAT(got, Each(StatusIs(absl::StatusCode::kUnavailable)));
  EXPECT_LT(absl::Now() - start, absl::Seconds(15));
}

TEST_F(S3FaultTest, WhatAnswersEverythingIsNoStore) {
  answers_ = {HttpAnswer(200, "<html>Welcome</html>")};
  EXPECT_THAT(Open()->Create("key", "x"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("200 without an ETag; is the endpoint an object store?")));
  answers_ = {HttpAnswer(204, "")};
  EXPECT_THAT(Open()->Get("key"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("204 without an error")));
}

TEST_F(S3FaultTest, ProxiesOfTheEnvironmentDoNotStandBeforeThisMachine) {
  ASSERT_EQ(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
  answers_ = {HttpAnswer(200, "bytes")};
  EXPECT_THAT(Open()->Get("key"), IsOkAndHolds("bytes"));
  unsetenv("http_proxy");
}

TEST_F(S3FaultTest, TheFirstCreatorThatMeetsAnObjectIsNotItsCreator) {
  answers_ = {S3ErrorAnswer(412, "PreconditionFailed")};
  EXPECT_THAT(Open()->Create("key", "x"), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(calls_, 1u);
}

TEST_F(S3FaultTest, WhereMetadataIsNotKeptARetriedCreatorComparesTheBytes) {
  for (const bool own : {true, false}) {
    calls_ = 0;
    answers_ = {"", S3ErrorAnswer(412, "PreconditionFailed"),
                "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\n",
                HttpAnswer(200, own ? "mine" : "more")};
    const absl::Status created = Open()->Create("key", "mine");
    EXPECT_EQ(created.code(), own ? absl::StatusCode::kOk : absl::StatusCode::kAlreadyExists)
        << created;
    EXPECT_EQ(calls_, 4u);
  }
}

TEST_F(S3FaultTest, CredentialsThatAreRefusedAreLookedForAgainOnce) {
  const TemporaryFolder folder;
  const auto write = [&](const std::string& key) {
    std::ofstream(folder.Path("file"))
        << "[default]\naws_access_key_id=" << key << "\naws_secret_access_key=S\n";
  };
  sources_ = {folder.Path("file"), "", {}};
  answers_ = {HttpAnswer(200, "1"), S3ErrorAnswer(403, "InvalidAccessKeyId"), HttpAnswer(200, "2")};
  const auto store = Open();
  write("OLD");
  EXPECT_THAT(store->Get("key"), IsOkAndHolds("1"));
  write("NEW");
  EXPECT_THAT(store->Get("key"), IsOkAndHolds("2"));
  const std::vector<HttpCallSeen> calls = server_.Calls();
  ASSERT_THAT(calls, SizeIs(3));
  EXPECT_THAT(calls[1].headers.at("authorization"), HasSubstr("Credential=OLD/"));
  EXPECT_THAT(calls[2].headers.at("authorization"), HasSubstr("Credential=NEW/"));
  answers_ = {S3ErrorAnswer(400, "ExpiredToken")};
  EXPECT_THAT(store->Get("key"), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_LE(server_.Calls().size(), 5u);
}

std::string Page(const std::vector<std::string>& keys, bool truncated,
                 const std::string& token = "") {
  std::string xml = absl::StrCat("<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>",
                                 truncated ? "true" : "false", "</IsTruncated>");
  if (!token.empty()) {
    absl::StrAppend(&xml, "<NextContinuationToken>", token, "</NextContinuationToken>");
  }
  for (const std::string& key : keys) {
    absl::StrAppend(&xml, "<Contents><Key>", key,
                    "</Key><LastModified>2026-01-02T03:04:05.678Z</LastModified>"
                    "<Size>7</Size></Contents>");
  }
  return HttpAnswer(200, xml + "</ListBucketResult>");
}

TEST_F(S3FaultTest, PagesAreReadToTheEndWhateverTheirLengths) {
  answers_ = {Page({"a", "b"}, true, "t/1="), Page({}, true, "t2"), Page({"c%2Fd", "e%20f"}, true),
              Page({"g", "h", "i"}, false)};
  ASSERT_OK_AND_ASSIGN(const auto listed, Open()->List("", "", 5));
  std::vector<std::string> keys;
  for (const ObjectInfo& info : listed) keys.push_back(info.key);
  // "e f" is no key of ours; "i" is more than was asked for.
  EXPECT_THAT(keys, testing::ElementsAre("a", "b", "c/d", "g", "h"));
  EXPECT_EQ(listed[0].size, 7u);
  EXPECT_EQ(listed[0].modified,
            absl::FromCivil(absl::CivilSecond(2026, 1, 2, 3, 4, 5), absl::UTCTimeZone()));
  const std::vector<HttpCallSeen> calls = server_.Calls();
  ASSERT_THAT(calls, SizeIs(4));
  EXPECT_THAT(calls[1].query,
              AllOf(HasSubstr("continuation-token=t%2F1%3D&"), HasSubstr("max-keys=3")));
  EXPECT_THAT(calls[3].query, HasSubstr("start-after=e%20f"));
}

TEST_F(S3FaultTest, AListThatIsOutOfOrderOrStandsStillIsRefused) {
  for (const std::vector<std::string>& pages : std::vector<std::vector<std::string>>{
           {Page({"b", "a"}, false)},
           {Page({"b"}, true, "t"), Page({"b"}, false)},
           {Page({}, true)},
           {Page({"a"}, true, "t"), Page({}, true, "t")},
           {HttpAnswer(200, "<html></html>")},
           {HttpAnswer(200, "")},
           {HttpAnswer(200, "<ListBucketResult></ListBucketResult>")}}) {
    answers_ = pages;
    calls_ = 0;
    EXPECT_THAT(Open()->List("", "", 10), StatusIs(absl::StatusCode::kDataLoss)) << pages[0];
  }
  answers_ = {Page({"other/a"}, false)};
  EXPECT_THAT(Open()->List("prefix/", "", 10), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace testselect
