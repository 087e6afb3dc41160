// The signatures of requests: Amazon's published example, and every request taken apart and signed
// again by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "storage/s3_http.h"
#include "storage/s3_object_store.h"
#include "tests/support/http_server.h"
#include "tests/support/status_matchers.h"

namespace testselect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kAccessKey[] = "AKIAIOSFODNN7EXAMPLE";
constexpr char kSecretKey[] = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
constexpr char kEmptySha256[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string Hmac(const std::string& key, const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
  return std::string(reinterpret_cast<char*>(digest), size);
}

std::string Sha256(const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr);
  return absl::BytesToHexString(std::string(reinterpret_cast<char*>(digest), size));
}

std::string Between(const std::string& text, const std::string& begin, const std::string& end) {
  const size_t from = text.find(begin);
  if (from == std::string::npos) return "";
  const size_t start = from + begin.size();
  return text.substr(start, text.find(end, start) - start);
}

// What Signature Version 4 says the Authorization header of `call` should end with.
std::string SignatureOf(const HttpCallSeen& call, const std::string& region) {
  const std::string signed_headers =
      Between(call.headers.at("authorization"), "SignedHeaders=", ",");
  std::string canonical = absl::StrCat(call.method, "\n", call.path, "\n", call.query, "\n");
  for (const absl::string_view name : absl::StrSplit(signed_headers, ';')) {
    const auto found = call.headers.find(std::string(name));
    EXPECT_NE(found, call.headers.end()) << name << " is signed and was not sent";
    if (found == call.headers.end()) return "";
    absl::StrAppend(&canonical, name, ":", absl::StripAsciiWhitespace(found->second), "\n");
  }
  absl::StrAppend(&canonical, "\n", signed_headers, "\n", call.headers.at("x-amz-content-sha256"));
  const std::string time = call.headers.at("x-amz-date");
  const std::string date = time.substr(0, 8);
  const std::string scope = absl::StrCat(date, "/", region, "/s3/aws4_request");
  const std::string text =
      absl::StrCat("AWS4-HMAC-SHA256\n", time, "\n", scope, "\n", Sha256(canonical));
  std::string key = absl::StrCat("AWS4", kSecretKey);
  for (const std::string& part : {date, region, std::string("s3"), std::string("aws4_request")}) {
    key = Hmac(key, part);
  }
  return absl::BytesToHexString(Hmac(key, text));
}

TEST(S3SignatureTest, IsAmazonsForItsPublishedExample) {
  HttpServer server([](const HttpCallSeen&) { return HttpAnswer(200, "Welcome to"); });
  HttpClient client("");
  HttpRequest request;
  request.method = "GET";
  request.url = server.url() + "/test.txt";
  request.headers = {"Host: examplebucket.s3.amazonaws.com", "Range: bytes=0-9",
                     absl::StrCat("x-amz-content-sha256: ", kEmptySha256),
                     "x-amz-date: 20130524T000000Z"};
  request.signature = HttpSignature{"us-east-1", kAccessKey, kSecretKey};
  request.deadline = absl::Now() + absl::Seconds(30);
  request.stall = absl::Seconds(30);
  request.max_body_bytes = 100;
  ASSERT_THAT(client.Send(request), IsOk());
  ASSERT_THAT(server.Calls(), SizeIs(1));
  const HttpCallSeen call = server.Calls()[0];
  EXPECT_EQ(call.headers.at("authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  EXPECT_EQ(SignatureOf(call, "us-east-1"),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

class S3SignedRequestTest : public testing::Test {
 protected:
  std::unique_ptr<ObjectStore> Open(const std::string& prefix = "pre/fix/") {
    S3StoreOptions options;
    options.bucket = {"bucket", "eu-west-1", server_.url(), true, "s3://bucket"};
    options.prefix = prefix;
    options.sources.environment = {{"AWS_ACCESS_KEY_ID", kAccessKey},
                                   {"AWS_SECRET_ACCESS_KEY", kSecretKey},
                                   {"AWS_SESSION_TOKEN", "the+session/token=="}};
    options.encryption = "aws:kms";
    options.kms_key = "arn:aws:kms:eu-west-1:1234:key/5678";
    options.timeout = absl::Seconds(20);
    return NewS3ObjectStore(std::move(options));
  }
  // The one request there was; its signature is checked.
  HttpCallSeen TheCall() {
    const std::vector<HttpCallSeen> calls = server_.Calls();
    EXPECT_THAT(calls, SizeIs(1));
    const HttpCallSeen call = calls.back();
    const std::string authorization = call.headers.at("authorization");
    EXPECT_EQ(Between(authorization, "Signature=", ","), SignatureOf(call, "eu-west-1"))
        << authorization;
    EXPECT_EQ(call.headers.at("x-amz-content-sha256"), Sha256(call.body));
    EXPECT_EQ(call.headers.at("x-amz-security-token"), "the+session/token==");
    for (const char* const name :
         {"host", "x-amz-security-token", "x-amz-content-sha256", "x-amz-date"}) {
      const std::vector<std::string> names =
          absl::StrSplit(Between(authorization, "SignedHeaders=", ","), ';');
      EXPECT_THAT(names, testing::Contains(name));
    }
    return call;
  }

  std::string answer_ = HttpAnswer(200, "", {"ETag: \"x\""});
  HttpServer server_{[this](const HttpCallSeen&) { return answer_; }};
};

TEST_F(S3SignedRequestTest, Get) {
  answer_ = HttpAnswer(200, "bytes");
  EXPECT_THAT(Open()->Get("a-b_c.d/E"), IsOkAndHolds("bytes"));
  const HttpCallSeen call = TheCall();
  EXPECT_EQ(call.method, "GET");
  EXPECT_EQ(call.path, "/bucket/pre/fix/a-b_c.d/E");
  EXPECT_EQ(call.query, "");
}

TEST_F(S3SignedRequestTest, Delete) {
  answer_ = HttpAnswer(204, "");
  EXPECT_THAT(Open()->Delete("a"), IsOk());
  EXPECT_EQ(TheCall().method, "DELETE");
}

TEST_F(S3SignedRequestTest, CreateSendsEncryptionAndChecksumsAndTheCondition) {
  EXPECT_THAT(Open()->Create("a", "hello"), IsOk());
  const HttpCallSeen call = TheCall();
  EXPECT_EQ(call.method, "PUT");
  EXPECT_EQ(call.body, "hello");
  EXPECT_EQ(call.headers.at("if-none-match"), "*");
  EXPECT_EQ(call.headers.at("content-length"), "5");
  EXPECT_EQ(call.headers.at("content-md5"), "XUFAKrxLKna5cZ2REBfFkg==");
  EXPECT_EQ(call.headers.at("x-amz-server-side-encryption"), "aws:kms");
  EXPECT_EQ(call.headers.at("x-amz-server-side-encryption-aws-kms-key-id"),
            "arn:aws:kms:eu-west-1:1234:key/5678");
}

TEST_F(S3SignedRequestTest, CreateOfNothing) {
  EXPECT_THAT(Open()->Create("a", ""), IsOk());
  EXPECT_EQ(TheCall().headers.at("x-amz-content-sha256"), kEmptySha256);
}

TEST_F(S3SignedRequestTest, CreateOfMegabytes) {
  EXPECT_THAT(Open()->Create("a", std::string(5 << 20, 'x')), IsOk());
  EXPECT_EQ(TheCall().body.size(), 5u << 20);
}

TEST_F(S3SignedRequestTest, List) {
  answer_ =
      HttpAnswer(200, "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>");
  EXPECT_THAT(Open()->List("seg/", "seg/1", 7), IsOk());
  EXPECT_EQ(TheCall().query,
            "encoding-type=url&list-type=2&max-keys=7&prefix=pre%2Ffix%2Fseg%2F"
            "&start-after=pre%2Ffix%2Fseg%2F1");
}

TEST_F(S3SignedRequestTest, ListOfAllOfABucketHasAnEmptyPrefix) {
  answer_ =
      HttpAnswer(200, "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>");
  EXPECT_THAT(Open("")->List("", "", 5000), IsOk());
  EXPECT_EQ(TheCall().query, "encoding-type=url&list-type=2&max-keys=1000&prefix=");
}

}  // namespace
}  // namespace testselect
