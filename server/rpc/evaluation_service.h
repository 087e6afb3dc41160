// EvaluationService over gRPC.
#pragma once

#include <functional>

#include "server/rpc/service_environment.h"
#include "server/rpc/unary_call.h"
#include "server/rpc/worker_pool.h"
#include "storage/model/mutex.h"
#include "testselect/v1/evaluation.grpc.pb.h"

namespace testselect {

class EvaluationService final : public v1::EvaluationService::CallbackService {
 public:
  // `environment` must outlive the service.
  explicit EvaluationService(const ServiceEnvironment& environment);

  grpc::ServerUnaryReactor* ReportOutcomes(grpc::CallbackServerContext* context,
                                           const v1::ReportOutcomesRequest* request,
                                           v1::ReportOutcomesResponse* response) override;
  grpc::ServerUnaryReactor* EvaluateSelection(grpc::CallbackServerContext* context,
                                              const v1::EvaluateSelectionRequest* request,
                                              v1::EvaluateSelectionResponse* response) override;
  grpc::ServerUnaryReactor* GetStats(grpc::CallbackServerContext* context,
                                     const v1::GetStatsRequest* request,
                                     v1::GetStatsResponse* response) override;
  grpc::ServerUnaryReactor* ListDecisions(grpc::CallbackServerContext* context,
                                          const v1::ListDecisionsRequest* request,
                                          v1::ListDecisionsResponse* response) override;
  grpc::ServerUnaryReactor* ReplayDecision(grpc::CallbackServerContext* context,
                                           const v1::ReplayDecisionRequest* request,
                                           v1::ReplayDecisionResponse* response) override;
  grpc::ServerUnaryReactor* ListConfirmedMisses(grpc::CallbackServerContext* context,
                                                const v1::ListConfirmedMissesRequest* request,
                                                v1::ListConfirmedMissesResponse* response) override;
  grpc::ServerUnaryReactor* ForgetConfirmedMisses(
      grpc::CallbackServerContext* context, const v1::ForgetConfirmedMissesRequest* request,
      v1::ForgetConfirmedMissesResponse* response) override;

  // Whether all work ended by `deadline`.
  bool WaitIdle(absl::Time deadline) { return pool_.WaitIdle(deadline); }

 private:
  // Runs `work` once the repository is known and what was decided before is recorded.
  grpc::ServerUnaryReactor* Run(grpc::CallbackServerContext* context, const UnaryMethod& method,
                                const std::string& repository, std::function<absl::Status()> work);
  absl::Status Report(const v1::ReportOutcomesRequest& request,
                      v1::ReportOutcomesResponse* response);
  absl::Status Evaluate(const v1::EvaluateSelectionRequest& request,
                        v1::EvaluateSelectionResponse* response);
  absl::Status EvaluateGiven(const v1::EvaluateSelectionRequest& request,
                             v1::EvaluateSelectionResponse* response);
  absl::Status Stats(const v1::GetStatsRequest& request, v1::GetStatsResponse* response) const;
  absl::Status List(const v1::ListDecisionsRequest& request,
                    v1::ListDecisionsResponse* response) const;
  absl::Status Replay(const v1::ReplayDecisionRequest& request, absl::Time deadline,
                      v1::ReplayDecisionResponse* response) const;
  absl::Status ListMisses(const v1::ListConfirmedMissesRequest& request,
                          v1::ListConfirmedMissesResponse* response) const;
  absl::Status ForgetMisses(const v1::ForgetConfirmedMissesRequest& request,
                            v1::ForgetConfirmedMissesResponse* response);

  const ServiceEnvironment& environment_;
  WorkerPool pool_;  // last: its threads use what is above
};

}  // namespace testselect
