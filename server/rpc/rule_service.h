// RuleService over gRPC.
#pragma once

#include <memory>
#include <string>

#include "server/rpc/service_environment.h"
#include "server/rpc/unary_call.h"
#include "server/rpc/worker_pool.h"
#include "server/selection/rule_cache.h"
#include "server/selection/suite_selection.h"
#include "testselect/v1/rules.grpc.pb.h"

namespace testselect {

class RuleService final : public v1::RuleService::CallbackService {
 public:
  // `environment` must outlive the service.
  explicit RuleService(const ServiceEnvironment& environment);

  grpc::ServerUnaryReactor* SelectSuites(grpc::CallbackServerContext* context,
                                         const v1::SelectSuitesRequest* request,
                                         v1::SelectSuitesResponse* response) override;
  grpc::ServerUnaryReactor* DescribeSuites(grpc::CallbackServerContext* context,
                                           const v1::DescribeSuitesRequest* request,
                                           v1::DescribeSuitesResponse* response) override;
  grpc::ServerUnaryReactor* GetRules(grpc::CallbackServerContext* context,
                                     const v1::GetRulesRequest* request,
                                     v1::GetRulesResponse* response) override;
  grpc::ServerUnaryReactor* CheckRules(grpc::CallbackServerContext* context,
                                       const v1::CheckRulesRequest* request,
                                       v1::CheckRulesResponse* response) override;

  // Whether all work ended by `deadline`.
  bool WaitIdle(absl::Time deadline) { return pool_.WaitIdle(deadline); }

 private:
  // A repository at one of its commits.
  struct Place {
    std::shared_ptr<GitRepository> git;
    CommitInfo head;
  };
  absl::StatusOr<Place> FindPlace(const std::string& repository, const std::string& head,
                                  absl::Time deadline);
  absl::StatusOr<CommitInfo> FindCommit(absl::string_view field, const std::string& repository,
                                        const std::string& hex, const GitRepository& git,
                                        absl::Time deadline);
  absl::StatusOr<SuiteAnswer> Choose(const v1::SelectSuitesRequest& request, absl::Time deadline);
  absl::Status Describe(const v1::DescribeSuitesRequest& request, absl::Time deadline,
                        v1::DescribeSuitesResponse* response);
  absl::Status List(const v1::GetRulesRequest& request, absl::Time deadline,
                    v1::GetRulesResponse* response);
  absl::Status Check(const v1::CheckRulesRequest& request, absl::Time deadline,
                     v1::CheckRulesResponse* response);

  const ServiceEnvironment& environment_;
  RuleCache rules_;
  WorkerPool pool_;  // last: its threads use what is above
};

}  // namespace testselect
