// The S3 store before a real radosgw: certificates, refusals, long lists, and gateways that end,
// stop or lose their answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <thread>

#include "absl/strings/str_cat.h"
#include "storage/object_store.h"
#include "storage/s3_request.h"
#include "tests/support/faulty_proxy.h"
#include "tests/support/radosgw.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_folder.h"

namespace testselect {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class S3RadosgwTest : public testing::Test {
 protected:
  void SetUp() override {
    radosgw_ = Radosgw::Find();
    if (!radosgw_) GTEST_SKIP() << kNoRadosgw;
    radosgw_->MakeBucket("bucket-a");
    prefix_ = absl::StrCat(getpid(), "/", absl::GetCurrentTimeNanos());
    options_ = radosgw_->Options(folder_.Path("credentials"), absl::StrCat("bucket-a/", prefix_));
  }
  std::unique_ptr<ObjectStore> Open() {
    auto store = OpenObjectStore(options_);
    EXPECT_THAT(store, IsOk());
    return *std::move(store);
  }
  void WriteCredentials(const std::string& access_key, const std::string& secret_key) {
    std::ofstream(folder_.Path("credentials")) << "[default]\naws_access_key_id = " << access_key
                                               << "\naws_secret_access_key = " << secret_key;
  }

  TemporaryFolder folder_;
  std::optional<Radosgw> radosgw_;
  std::string prefix_;
  ObjectStoreOptions options_;
};

TEST_F(S3RadosgwTest, TellsWhereItIs) {
  EXPECT_EQ(Open()->description(), absl::StrCat("s3://bucket-a/", prefix_, " at ", radosgw_->http));
}

TEST_F(S3RadosgwTest, TrustsACertificateOfItsAuthorityAlone) {
  options_.endpoint = radosgw_->https;
  options_.ca_file = radosgw_->ca_file;
  const auto store = Open();
  ASSERT_THAT(store->Create("key", "over TLS"), IsOk());
  EXPECT_THAT(store->Get("key"), IsOkAndHolds("over TLS"));
  options_.ca_file.clear();
  EXPECT_THAT(Open()->Get("key"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("certificate")));
  options_.ca_file = folder_.Path("credentials");
  EXPECT_THAT(Open()->Get("key"), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(S3RadosgwTest, NamesTheBucketInTheHostToo) {
  ASSERT_THAT(Open()->Create("key", "bytes"), IsOk());
  options_.path_style = false;
  const std::string port = radosgw_->http.substr(radosgw_->http.rfind(':'));
  options_.endpoint = absl::StrCat("http://localhost", port);  // bucket-a.localhost is loopback too
  const auto store = Open();
  EXPECT_THAT(store->Get("key"), IsOkAndHolds("bytes"));
  EXPECT_THAT(store->Create("other", "x"), IsOk());
  ASSERT_OK_AND_ASSIGN(const auto listed, store->List("", "", 10));
  EXPECT_THAT(listed, SizeIs(2));
}

TEST_F(S3RadosgwTest, RefusedCredentialsAreToldAndNotRetried) {
  for (const auto& pair : {std::pair<std::string, std::string>("AKTEST", "not-the-secret"),
                           std::pair<std::string, std::string>("NOBODY", "SKTEST")}) {
    WriteCredentials(pair.first, pair.second);
    const auto store = Open();
    const auto refused = StatusIs(
        absl::StatusCode::kPermissionDenied,
        AllOf(HasSubstr(pair.first == "NOBODY" ? "InvalidAccessKeyId" : "SignatureDoesNotMatch"),
              Not(HasSubstr(pair.second))));
    EXPECT_THAT(store->Get("key"), refused);
    EXPECT_THAT(store->Create("key", "x"), refused);
    EXPECT_THAT(store->Delete("key"), refused);
    EXPECT_THAT(store->List("", "", 1), refused);
    EXPECT_THAT(store->CreateAll({{"a", "x"}, {"b", "y"}}), ElementsAre(refused, refused));
  }
}

TEST_F(S3RadosgwTest, ABucketThatIsMissingIsNoEmptyOne) {
  options_.url = "s3://bucket-that-is-missing";
  const auto store = Open();
  const auto missing =
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("404 NoSuchBucket"));
  EXPECT_THAT(store->Get("key"), missing);
  EXPECT_THAT(store->Create("key", "x"), missing);
  EXPECT_THAT(store->Delete("key"), missing);
  EXPECT_THAT(store->List("", "", 1), missing);
}

TEST_F(S3RadosgwTest, ListsMoreThanAPageAndNoForeignObjects) {
  std::vector<ObjectToPut> objects;
  for (int i = 0; i < 1100; ++i) {
    objects.push_back({absl::StrCat("many/", absl::Dec(i, absl::kZeroPad5)), "x"});
  }
  options_.parallel = 16;
  const auto store = Open();
  ASSERT_THAT(store->CreateAll(objects), Each(IsOk()));
  S3CredentialSources sources{folder_.Path("credentials"), "", {}};
  S3Requests requests({"bucket-a", "us-east-1", radosgw_->http, true, "bucket-a"}, sources, "",
                      absl::Seconds(30));
  for (const char* const foreign : {"many/00007%20copy", "many/%C3%A4%2Bb%25", "many/"}) {
    S3Request request;
    request.method = "PUT";
    request.path = absl::StrCat(prefix_, "/", foreign);
    ASSERT_OK_AND_ASSIGN(const S3Answer answer, requests.Send(request, "Put"));
    ASSERT_EQ(answer.response.status, 200) << requests.ErrorOf(answer.response, "Put");
  }
  ASSERT_OK_AND_ASSIGN(const auto listed, store->List("many/", "many/00099", 10000));
  ASSERT_THAT(listed, SizeIs(1000));
  for (size_t i = 0; i < listed.size(); ++i) EXPECT_EQ(listed[i].key, objects[i + 100].key);
}

TEST_F(S3RadosgwTest, AnotherPrefixIsAnotherStore) {
  ASSERT_THAT(Open()->Create("key", "x"), IsOk());
  options_.url += "-other/";
  const auto other = Open();
  EXPECT_THAT(other->Get("key"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(other->Create("key", "y"), IsOk());
  ASSERT_OK_AND_ASSIGN(const auto listed, other->List("", "", 10));
  EXPECT_THAT(listed, SizeIs(1));
}

TEST_F(S3RadosgwTest, AGatewayThatEndedIsUnavailableUntilThereIsOneAgain) {
  OwnRadosgw gateway(*radosgw_);
  options_.endpoint = gateway.http();
  options_.timeout = absl::Seconds(2);
  const auto store = Open();
  options_.timeout = absl::Seconds(60);
  const auto patient = Open();
  ASSERT_THAT(patient->Create("key", "x"), IsOk());
  gateway.End();
  const absl::Time start = absl::Now();
  const auto away = StatusIs(absl::StatusCode::kUnavailable,
                             AllOf(HasSubstr("Get key: "), HasSubstr("attempts)")));
  EXPECT_THAT(store->Get("key"), away);
  EXPECT_THAT(store->Create("other", "y"), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_LT(absl::Now() - start, absl::Seconds(20));

  std::thread restart([&] { gateway.Start(); });
  EXPECT_THAT(patient->Create("other", "y"), IsOk());
  restart.join();
  EXPECT_THAT(patient->Get("key"), IsOkAndHolds("x"));
}

TEST_F(S3RadosgwTest, AGatewayThatStandsStillCostsTheTimeLimitAndNoMore) {
  OwnRadosgw gateway(*radosgw_);
  options_.endpoint = gateway.http();
  options_.timeout = absl::Seconds(2);
  const auto store = Open();
  options_.timeout = absl::Seconds(60);
  const auto patient = Open();
  ASSERT_THAT(patient->Create("key", "x"), IsOk());
  gateway.Signal(SIGSTOP);
  const absl::Time start = absl::Now();
  EXPECT_THAT(store->Get("key"), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(store->Create("other", "y"), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_LT(absl::Now() - start, absl::Seconds(20));
  gateway.Signal(SIGCONT);
  EXPECT_THAT(patient->Get("key"), IsOkAndHolds("x"));
}

class S3LostAnswerTest : public S3RadosgwTest {
 protected:
  void SetUp() override {
    S3RadosgwTest::SetUp();
    if (IsSkipped()) return;
    const std::string port = radosgw_->http.substr(radosgw_->http.rfind(':') + 1);
    proxy_.emplace(std::stoi(port));
    options_.endpoint = proxy_->url();
    store_ = Open();
  }
  void TearDown() override { store_.reset(); }  // closes its connections, for which the proxy waits

  std::optional<FaultyProxy> proxy_;
  std::unique_ptr<ObjectStore> store_;
};

TEST_F(S3LostAnswerTest, ACreatorWhoseAnswersGotLostKnowsItsObject) {
  for (const int losses : {1, 3}) {
    const std::string key = absl::StrCat("key", losses);
    store_ = Open();  // with connections of its own
    proxy_->CutAnswers(losses, 0);
    EXPECT_THAT(store_->Create(key, "bytes"), IsOk());
    EXPECT_THAT(store_->Get(key), IsOkAndHolds("bytes"));
    EXPECT_THAT(store_->Create(key, "bytes"), StatusIs(absl::StatusCode::kAlreadyExists));
  }
  EXPECT_EQ(proxy_->cuts(), 4);
}

TEST_F(S3LostAnswerTest, ACreatorWhoseAnswerGotLostDoesNotTakeAnothersObjectForItsOwn) {
  options_.endpoint = radosgw_->http;
  ASSERT_THAT(Open()->Create("key", "same bytes"), IsOk());
  proxy_->CutAnswers(1, 0);
  EXPECT_THAT(store_->Create("key", "same bytes"), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(proxy_->cuts(), 1);
}

TEST_F(S3LostAnswerTest, AnObjectThatIsCutOffOnItsWayIsReadAgain) {
  const std::string large(1 << 20, 'x');
  options_.endpoint = radosgw_->http;
  ASSERT_THAT(Open()->Create("key", large), IsOk());
  options_.endpoint = proxy_->url();
  proxy_->CutAnswers(2, 300000);
  const auto got = store_->Get("key");
  ASSERT_THAT(got, IsOk());
  EXPECT_TRUE(*got == large);
  proxy_->CutAnswers(1000, 300000);
  store_ = Open();
  EXPECT_THAT(store_->Get("key"), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("Get key")));
}

}  // namespace
}  // namespace testselect
