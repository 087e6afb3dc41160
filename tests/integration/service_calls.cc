#include "tests/integration/service_calls.h"

#include <arpa/inet.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "storage/model/digest.h"

namespace testselect {
namespace {

using UploadWriter = grpc::ClientWriter<v1::UploadCoverageRequest>;

// Sends the reports' bytes from `offsets` on, at most `max_bytes`. False if the stream is over.
bool SendChunks(UploadWriter* writer, const std::vector<TestReport>& reports,
                const std::vector<uint64_t>& offsets, size_t max_bytes, size_t chunk_bytes) {
  for (uint32_t i = 0; i < reports.size(); ++i) {
    const std::string& content = reports[i].content;
    size_t at = i < offsets.size() ? offsets[i] : 0;
    while (at < content.size() && max_bytes > 0) {
      const size_t count = std::min({chunk_bytes, content.size() - at, max_bytes});
      v1::UploadCoverageRequest message;
      v1::UploadChunk* chunk = message.mutable_chunk();
      chunk->set_report(i);
      chunk->set_offset(at);
      chunk->set_data(content.substr(at, count));
      if (!writer->Write(message)) return false;
      at += count;
      max_bytes -= count;
    }
  }
  return true;
}

}  // namespace

v1::UploadHeader HeaderFor(const std::string& commit, const std::vector<TestReport>& reports) {
  v1::UploadHeader header;
  header.set_repository("sample");
  header.set_commit(commit);
  header.mutable_job()->set_name("unit");
  for (const TestReport& report : reports) {
    v1::ReportHeader* out = header.add_reports();
    out->set_name(report.name);
    out->set_format(report.format);
    out->set_outcomes(report.outcomes);
    out->set_size(report.content.size());
    const Digest digest = Digest::Of(report.content);
    out->set_digest(digest.bytes().data(), digest.bytes().size());
  }
  return header;
}

ServiceCalls::ServiceCalls(std::shared_ptr<grpc::Channel> channel, std::string token)
    : token_(std::move(token)),
      selection_(v1::TestSelectionService::NewStub(channel)),
      ingest_(v1::CoverageIngestService::NewStub(channel)),
      index_(v1::IndexService::NewStub(channel)),
      evaluation_(v1::EvaluationService::NewStub(channel)),
      structure_(v1::StructureService::NewStub(channel)) {}

ServiceCalls ServiceCalls::To(const std::string& address, const std::string& token) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  auto channel = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  // Of fifty connections at once, gRPC may fail one for a moment; calls would fail with it. What
  // still cannot be reached is the calls' to say.
  channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(5));
  return ServiceCalls(std::move(channel), token);
}

std::unique_ptr<grpc::ClientContext> ServiceCalls::NewContext() const {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(3));
  if (!token_.empty()) context->AddMetadata("authorization", "Bearer " + token_);
  return context;
}

grpc::Status ServiceCalls::Upload(const v1::UploadHeader& header,
                                  const std::vector<TestReport>& reports,
                                  v1::UploadCoverageResponse* response, size_t chunk_bytes) const {
  const auto context = NewContext();
  const auto writer = ingest_->UploadCoverage(context.get(), response);
  v1::UploadCoverageRequest message;
  *message.mutable_header() = header;
  v1::UploadCoverageRequest finish;
  finish.mutable_finish();
  // A write fails where the server has answered already; Finish tells what.
  if (writer->Write(message) && SendChunks(writer.get(), reports, {}, SIZE_MAX, chunk_bytes) &&
      writer->Write(finish)) {
    writer->WritesDone();
  }
  return writer->Finish();
}

grpc::Status ServiceCalls::UploadPart(const v1::UploadHeader& header,
                                      const std::vector<TestReport>& reports,
                                      const std::vector<uint64_t>& offsets, size_t max_bytes,
                                      End end, v1::UploadCoverageResponse* response) const {
  const auto context = NewContext();
  const auto writer = ingest_->UploadCoverage(context.get(), response);
  v1::UploadCoverageRequest message;
  *message.mutable_header() = header;
  const bool sent =
      writer->Write(message) && SendChunks(writer.get(), reports, offsets, max_bytes, 1 << 16);
  v1::UploadCoverageRequest finish;
  finish.mutable_finish();
  if (sent && end == End::kFinish) writer->Write(finish);
  if (end == End::kCancel) context->TryCancel();
  if (sent) writer->WritesDone();
  return writer->Finish();
}

grpc::Status ServiceCalls::UploadStatus(const v1::UploadHeader& header,
                                        v1::GetUploadStatusResponse* response) const {
  v1::GetUploadStatusRequest request;
  *request.mutable_header() = header;
  return ingest_->GetUploadStatus(NewContext().get(), request, response);
}

grpc::Status ServiceCalls::Seal(const v1::SealIndexRequest& request,
                                v1::SealIndexResponse* response) const {
  return ingest_->SealIndex(NewContext().get(), request, response);
}

grpc::Status ServiceCalls::Select(const v1::SelectTestsRequest& request,
                                  v1::SelectTestsResponse* response) const {
  return selection_->SelectTests(NewContext().get(), request, response);
}

grpc::Status ServiceCalls::Explain(const v1::ExplainTestRequest& request,
                                   v1::ExplainTestResponse* response) const {
  return selection_->ExplainTest(NewContext().get(), request, response);
}

grpc::Status ServiceCalls::List(const v1::ListIndexedCommitsRequest& request,
                                v1::ListIndexedCommitsResponse* response) const {
  return index_->ListIndexedCommits(NewContext().get(), request, response);
}

grpc::Status ServiceCalls::Get(const v1::GetIndexRequest& request,
                               v1::GetIndexResponse* response) const {
  return index_->GetIndex(NewContext().get(), request, response);
}

grpc::Status ServiceCalls::Delete(const v1::DeleteIndexRequest& request,
                                  v1::DeleteIndexResponse* response) const {
  return index_->DeleteIndex(NewContext().get(), request, response);
}

grpc::Status ServiceCalls::Retain(const v1::ApplyRetentionRequest& request,
                                  v1::ApplyRetentionResponse* response) const {
  return index_->ApplyRetention(NewContext().get(), request, response);
}

int ServiceCalls::IndexedCommits() const {
  v1::ListIndexedCommitsRequest request;
  request.set_repository("sample");
  v1::ListIndexedCommitsResponse response;
  return List(request, &response).ok() ? response.commits_size() : -1;
}

std::string HttpGet(const std::string& address, const std::string& path) {
  const std::vector<std::string> parts = absl::StrSplit(address, ':');
  int port = 0;
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[1], &port)) return "no address";
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(port));
  ::inet_pton(AF_INET, parts[0].c_str(), &to.sin_addr);
  std::string answer;
  const std::string request = absl::StrCat("GET ", path, " HTTP/1.0\r\n\r\n");
  if (::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0 &&
      ::write(fd, request.data(), request.size()) == static_cast<ssize_t>(request.size())) {
    char buffer[65536];
    for (ssize_t n; (n = ::read(fd, buffer, sizeof buffer)) > 0;) {
      answer.append(buffer, static_cast<size_t>(n));
    }
  }
  ::close(fd);
  return answer;
}

}  // namespace testselect
