// Calls to the services, as a client makes them, for tests.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <memory>
#include <string>
#include <vector>

#include "testselect/v1/evaluation.grpc.pb.h"
#include "testselect/v1/index.grpc.pb.h"
#include "testselect/v1/ingest.grpc.pb.h"
#include "testselect/v1/selection.grpc.pb.h"
#include "testselect/v1/structure.grpc.pb.h"

namespace testselect {

// A report and what its header says of it.
struct TestReport {
  std::string name, content;
  std::string format;
  bool outcomes = false;
};

// The header of an upload of these reports, as repository "sample" and job "unit".
v1::UploadHeader HeaderFor(const std::string& commit, const std::vector<TestReport>& reports);

// Stubs of one server. Thread-safe.
class ServiceCalls {
 public:
  explicit ServiceCalls(std::shared_ptr<grpc::Channel> channel, std::string token = "");
  // Connects to HOST:PORT without TLS, over a connection of its own.
  static ServiceCalls To(const std::string& address, const std::string& token = "");

  // Sends all, in chunks of `chunk_bytes`.
  grpc::Status Upload(const v1::UploadHeader& header, const std::vector<TestReport>& reports,
                      v1::UploadCoverageResponse* response, size_t chunk_bytes = 1 << 20) const;
  // Header and chunks of all reports, continued at `offsets` if given, cut off after `max_bytes`;
  // then the stream ends as `end` says.
  enum class End { kFinish, kNoFinish, kCancel };
  grpc::Status UploadPart(const v1::UploadHeader& header, const std::vector<TestReport>& reports,
                          const std::vector<uint64_t>& offsets, size_t max_bytes, End end,
                          v1::UploadCoverageResponse* response) const;
  grpc::Status UploadStatus(const v1::UploadHeader& header,
                            v1::GetUploadStatusResponse* response) const;
  grpc::Status Seal(const v1::SealIndexRequest& request, v1::SealIndexResponse* response) const;

  grpc::Status Select(const v1::SelectTestsRequest& request,
                      v1::SelectTestsResponse* response) const;
  grpc::Status Explain(const v1::ExplainTestRequest& request,
                       v1::ExplainTestResponse* response) const;

  grpc::Status List(const v1::ListIndexedCommitsRequest& request,
                    v1::ListIndexedCommitsResponse* response) const;
  grpc::Status Get(const v1::GetIndexRequest& request, v1::GetIndexResponse* response) const;
  grpc::Status Delete(const v1::DeleteIndexRequest& request,
                      v1::DeleteIndexResponse* response) const;
  grpc::Status Retain(const v1::ApplyRetentionRequest& request,
                      v1::ApplyRetentionResponse* response) const;
  // How many commits of repository "sample" are indexed; -1 if the call fails.
  int IndexedCommits() const;

  // A context with the token and a deadline that only a hanging server reaches.
  std::unique_ptr<grpc::ClientContext> NewContext() const;
  v1::CoverageIngestService::Stub* ingest() const { return ingest_.get(); }
  v1::EvaluationService::Stub* evaluation() const { return evaluation_.get(); }
  v1::TestSelectionService::Stub* selection() const { return selection_.get(); }
  v1::StructureService::Stub* structure() const { return structure_.get(); }

 private:
  std::string token_;
  std::unique_ptr<v1::TestSelectionService::Stub> selection_;
  std::unique_ptr<v1::CoverageIngestService::Stub> ingest_;
  std::unique_ptr<v1::IndexService::Stub> index_;
  std::unique_ptr<v1::EvaluationService::Stub> evaluation_;
  std::unique_ptr<v1::StructureService::Stub> structure_;
};

// GET http://ADDRESS/PATH; the whole answer, headers included.
std::string HttpGet(const std::string& address, const std::string& path);

}  // namespace testselect
