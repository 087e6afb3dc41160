// OpenObjectStore: every option is checked by name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <functional>

#include "storage/object_store.h"
#include "tests/support/status_matchers.h"

namespace testselect {
namespace {

using ::testing::HasSubstr;

TEST(OpenObjectStoreTest, RefusesUrlsThatNameNoStore) {
  for (const char* const url : {"", "folder", "http://bucket/", "file://", "file:///",
                                "file://host/folder", "file:folder", "file:///a%20b"}) {
    ObjectStoreOptions options;
    options.url = url;
    EXPECT_THAT(OpenObjectStore(options),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("url=\"")))
        << url;
  }
}

TEST(OpenObjectStoreTest, DescribesTheFolder) {
  ObjectStoreOptions options;
  options.url = "file:///mnt/shared/";
  ASSERT_OK_AND_ASSIGN(const auto store, OpenObjectStore(options));
  EXPECT_EQ(store->description(), "file:///mnt/shared");
}

ObjectStoreOptions OfBucket() {
  ObjectStoreOptions options;
  options.url = "s3://some-bucket/some/prefix/";
  return options;
}

std::string DescriptionOf(const ObjectStoreOptions& options) {
  const auto store = OpenObjectStore(options);
  EXPECT_THAT(store, IsOk());
  return store.ok() ? (*store)->description() : "";
}

TEST(OpenObjectStoreTest, DescribesTheBucketAndWhereItIs) {
  ObjectStoreOptions options = OfBucket();
  options.region = "eu-west-1";
  EXPECT_EQ(DescriptionOf(options),
            "s3://some-bucket/some/prefix at https://s3.eu-west-1.amazonaws.com");
  options.region = "cn-north-1";
  EXPECT_EQ(DescriptionOf(options),
            "s3://some-bucket/some/prefix at https://s3.cn-north-1.amazonaws.com.cn");
  options.url = "s3://some-bucket";
  options.endpoint = "https://S3.Example.org:443/";
  EXPECT_EQ(DescriptionOf(options), "s3://some-bucket at https://s3.example.org");
  options.path_style = true;
  options.endpoint = "http://[::1]:9000";
  EXPECT_EQ(DescriptionOf(options), "s3://some-bucket at http://[::1]:9000");
}

TEST(OpenObjectStoreTest, ChecksEveryOption) {
  struct Case {
    const char* name;
    std::function<void(ObjectStoreOptions*)> set;
    const char* says;
  };
  const Case cases[] = {
      {"short bucket", [](auto* o) { o->url = "s3://ab"; }, "url=\"s3://ab\": the bucket must be"},
      {"no bucket", [](auto* o) { o->url = "s3:///x"; }, "url=\"s3:///x\": the bucket must be"},
      {"dots over TLS", [](auto* o) { o->url = "s3://a.b.c"; }, "it needs path_style"},
      {"no host", [](auto* o) { o->url = "s3://Bucket_1"; }, "it needs path_style"},
      {"prefix", [](auto* o) { o->url = "s3://bucket/a//b"; }, "the prefix must be"},
      {"long prefix", [](auto* o) { o->url = "s3://bucket/" + std::string(401, 'a'); },
       "the prefix must be"},
      {"scheme", [](auto* o) { o->endpoint = "localhost:9000"; },
       "endpoint=\"localhost:9000\": it "},
      {"path", [](auto* o) { o->endpoint = "https://host/path"; }, "no path"},
      {"user", [](auto* o) { o->endpoint = "https://me@host"; }, "endpoint=\"https://me@host\""},
      {"port", [](auto* o) { o->endpoint = "https://host:99999"; }, "the port must be"},
      {"sign", [](auto* o) { o->endpoint = "https://host:+80"; }, "the port must be"},
      {"address", [](auto* o) { o->endpoint = "http://127.0.0.1"; }, "an address needs path_style"},
      {"region", [](auto* o) { o->region = "eu/west"; }, "region=\"eu/west\""},
      {"encryption", [](auto* o) { o->encryption = "rot13"; }, "encryption=\"rot13\""},
      {"key alone", [](auto* o) { o->kms_key = "k"; }, "kms_key=\"k\": it is for"},
      {"key of two lines",
       [](auto* o) {
         o->encryption = "aws:kms";
         o->kms_key = "a\nb";
       },
       "kms_key=\"a\\nb\""},
      {"no time", [](auto* o) { o->timeout = absl::ZeroDuration(); }, "timeout=\"0\""},
      {"forever", [](auto* o) { o->timeout = absl::InfiniteDuration(); }, "timeout=\"inf\""},
      {"credentials", [](auto* o) { o->credentials_file = "/missing"; }, "credentials_file=\"/mis"},
      {"authority", [](auto* o) { o->ca_file = "/missing"; }, "ca_file=\"/missing\""},
      {"S3 for a folder",
       [](auto* o) {
         o->url = "file:///folder";
         o->encryption = "AES256";
       },
       "encryption=\"AES256\": it is for s3:// alone"},
  };
  for (const Case& test : cases) {
    ObjectStoreOptions options = OfBucket();
    test.set(&options);
    EXPECT_THAT(OpenObjectStore(options),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(test.says)))
        << test.name;
  }
}

TEST(OpenObjectStoreTest, TheRegionComesFromTheEnvironmentWhereNoneIsGiven) {
  ObjectStoreOptions options = OfBucket();
  ASSERT_EQ(setenv("AWS_DEFAULT_REGION", "us-west-1", 1), 0);
  EXPECT_THAT(DescriptionOf(options), HasSubstr("us-west-1"));
  ASSERT_EQ(setenv("AWS_REGION", "us-west-2", 1), 0);
  EXPECT_THAT(DescriptionOf(options), HasSubstr("us-west-2"));
  ASSERT_EQ(setenv("AWS_REGION", "us west", 1), 0);
  EXPECT_THAT(OpenObjectStore(options),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("AWS_REGION=\"us west\"")));
  unsetenv("AWS_REGION");
  unsetenv("AWS_DEFAULT_REGION");
  EXPECT_THAT(DescriptionOf(options), HasSubstr("us-east-1"));
}

TEST(OpenObjectStoreTest, TellsWhatWouldCrossANetworkInClear) {
  const std::pair<const char*, bool> cases[] = {
      {"", false},
      {"https://store.example.org", false},
      {"http://store.example.org", true},
      {"http://10.0.0.1:9000", true},
      {"http://127.0.0.1:9000", false},
      {"http://localhost", false},
      {"http://[::1]:9000", false},
      {"http://127.0.0.1.example.org", true},
  };
  for (const auto& test : cases) {
    ObjectStoreOptions options = OfBucket();
    options.endpoint = test.first;
    EXPECT_EQ(IsSentInClear(options), test.second) << test.first;
  }
}

TEST(OpenObjectStoreTest, BoundsTheRequestsAtATime) {
  for (const int parallel : {0, -1, 257}) {
    ObjectStoreOptions options;
    options.url = "file:///mnt/shared";
    options.parallel = parallel;
    EXPECT_THAT(OpenObjectStore(options),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("parallel=\"")));
  }
}

}  // namespace
}  // namespace testselect
