// CoverageIngestService over gRPC.
#pragma once

#include <atomic>

#include "server/rpc/service_environment.h"
#include "server/rpc/unary_call.h"
#include "server/rpc/upload_processor.h"
#include "server/rpc/upload_spool.h"
#include "server/rpc/worker_pool.h"
#include "testselect/v1/ingest.grpc.pb.h"

namespace testselect {

class IngestService final : public v1::CoverageIngestService::CallbackService {
 public:
  // Both must outlive the service.
  IngestService(const ServiceEnvironment& environment, UploadSpool* spool);

  grpc::ServerReadReactor<v1::UploadCoverageRequest>* UploadCoverage(
      grpc::CallbackServerContext* context, v1::UploadCoverageResponse* response) override;
  grpc::ServerUnaryReactor* GetUploadStatus(grpc::CallbackServerContext* context,
                                            const v1::GetUploadStatusRequest* request,
                                            v1::GetUploadStatusResponse* response) override;
  grpc::ServerUnaryReactor* SealIndex(grpc::CallbackServerContext* context,
                                      const v1::SealIndexRequest* request,
                                      v1::SealIndexResponse* response) override;

  // Whether all work ended by `deadline`.
  bool WaitIdle(absl::Time deadline) {
    return spool_pool_.WaitIdle(deadline) && ingest_pool_.WaitIdle(deadline);
  }

 private:
  friend class UploadReactor;
  absl::Status Status(const v1::GetUploadStatusRequest& request,
                      v1::GetUploadStatusResponse* response) const;
  absl::Status Seal(const v1::SealIndexRequest& request, v1::SealIndexResponse* response);

  const ServiceEnvironment& environment_;
  UploadSpool* const spool_;
  const UploadProcessor processor_;
  std::atomic<uint64_t> uploads_{0};  // streams that have not ended
  WorkerPool ingest_pool_;            // parses and stores
  WorkerPool spool_pool_;             // takes messages off streams, and feeds ingest_pool_
};

}  // namespace testselect
