// Running the server: health, tokens, roles, refusals, load, and its end.
#include <grpcpp/create_channel.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "server/ops/config.h"
#include "server/rpc/health_probe.h"
#include "server/wiring.h"
#include "tests/integration/service_fixture.h"

namespace testselect {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using OperationsTest = ServiceTest;

TEST_F(OperationsTest, HealthIsServingWhileItServes) {
  ServerConfig config;
  config.listen = server_->grpc_address();
  EXPECT_THAT(ProbeHealth(config, absl::Seconds(30)), IsOk());
  EXPECT_EQ(server_->Terminate().exit_status, 0);
  EXPECT_FALSE(ProbeHealth(config, absl::Seconds(30)).ok());
}

TEST_F(OperationsTest, SelectionsThatAreWrong) {
  v1::SelectTestsResponse answer;
  v1::SelectTestsRequest request = SelectRequest(project_.head());
  request.set_repository("elsewhere");
  EXPECT_THAT(calls_->Select(request, &answer),
              GrpcStatusIs(grpc::StatusCode::NOT_FOUND, HasSubstr("elsewhere")));
  request = SelectRequest(std::string(40, 'e'));
  EXPECT_THAT(calls_->Select(request, &answer),
              GrpcStatusIs(grpc::StatusCode::NOT_FOUND, HasSubstr(std::string(40, 'e'))));
  request = SelectRequest(project_.base());
  EXPECT_THAT(calls_->Select(request, &answer),
              GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT, HasSubstr("same commit")));
  request = SelectRequest("main");
  EXPECT_THAT(calls_->Select(request, &answer),
              GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT, HasSubstr("head")));
  request = SelectRequest(project_.head());
  request.mutable_requested()->set_digest(std::string(16, 'x'));
  EXPECT_THAT(calls_->Select(request, &answer),
              GrpcStatusIs(grpc::StatusCode::FAILED_PRECONDITION, HasSubstr("requested.digest")));
  request = SelectRequest(project_.head());
  request.set_base(std::string(40, 'e'));
  ASSERT_THAT(calls_->Select(request, &answer), IsGrpcOk());
  EXPECT_EQ(answer.fallback().code(), v1::FALLBACK_CODE_UNKNOWN_BASE);
}

TEST_F(OperationsTest, TwoHundredThousandLabels) {
  UploadBase(Reports());
  v1::SelectTestsRequest request = SelectRequest(project_.head());
  request.set_list_form(v1::LIST_FORM_BITS);
  std::string* packed = request.mutable_requested()->mutable_packed();
  for (int i = 0; i < 200'000; ++i) absl::StrAppend(packed, "tests/test_more.py::test_", i, "\n");
  absl::StrAppend(packed, SampleProject::kTestAdd);
  v1::SelectTestsResponse answer;
  ASSERT_THAT(calls_->Select(request, &answer), IsGrpcOk());
  EXPECT_EQ(answer.absent_labels().bits(), std::string(25'000, '\xff') + '\0');
  EXPECT_EQ(answer.present_diff_labels().bits(), std::string(25'000, '\0') + '\x01');
  EXPECT_EQ(answer.run_order().size(), 4u * 200'001);
}

TEST_F(OperationsTest, FiftyClientsAtOnce) {
  UploadBase(Reports());
  std::atomic<int> right{0};
  std::vector<std::thread> clients;
  for (int c = 0; c < 50; ++c) {
    clients.emplace_back([&, c] {
      const ServiceCalls calls = ServiceCalls::To(server_->grpc_address());
      if (c % 10 == 0) {
        const std::vector<TestReport> reports = Reports(c);
        v1::UploadHeader header = Header(project_.base(), reports);
        header.mutable_job()->set_name(absl::StrCat("job-", c));
        v1::UploadCoverageResponse stored;
        const grpc::Status status = calls.Upload(header, reports, &stored);
        EXPECT_THAT(status, IsGrpcOk());
        right += status.ok();
        return;
      }
      v1::SelectTestsRequest request = SelectRequest(project_.head());
      request.add_jobs()->set_name("unit");
      request.mutable_requested()->add_labels(SampleProject::kTestAdd);
      request.mutable_requested()->add_labels(absl::StrCat("tests/new.py::test_", c % 7));
      v1::SelectTestsResponse answer;
      const grpc::Status status = calls.Select(request, &answer);
      EXPECT_THAT(status, IsGrpcOk());
      right += answer.present_diff_labels().labels_size() == 1 &&
               answer.absent_labels().labels_size() == 1;
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(right, 50);
}

TEST_F(OperationsTest, CompressedRequestsAreRefusedBeforeTheyUnfold) {
  grpc::ChannelArguments arguments;
  arguments.SetCompressionAlgorithm(GRPC_COMPRESS_GZIP);
  const ServiceCalls calls(grpc::CreateCustomChannel(
      server_->grpc_address(), grpc::InsecureChannelCredentials(), arguments));
  v1::SelectTestsRequest request = SelectRequest(project_.head());
  request.mutable_requested()->set_packed(std::string(1 << 20, 'x'));
  v1::SelectTestsResponse answer;
  EXPECT_THAT(calls.Select(request, &answer),
              GrpcStatusIs(grpc::StatusCode::UNIMPLEMENTED, ::testing::_));
}

TEST_F(OperationsTest, TokensGuardWhatChangesTheIndex) {
  EXPECT_EQ(server_->Terminate().exit_status, 0);
  const std::string tokens = folder_.path() + "/tokens";
  std::ofstream(tokens) << "a-token-for-tests-0123\n";
  StartServer({"--token-file=" + tokens});
  const std::vector<TestReport> reports = Reports();
  const v1::UploadHeader header = Header(project_.base(), reports);
  v1::UploadCoverageResponse stored;
  for (const std::string token : {"", "another-token-0123456"}) {
    const ServiceCalls calls = ServiceCalls::To(server_->grpc_address(), token);
    EXPECT_THAT(calls.Upload(header, reports, &stored),
                GrpcStatusIs(grpc::StatusCode::UNAUTHENTICATED, HasSubstr("authorization")));
    v1::DeleteIndexRequest remove;
    v1::DeleteIndexResponse removed;
    EXPECT_THAT(calls.Delete(remove, &removed),
                GrpcStatusIs(grpc::StatusCode::UNAUTHENTICATED, HasSubstr("authorization")));
    v1::ApplyRetentionRequest retain;
    v1::ApplyRetentionResponse retained;
    EXPECT_THAT(calls.Retain(retain, &retained),
                GrpcStatusIs(grpc::StatusCode::UNAUTHENTICATED, HasSubstr("authorization")));
    v1::SealIndexRequest seal;
    v1::SealIndexResponse sealed;
    EXPECT_THAT(calls.Seal(seal, &sealed),
                GrpcStatusIs(grpc::StatusCode::UNAUTHENTICATED, HasSubstr("authorization")));
  }
  const ServiceCalls calls = ServiceCalls::To(server_->grpc_address(), "a-token-for-tests-0123");
  EXPECT_THAT(calls.Upload(header, reports, &stored), IsGrpcOk());
  v1::SelectTestsResponse answer;
  EXPECT_THAT(calls_->Select(SelectRequest(project_.head()), &answer), IsGrpcOk());
  EXPECT_THAT(server_->Terminate().log, ::testing::Not(HasSubstr("a-token-for-tests")));
}

TEST_F(OperationsTest, RolesServeTheirPart) {
  EXPECT_EQ(server_->Terminate().exit_status, 0);
  StartServer({"--role=frontend"});
  const std::vector<TestReport> reports = Reports();
  v1::UploadCoverageResponse stored;
  EXPECT_THAT(calls_->Upload(Header(project_.base(), reports), reports, &stored),
              GrpcStatusIs(grpc::StatusCode::UNIMPLEMENTED, ::testing::_));
  v1::SelectTestsResponse answer;
  EXPECT_THAT(calls_->Select(SelectRequest(project_.head()), &answer), IsGrpcOk());
  EXPECT_EQ(server_->Terminate().exit_status, 0);
  StartServer({"--role=indexer"});
  EXPECT_THAT(calls_->Upload(Header(project_.base(), reports), reports, &stored), IsGrpcOk());
  EXPECT_THAT(calls_->Select(SelectRequest(project_.head()), &answer),
              GrpcStatusIs(grpc::StatusCode::UNIMPLEMENTED, ::testing::_));
}

// An upload that was being sent when the server was told to end is finished, within the grace.
TEST_F(OperationsTest, WhatWasAcceptedIsFinishedAfterSigterm) {
  const std::vector<TestReport> reports = Reports();
  const auto context = calls_->NewContext();
  v1::UploadCoverageResponse stored;
  const auto writer = calls_->ingest()->UploadCoverage(context.get(), &stored);
  v1::UploadCoverageRequest message;
  *message.mutable_header() = Header(project_.base(), reports);
  ASSERT_TRUE(writer->Write(message));
  // The server has the header when it holds the upload.
  v1::GetUploadStatusResponse status;
  while (!calls_->UploadStatus(message.header(), &status).ok()) std::this_thread::yield();
  server_->Signal(SIGTERM);
  ServerConfig config;
  config.listen = server_->grpc_address();
  while (ProbeHealth(config, absl::Seconds(30)).ok()) std::this_thread::yield();
  v1::UploadCoverageRequest chunk;
  chunk.mutable_chunk()->set_data(reports[0].content);
  EXPECT_TRUE(writer->Write(chunk));
  v1::UploadCoverageRequest finish;
  finish.mutable_finish();
  EXPECT_TRUE(writer->Write(finish));
  writer->WritesDone();
  EXPECT_THAT(writer->Finish(), IsGrpcOk());
  EXPECT_EQ(server_->Wait().exit_status, 0);
  StartServer();
  EXPECT_EQ(calls_->IndexedCommits(), 1);
}

TEST_F(OperationsTest, TheGraceIsALimit) {
  EXPECT_EQ(server_->Terminate().exit_status, 0);
  StartServer({"--shutdown-grace=0s"});
  const auto context = calls_->NewContext();
  v1::UploadCoverageResponse stored;
  const auto writer = calls_->ingest()->UploadCoverage(context.get(), &stored);
  v1::UploadCoverageRequest message;
  *message.mutable_header() = Header(project_.base(), Reports());
  ASSERT_TRUE(writer->Write(message));
  v1::GetUploadStatusResponse status;
  while (!calls_->UploadStatus(message.header(), &status).ok()) std::this_thread::yield();
  const ProcessEnd end = server_->Terminate();
  EXPECT_EQ(end.exit_status, 0) << end.log;
  EXPECT_FALSE(writer->Finish().ok());
}

TEST_F(OperationsTest, OneServerForEachDataDir) {
  EXPECT_THAT(ServerProcess::Start(Flags()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("cannot start")));
}

TEST(StartTest, BadSettingsAreUsageErrors) {
  const std::string server = BuiltProgram("testselectd");
  ProcessEnd end = RunProgram({server, "--listen=0.0.0.0:0"});
  EXPECT_EQ(end.exit_status, 2);
  EXPECT_THAT(end.log,
              AllOf(HasSubstr("listen='0.0.0.0:0' is not on loopback"), HasSubstr("insecure")));
  end = RunProgram({server, "--log-level=loud"});
  EXPECT_EQ(end.exit_status, 2);
  EXPECT_THAT(end.log, HasSubstr("log-level='loud' (flag --log-level): expected one of"));
  end = RunProgram({server, "--help"});
  EXPECT_EQ(end.exit_status, 0);
  EXPECT_EQ(end.output, ConfigHelp());
}

TEST(StartTest, AnAddressInUseIsNamed) {
  TemporaryFolder folder;
  auto first = ServerProcess::Start({"--data-dir=" + folder.path() + "/a"});
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(ServerProcess::Start(
                  {"--data-dir=" + folder.path() + "/b", "--listen=" + (*first)->grpc_address()}),
              StatusIs(absl::StatusCode::kUnavailable,
                       HasSubstr("listen='" + (*first)->grpc_address() + "' cannot be bound")));
  EXPECT_THAT(ServerProcess::Start({"--data-dir=" + folder.path() + "/c",
                                    "--metrics-listen=" + (*first)->metrics_address()}),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("metrics-listen=")));
}

// The client's local mode: the same services in this process, without a port.
TEST(InProcessTest, UploadsAndSelects) {
  TemporaryFolder folder;
  const SampleProject project(folder.path());
  ServerConfig config;
  config.listen = "";
  config.metrics_listen = "";
  config.data_dir = folder.path() + "/data";
  config.repositories = {{"sample", project.path()}};
  config.log_level = "error";
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Server> server, Server::Start(config));
  EXPECT_EQ(server->grpc_address(), "");
  const ServiceCalls calls(server->InProcessChannel());
  const std::vector<TestReport> reports = {
      {.name = ".coverage", .content = project.Coverage(), .format = ""}};
  v1::UploadCoverageResponse stored;
  v1::UploadHeader header = HeaderFor(project.base(), reports);
  header.set_path_root(project.path());
  ASSERT_THAT(calls.Upload(header, reports, &stored), IsGrpcOk());
  v1::SelectTestsRequest request;
  request.set_repository("sample");
  request.set_base(project.base());
  request.set_head(project.head());
  v1::SelectTestsResponse answer;
  ASSERT_THAT(calls.Select(request, &answer), IsGrpcOk());
  EXPECT_THAT(answer.present_diff_labels().labels(), ElementsAre(SampleProject::kTestAdd));
  EXPECT_TRUE(server->Stop());
}

}  // namespace
}  // namespace testselect
