// Where credentials come from, by real files and real endpoints, and how they are kept fresh.
#include "storage/s3_credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
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

std::string InTime(absl::Duration in) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::Now() + in, absl::UTCTimeZone());
}

std::string JsonCredentials(const std::string& key, absl::Duration lifetime) {
  return absl::StrCat("{\"Code\":\"Success\",\"AccessKeyId\":\"", key,
                      "\",\"SecretAccessKey\":\"S\",\"Token\":\"T\",\"Expiration\":\"",
                      InTime(lifetime), "\"}");
}

class S3CredentialsTest : public testing::Test {
 protected:
  absl::StatusOr<S3Credentials> Find() {
    return FindS3Credentials(sources_, absl::Now() + absl::Seconds(30), &http_);
  }
  std::string AccessKey() {
    const auto found = Find();
    EXPECT_THAT(found, IsOk());
    return found.ok() ? found->access_key : "";
  }
  std::string Write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(folder_.Path(name)).parent_path());
    std::ofstream(folder_.Path(name)) << text;
    return folder_.Path(name);
  }
  std::string Profile(const std::string& key) {
    return absl::StrCat("aws_access_key_id=", key, "\naws_secret_access_key = S=", key, "\n");
  }

  const TemporaryFolder folder_;
  HttpClient http_{""};
  S3CredentialSources sources_{
      "", "eu-west-1", {{"HOME", folder_.path()}, {"AWS_EC2_METADATA_DISABLED", "TRUE"}}};
};

TEST_F(S3CredentialsTest, WithoutAnySourceTheMessageNamesThem) {
  EXPECT_THAT(Find(), StatusIs(absl::StatusCode::kPermissionDenied,
                               AllOf(HasSubstr("no credentials: no AWS_ACCESS_KEY_ID"),
                                     HasSubstr("AWS_EC2_METADATA_DISABLED is true"))));
}

TEST_F(S3CredentialsTest, SourcesAreAskedInOrder) {
  Write(".aws/credentials", "[default]\n" + Profile("HOME"));
  EXPECT_EQ(AccessKey(), "HOME");
  sources_.environment["AWS_SHARED_CREDENTIALS_FILE"] =
      Write("shared", "[default]\n" + Profile("SHARED"));
  EXPECT_EQ(AccessKey(), "SHARED");
  sources_.environment["AWS_ACCESS_KEY_ID"] = "ENVIRONMENT";
  EXPECT_THAT(Find(), StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("only one is set")));
  sources_.environment["AWS_SECRET_ACCESS_KEY"] = "S";
  sources_.environment["AWS_SESSION_TOKEN"] = "T";
  ASSERT_OK_AND_ASSIGN(const S3Credentials found, Find());
  EXPECT_EQ(found.access_key, "ENVIRONMENT");
  EXPECT_EQ(found.session_token, "T");
  EXPECT_EQ(found.expires, absl::InfiniteFuture());
  sources_.file = Write("named", "[default]\n" + Profile("NAMED"));
  EXPECT_EQ(AccessKey(), "NAMED");
}

TEST_F(S3CredentialsTest, FilesHaveProfiles) {
  sources_.file = Write("file", "# comment\n[default]\n" + Profile("DEFAULT") +
                                    "\r\n[ other ] \n; comment\n" + Profile("OTHER") +
                                    "aws_session_token = T\n\n[half]\naws_access_key_id=H\n");
  ASSERT_OK_AND_ASSIGN(S3Credentials found, Find());
  EXPECT_EQ(found.access_key, "DEFAULT");
  EXPECT_EQ(found.secret_key, "S=DEFAULT");
  EXPECT_EQ(found.session_token, "");
  sources_.environment["AWS_PROFILE"] = "other";
  ASSERT_OK_AND_ASSIGN(found, Find());
  EXPECT_EQ(found.access_key, "OTHER");
  EXPECT_EQ(found.session_token, "T");
  for (const char* const profile : {"half", "none"}) {
    sources_.environment["AWS_PROFILE"] = profile;
    EXPECT_THAT(Find(), StatusIs(absl::StatusCode::kPermissionDenied,
                                 HasSubstr(absl::StrCat("under [", profile, "]"))));
  }
}

TEST_F(S3CredentialsTest, AFileThatIsNamedAndMissingIsAnError) {
  sources_.environment["AWS_SHARED_CREDENTIALS_FILE"] = folder_.Path("missing");
  EXPECT_THAT(Find(), StatusIs(absl::StatusCode::kPermissionDenied,
                               HasSubstr("missing cannot be read: No such file")));
  sources_.environment.erase("AWS_SHARED_CREDENTIALS_FILE");
  sources_.environment["AWS_PROFILE"] = "work";
  EXPECT_THAT(Find(), StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr(".aws/credentials")));
}

TEST_F(S3CredentialsTest, AWebIdentityIsChangedForCredentials) {
  std::string answer = HttpAnswer(
      200,
      absl::StrCat("<AssumeRoleWithWebIdentityResponse "
                   "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
                   "<AssumeRoleWithWebIdentityResult><Credentials><SessionToken>T/+=</SessionToken>"
                   "<SecretAccessKey>S</SecretAccessKey><Expiration>",
                   InTime(absl::Hours(1)),
                   "</Expiration><AccessKeyId>ASIA</AccessKeyId></Credentials>"
                   "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"));
  HttpServer sts([&](const HttpCallSeen&) { return answer; });
  sources_.environment["AWS_ENDPOINT_URL_STS"] = sts.url();
  sources_.environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = Write("token", "a.jwt+token==\n");
  EXPECT_THAT(Find(),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("AWS_ROLE_ARN is not")));
  sources_.environment["AWS_ROLE_ARN"] = "arn:aws:iam::123456789012:role/ci";
  sources_.environment["AWS_ROLE_SESSION_NAME"] = "me";
  ASSERT_OK_AND_ASSIGN(const S3Credentials found, Find());
  EXPECT_EQ(found.access_key, "ASIA");
  EXPECT_EQ(found.secret_key, "S");
  EXPECT_EQ(found.session_token, "T/+=");
  EXPECT_LT(absl::AbsDuration(found.expires - absl::Now() - absl::Hours(1)), absl::Minutes(2));
  EXPECT_EQ(sts.Calls()[0].method, "POST");
  EXPECT_EQ(sts.Calls()[0].body,
            "Action=AssumeRoleWithWebIdentity&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fci"
            "&RoleSessionName=me&Version=2011-06-15&WebIdentityToken=a.jwt%2Btoken%3D%3D");

  answer = HttpAnswer(400,
                      "<ErrorResponse><Error><Code>ExpiredTokenException</Code><Message>Expired"
                      "</Message></Error></ErrorResponse>");
  EXPECT_THAT(Find(), StatusIs(absl::StatusCode::kPermissionDenied,
                               AllOf(HasSubstr("400 ExpiredTokenException: Expired"),
                                     Not(HasSubstr("jwt")))));
  answer = HttpAnswer(503, "");
  EXPECT_THAT(Find(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("STS at http")));
  answer = HttpAnswer(200, "<html/>");
  EXPECT_THAT(Find(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no credentials")));
}

TEST_F(S3CredentialsTest, AContainerAsksItsEndpointWithItsToken) {
  std::string answer = HttpAnswer(200, JsonCredentials("CONTAINER", absl::Hours(6)));
  HttpServer endpoint([&](const HttpCallSeen&) { return answer; });
  sources_.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = endpoint.url() + "/v1/get?role=x";
  sources_.environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = Write("token", "Basic abc\n");
  ASSERT_OK_AND_ASSIGN(const S3Credentials found, Find());
  EXPECT_EQ(found.access_key, "CONTAINER");
  EXPECT_EQ(found.session_token, "T");
  EXPECT_LT(found.expires, absl::Now() + absl::Hours(7));
  EXPECT_EQ(endpoint.Calls()[0].path, "/v1/get");
  EXPECT_EQ(endpoint.Calls()[0].query, "role=x");
  EXPECT_EQ(endpoint.Calls()[0].headers.at("authorization"), "Basic abc");

  answer = HttpAnswer(403, "");
  EXPECT_THAT(Find(), StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("answered 403")));
  answer = HttpAnswer(200, "[1]");
  EXPECT_THAT(Find(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no JSON object")));
  answer =
      HttpAnswer(200, "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\",\"Expiration\":\"x\"}");
  EXPECT_THAT(Find(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("Expiration=x")));
  Write("token", "two\nlines");
  EXPECT_THAT(Find(), StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("not of one line")));
}

TEST_F(S3CredentialsTest, AContainersTokenGoesNowhereInClear) {
  for (const char* const uri : {"http://example.com/", "http://127.0.0.1.example.com/",
                                "http://127.0.0.1@example.com/", "ftp://127.0.0.1/", "/v1"}) {
    sources_.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = uri;
    EXPECT_THAT(Find(), StatusIs(absl::StatusCode::kPermissionDenied,
                                 HasSubstr("neither https nor of this machine")))
        << uri;
  }
}

TEST_F(S3CredentialsTest, AnInstanceAnswersByIMDSv2) {
  bool has_role = true;
  HttpServer metadata([&](const HttpCallSeen& call) {
    if (call.method == "PUT" && call.path == "/latest/api/token") {
      return call.headers.at("x-aws-ec2-metadata-token-ttl-seconds") == "21600"
                 ? HttpAnswer(200, "the-token")
                 : HttpAnswer(400, "");
    }
    if (call.headers.count("x-aws-ec2-metadata-token") == 0) return HttpAnswer(401, "");
    if (call.path == "/latest/meta-data/iam/security-credentials/") {
      return has_role ? HttpAnswer(200, "the-role\n") : HttpAnswer(404, "");
    }
    EXPECT_EQ(call.path, "/latest/meta-data/iam/security-credentials/the-role");
    return HttpAnswer(200, JsonCredentials("INSTANCE", absl::Hours(6)));
  });
  sources_.environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = metadata.url();
  EXPECT_THAT(Find(), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(metadata.Calls(), SizeIs(0));
  sources_.environment.erase("AWS_EC2_METADATA_DISABLED");
  EXPECT_EQ(AccessKey(), "INSTANCE");
  has_role = false;
  EXPECT_THAT(Find(),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("the instance has no role")));
}

class S3CredentialCacheTest : public S3CredentialsTest {
 protected:
  // The n-th call gets the key "K<n>".
  std::string Answer() {
    const int n = ++calls_;
    return fails_ ? HttpAnswer(500, "")
                  : HttpAnswer(200, JsonCredentials(absl::StrCat("K", n), lifetime_));
  }
  absl::StatusOr<S3Credentials> Get() { return cache_.Get(absl::Now() + absl::Seconds(30)); }
  S3CredentialSources Sources() {
    sources_.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = endpoint_.url();
    return sources_;
  }

  std::atomic<int> calls_ = 0;
  std::atomic<bool> fails_ = false;
  absl::Duration lifetime_ = absl::Hours(1);
  HttpServer endpoint_{[this](const HttpCallSeen&) { return Answer(); }};
  S3CredentialCache cache_{Sources(), &http_};
};

TEST_F(S3CredentialCacheTest, AsksOnceForManyThreads) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      const auto got = Get();
      ASSERT_THAT(got, IsOk());
      EXPECT_EQ(got->access_key, "K1");
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(calls_, 1);
}

TEST_F(S3CredentialCacheTest, ExpiringCredentialsAreReplacedWhileTheyLast) {
  lifetime_ = absl::Minutes(4);
  EXPECT_EQ(Get()->access_key, "K1");
  EXPECT_EQ(Get()->access_key,
            "K1");  // the source has no longer ones: it is not asked at every call
  EXPECT_EQ(calls_, 1);
}

TEST_F(S3CredentialCacheTest, ExpiredCredentialsAreNeverHandedOut) {
  lifetime_ = absl::Seconds(5);
  EXPECT_EQ(Get()->access_key, "K1");
  EXPECT_EQ(Get()->access_key, "K2");
  fails_ = true;
  EXPECT_THAT(Get(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("answered 500")));
}

TEST_F(S3CredentialCacheTest, AFailureIsAnsweredToAllWhoWaitForIt) {
  fails_ = true;
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] { EXPECT_THAT(Get(), StatusIs(absl::StatusCode::kUnavailable)); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LT(calls_, 16);
}

TEST_F(S3CredentialCacheTest, RefusedCredentialsAreReplacedOnce) {
  ASSERT_OK_AND_ASSIGN(const S3Credentials first, Get());
  EXPECT_TRUE(cache_.Refused(first));
  ASSERT_OK_AND_ASSIGN(const S3Credentials second, Get());
  EXPECT_EQ(second.access_key, "K2");
  EXPECT_TRUE(cache_.Refused(first));  // of a request that began before
  EXPECT_EQ(Get()->access_key, "K2");
  EXPECT_TRUE(cache_.Refused(second));
  EXPECT_FALSE(cache_.Refused(second));
}

}  // namespace
}  // namespace testselect
