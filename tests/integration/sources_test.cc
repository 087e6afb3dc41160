// GetSources: cut sources for machines that begin.
#include "absl/strings/str_cat.h"
#include "tests/integration/service_fixture.h"

namespace testselect {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SourcesTest : public ServiceTest {
 protected:
  grpc::Status Get(const v1::GetSourcesRequest& request) {
    return calls_->structure()->GetSources(calls_->NewContext().get(), request, &answer_);
  }
  void ExpectRefused(const v1::GetSourcesRequest& request, const std::string& message) {
    EXPECT_THAT(Get(request), GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT, HasSubstr(message)));
  }
  const std::string unknown_ = absl::StrCat("python.py.1.1:", std::string(20, 'x'));
  v1::GetSourcesResponse answer_;
};

TEST_F(SourcesTest, WhatIsNotKeptIsMissingInTheAnswer) {
  v1::GetSourcesRequest request;
  request.add_keys(unknown_);
  EXPECT_THAT(Get(request), IsGrpcOk());
  EXPECT_THAT(answer_.sources(), IsEmpty());
  EXPECT_EQ(answer_.answered(), 1u);
}

TEST_F(SourcesTest, BadRequestsNameTheFieldAndItsValue) {
  ExpectRefused({}, "keys='0 keys'");
  v1::GetSourcesRequest request;
  request.add_keys(unknown_);
  // Other values that can be made again are nobody's business.
  request.add_keys("content:0123456789abcdef0123456789abcdef");
  ExpectRefused(request, "keys[1]='content:0123456789abcdef0123456789abcdef'");
  request.set_keys(1, std::string(600, 'x'));
  ExpectRefused(request, "keys[1]='600 bytes'");
  request.clear_keys();
  for (int i = 0; i < 50'001; ++i) request.add_keys(unknown_);
  ExpectRefused(request, "keys='50001 keys'");
  request.clear_keys();
  request.add_keys(unknown_);
  request.set_repository("nobody's");
  EXPECT_THAT(Get(request), GrpcStatusIs(grpc::StatusCode::NOT_FOUND, HasSubstr("nobody's")));
}

}  // namespace
}  // namespace testselect
