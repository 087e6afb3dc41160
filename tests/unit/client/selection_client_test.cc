#include "client/selection_client.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/model/digest.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/client/service_fixture.h"
#include "testselect/v1/selection.grpc.pb.h"

namespace testselect::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Knows a list once it was sent; fails as often as it is told to before that.
class FakeSelection final : public v1::TestSelectionService::Service {
 public:
  grpc::Status SelectTests(grpc::ServerContext*, const v1::SelectTestsRequest* request,
                           v1::SelectTestsResponse* response) override {
    forms.push_back(!request->requested().digest().empty()   ? "digest"
                    : !request->requested().packed().empty() ? "packed"
                                                             : "none");
    if (failures > 0) {
      --failures;
      return {grpc::StatusCode::UNAVAILABLE, "starting"};
    }
    if (!refusal.ok()) return refusal;
    if (forms.back() == "packed") {
      known_ = std::string(Digest::Of(request->requested().packed()).bytes());
    } else if (forms.back() == "digest" && request->requested().digest() != known_) {
      return {grpc::StatusCode::FAILED_PRECONDITION, "unknown digest"};
    }
    response->set_selection_id("s");
    if (forms.back() == "none") response->set_all_labels_packed("a\nb\n");
    response->mutable_present_report_labels()->set_bits("\x03");
    return grpc::Status::OK;
  }

  std::vector<std::string> forms;
  int failures = 0;
  grpc::Status refusal;

 private:
  std::string known_;
};

class SelectionClientTest : public ServiceFixture {
 protected:
  absl::StatusOr<SelectionAnswer> Ask(const std::optional<RequestedLabels>& labels,
                                      absl::Duration wait = absl::Seconds(60)) {
    v1::SelectTestsRequest request;
    request.set_base("b");
    request.set_head("h");
    return Select(connection(), request, labels, absl::Now() + wait);
  }
  static std::optional<RequestedLabels> Labels(int count) {
    std::string packed;
    for (int i = 0; i < count; ++i) packed += std::to_string(i) + "\n";
    return RequestedLabels::FromPacked(packed);
  }
  FakeSelection service_;
};

TEST_F(SelectionClientTest, ALargeListGoesByDigestAndOnceInFull) {
  Serve(&service_);
  EXPECT_THAT(Ask(Labels(1001)), IsOk());
  EXPECT_THAT(Ask(Labels(1001)), IsOk());
  EXPECT_THAT(service_.forms, ElementsAre("digest", "packed", "digest"));
}

TEST_F(SelectionClientTest, ASmallListIsSent) {
  Serve(&service_);
  ASSERT_OK_AND_ASSIGN(const SelectionAnswer answer, Ask(Labels(1000)));
  EXPECT_THAT(service_.forms, ElementsAre("packed"));
  EXPECT_EQ(answer.base, "b");
  EXPECT_EQ(answer.head, "h");
  // The fake puts all but two labels nowhere: they run.
  EXPECT_EQ(answer.run.size(), 998u);
  EXPECT_THAT(answer.skip, ElementsAre(0, 1));
}

TEST_F(SelectionClientTest, NoListAsksForAllAndAnEmptyOneForNothing) {
  Serve(&service_);
  ASSERT_OK_AND_ASSIGN(const SelectionAnswer all, Ask(std::nullopt));
  EXPECT_EQ(all.labels.size(), 2u);
  ASSERT_OK_AND_ASSIGN(const SelectionAnswer none, Ask(Labels(0)));
  EXPECT_EQ(none.labels.size(), 0u);
  EXPECT_EQ(none.run.size() + none.skip.size(), 0u);
  EXPECT_EQ(none.selection_id, "s");
}

TEST_F(SelectionClientTest, RetriesWhileTheServiceStarts) {
  service_.failures = 2;
  Serve(&service_);
  EXPECT_THAT(Ask(Labels(2)), IsOk());
  EXPECT_EQ(service_.forms.size(), 3u);
}

TEST_F(SelectionClientTest, AMistakeOfTheCallersIsNotRetried) {
  service_.refusal = {grpc::StatusCode::INVALID_ARGUMENT, "base: not 40 digits"};
  Serve(&service_);
  EXPECT_THAT(Ask(Labels(1)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("base: not 40 digits")));
  EXPECT_EQ(service_.forms.size(), 1u);
}

TEST_F(SelectionClientTest, ADeadlineThatPassedIsSaid) {
  Serve(&service_);
  EXPECT_THAT(Ask(Labels(1), -absl::Seconds(1)), StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST(SelectionClientWithoutServerTest, NobodyListens) {
  // Port 1 of loopback: reserved, and nothing serves there.
  ASSERT_OK_AND_ASSIGN(const auto connection, ConnectRemote({.server = "127.0.0.1:1"}));
  const auto answer =
      Select(*connection, {}, RequestedLabels(), absl::Now() + absl::Milliseconds(300));
  EXPECT_THAT(answer.status().code(), ::testing::AnyOf(absl::StatusCode::kUnavailable,
                                                       absl::StatusCode::kDeadlineExceeded));
}

}  // namespace
}  // namespace testselect::client
