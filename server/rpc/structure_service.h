// StructureService over gRPC.
#pragma once

#include "server/rpc/service_environment.h"
#include "server/rpc/unary_call.h"
#include "server/rpc/worker_pool.h"
#include "testselect/v1/structure.grpc.pb.h"

namespace testselect {

class StructureService final : public v1::StructureService::CallbackService {
 public:
  // `environment` must outlive the service.
  explicit StructureService(const ServiceEnvironment& environment);

  grpc::ServerUnaryReactor* GetGraph(grpc::CallbackServerContext* context,
                                     const v1::GetGraphRequest* request,
                                     v1::GetGraphResponse* response) override;
  grpc::ServerUnaryReactor* FindLabels(grpc::CallbackServerContext* context,
                                       const v1::FindLabelsRequest* request,
                                       v1::FindLabelsResponse* response) override;

  grpc::ServerUnaryReactor* GetSources(grpc::CallbackServerContext* context,
                                       const v1::GetSourcesRequest* request,
                                       v1::GetSourcesResponse* response) override;

  // Whether all work ended by `deadline`.
  bool WaitIdle(absl::Time deadline) { return pool_.WaitIdle(deadline); }

 private:
  const ServiceEnvironment& environment_;
  WorkerPool pool_;  // last: its threads use what is above
};

}  // namespace testselect
