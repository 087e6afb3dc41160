#include "storage/model/upload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace testselect {
namespace {

using ::testing::HasSubstr;

UploadHeader Good() {
  UploadHeader header;
  header.repository = "app";
  header.commit = *ObjectId::FromHex("commit", std::string(40, 'a'));
  header.job.name = "unit";
  return header;
}

TEST(JobKeyTest, TextFormRoundTrips) {
  const JobKey job{"unit tests", {{"python", "3.12"}, {"os", "linux"}}};
  EXPECT_EQ(job.ToString(), "unit tests;os=linux;python=3.12");
  EXPECT_EQ(*JobKey::FromString(job.ToString()), job);
  EXPECT_FALSE(JobKey::FromString("unit;os").ok());
  EXPECT_FALSE(JobKey::FromString("").ok());
}

TEST(UploadHeaderTest, RefusesEachBadFieldByName) {
  EXPECT_TRUE(Good().Validate().ok());
  struct Case {
    const char* want;
    void (*spoil)(UploadHeader&);
  };
  const Case cases[] = {
      {"repository: '' must have 1 to 200 bytes", [](UploadHeader& h) { h.repository.clear(); }},
      {"commit: must be given", [](UploadHeader& h) { h.commit = ObjectId(); }},
      {"job.name: 'a;b' must not contain", [](UploadHeader& h) { h.job.name = "a;b"; }},
      {"job.flavor.os: '' must have", [](UploadHeader& h) { h.job.flavor["os"] = ""; }},
      {"shard_index: 4 must be 0 to 3", [](UploadHeader& h) { h.shard_index = h.shard_count = 4; }},
      {"shard_count: 0 must be 1 to 10000", [](UploadHeader& h) { h.shard_count = 0; }},
      {"attempt: 0 must be 1 to 10000", [](UploadHeader& h) { h.attempt = 0; }},
      {"environment_digest: has 201 bytes",
       [](UploadHeader& h) { h.environment_digest.assign(201, 'x'); }},
  };
  for (const Case& c : cases) {
    UploadHeader header = Good();
    c.spoil(header);
    EXPECT_THAT(header.Validate().message(), HasSubstr(c.want));
    EXPECT_EQ(header.Validate().code(), absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace testselect
