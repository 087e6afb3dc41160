// IndexService over gRPC.
#pragma once

#include "server/rpc/service_environment.h"
#include "server/rpc/unary_call.h"
#include "server/rpc/worker_pool.h"
#include "testselect/v1/index.grpc.pb.h"

namespace testselect {

class IndexService final : public v1::IndexService::CallbackService {
 public:
  // `environment` must outlive the service.
  explicit IndexService(const ServiceEnvironment& environment);

  grpc::ServerUnaryReactor* ListIndexedCommits(grpc::CallbackServerContext* context,
                                               const v1::ListIndexedCommitsRequest* request,
                                               v1::ListIndexedCommitsResponse* response) override;
  grpc::ServerUnaryReactor* GetIndex(grpc::CallbackServerContext* context,
                                     const v1::GetIndexRequest* request,
                                     v1::GetIndexResponse* response) override;
  grpc::ServerUnaryReactor* ExportIndex(grpc::CallbackServerContext* context,
                                        const v1::ExportIndexRequest* request,
                                        v1::ExportIndexResponse* response) override;
  grpc::ServerUnaryReactor* DeleteIndex(grpc::CallbackServerContext* context,
                                        const v1::DeleteIndexRequest* request,
                                        v1::DeleteIndexResponse* response) override;
  grpc::ServerUnaryReactor* ApplyRetention(grpc::CallbackServerContext* context,
                                           const v1::ApplyRetentionRequest* request,
                                           v1::ApplyRetentionResponse* response) override;

  // Whether all work ended by `deadline`.
  bool WaitIdle(absl::Time deadline) { return pool_.WaitIdle(deadline); }

 private:
  absl::Status CheckHeard(const std::string& repository) const;
  absl::Status List(const v1::ListIndexedCommitsRequest& request,
                    v1::ListIndexedCommitsResponse* response) const;
  absl::Status Get(const v1::GetIndexRequest& request, const std::function<bool()>& cancelled,
                   v1::GetIndexResponse* response) const;
  absl::Status Delete(const v1::DeleteIndexRequest& request, v1::DeleteIndexResponse* response);
  absl::Status Retain(const v1::ApplyRetentionRequest& request,
                      const std::function<bool()>& cancelled, v1::ApplyRetentionResponse* response);

  const ServiceEnvironment& environment_;
  WorkerPool pool_;
};

}  // namespace testselect
