// A server with the sample project, for tests that need no more than that.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/sample_project.h"
#include "tests/integration/server_process.h"
#include "tests/integration/service_calls.h"
#include "tests/support/status_matchers.h"

namespace testselect {

// A gRPC status, compared by code and message.
MATCHER_P2(GrpcStatusIs, code, message, "") {
  *result_listener << "which is " << arg.error_code() << ": " << arg.error_message() << " ";
  return arg.error_code() == code &&
         ::testing::ExplainMatchResult(message, arg.error_message(), result_listener);
}
MATCHER(IsGrpcOk, "") {
  *result_listener << "which is " << arg.error_code() << ": " << arg.error_message();
  return arg.ok();
}

class ServiceTest : public ::testing::Test {
 protected:
  void SetUp() override { StartServer(); }

  std::vector<std::string> Flags() const {
    return {"--data-dir=" + folder_.path() + "/data", "--repository=sample=" + project_.path(),
            "--log-level=debug"};
  }
  // (Re)starts the server on the same data.
  void StartServer(const std::vector<std::string>& more = {}) {
    std::vector<std::string> flags = Flags();
    flags.insert(flags.end(), more.begin(), more.end());
    auto started = ServerProcess::Start(flags);
    ASSERT_THAT(started, IsOk());
    server_ = *std::move(started);
    calls_ = std::make_unique<ServiceCalls>(ServiceCalls::To(server_->grpc_address()));
  }

  std::vector<TestReport> Reports(int extra_labels = 0) const {
    return {{.name = ".coverage", .content = project_.Coverage(extra_labels), .format = ""}};
  }
  v1::UploadHeader Header(const std::string& commit, const std::vector<TestReport>& reports) const {
    v1::UploadHeader header = HeaderFor(commit, reports);
    header.set_path_root(project_.path());
    return header;
  }
  // Uploads the reports at base; the answer must be OK.
  v1::UploadCoverageResponse UploadBase(const std::vector<TestReport>& reports) const {
    v1::UploadCoverageResponse response;
    EXPECT_THAT(calls_->Upload(Header(project_.base(), reports), reports, &response), IsGrpcOk());
    return response;
  }
  v1::SelectTestsRequest SelectRequest(const std::string& head) const {
    v1::SelectTestsRequest request;
    request.set_repository("sample");
    request.set_base(project_.base());
    request.set_head(head);
    return request;
  }

  TemporaryFolder folder_;
  SampleProject project_{folder_.path()};
  std::unique_ptr<ServerProcess> server_;
  std::unique_ptr<ServiceCalls> calls_;
};

}  // namespace testselect
