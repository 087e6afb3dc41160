#include "server/rpc/ingest_service.h"

#include "server/rpc/index_retention.h"
#include "server/rpc/proto_conversion.h"
#include "server/rpc/upload_reactor.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr size_t kSpoolThreads = 4;

}  // namespace

IngestService::IngestService(const ServiceEnvironment& environment, UploadSpool* spool)
    : environment_(environment),
      spool_(spool),
      processor_(environment),
      ingest_pool_(environment.config->ingest_workers, environment.config->max_concurrent_uploads,
                   environment.metrics->rpc.ingest_waiting),
      // A stream has one message in work; unary calls share the pool.
      spool_pool_(kSpoolThreads, 2 * environment.config->max_concurrent_uploads + 1024,
                  environment.metrics->rpc.spool_waiting) {}

grpc::ServerReadReactor<v1::UploadCoverageRequest>* IngestService::UploadCoverage(
    grpc::CallbackServerContext* context, v1::UploadCoverageResponse* response) {
  return new UploadReactor(this, context, response);
}

grpc::ServerUnaryReactor* IngestService::GetUploadStatus(grpc::CallbackServerContext* context,
                                                         const v1::GetUploadStatusRequest* request,
                                                         v1::GetUploadStatusResponse* response) {
  return RunUnary(context, environment_,
                  {"GetUploadStatus", &environment_.metrics->rpc.get_upload_status, &spool_pool_,
                   /*needs_token=*/true},
                  [this, request, response] { return Status(*request, response); });
}

grpc::ServerUnaryReactor* IngestService::SealIndex(grpc::CallbackServerContext* context,
                                                   const v1::SealIndexRequest* request,
                                                   v1::SealIndexResponse* response) {
  return RunUnary(context, environment_,
                  {"SealIndex", &environment_.metrics->rpc.seal_index, &spool_pool_,
                   /*needs_token=*/true},
                  [this, request, response] { return Seal(*request, response); });
}

absl::Status IngestService::Status(const v1::GetUploadStatusRequest& request,
                                   v1::GetUploadStatusResponse* response) const {
  TS_ASSIGN_OR_RETURN(const UploadSpec spec,
                      UploadFromProto(request.header(), environment_.config->max_report_bytes));
  response->set_upload_id(spec.id);
  TS_ASSIGN_OR_RETURN(std::optional<v1::UploadCoverageResponse> finished,
                      processor_.FindFinished(spec));
  if (finished.has_value()) {
    response->set_finished(true);
    *response->mutable_result() = *std::move(finished);
    for (const ReportSpec& report : spec.reports) response->add_received(report.size);
    return absl::OkStatus();
  }
  TS_ASSIGN_OR_RETURN(const std::vector<uint64_t> received, spool_->Received(spec));
  response->mutable_received()->Assign(received.begin(), received.end());
  return absl::OkStatus();
}

absl::Status IngestService::Seal(const v1::SealIndexRequest& request,
                                 v1::SealIndexResponse* response) {
  TS_ASSIGN_OR_RETURN(const std::string repository,
                      RepositoryFromProto("repository", request.repository()));
  TS_ASSIGN_OR_RETURN(const ObjectId commit, CommitFromProto("commit", request.commit()));
  TS_ASSIGN_OR_RETURN(const JobKey job, JobFromProto("job", request.job()));
  TS_ASSIGN_OR_RETURN(
      const std::vector<SegmentInfo> sealed,
      SealShards(environment_, repository, commit, job, request.include_quarantined()));
  for (const SegmentInfo& info : sealed) response->add_segment_ids(info.id.ToHex());
  return absl::OkStatus();
}

}  // namespace testselect
