// RpcServer: the services behind a gRPC server.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/server.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/rpc/evaluation_service.h"
#include "server/rpc/index_service.h"
#include "server/rpc/ingest_service.h"
#include "server/rpc/rule_service.h"
#include "server/rpc/selection_service.h"
#include "server/rpc/service_environment.h"
#include "server/rpc/structure_service.h"

namespace testselect {

// Thread-safe but for Stop.
class RpcServer {
 public:
  // Serves what the role of `environment.config` asks for, on its listen address (none if it is
  // empty), with health and, if configured, reflection. `spool` may be nullptr for a front end.
  // kUnavailable if the address cannot be bound, kInvalidArgument or kNotFound for TLS files that
  // cannot be used. `environment` and `spool` must outlive the server.
  static absl::StatusOr<std::unique_ptr<RpcServer>> Start(const ServiceEnvironment& environment,
                                                          UploadSpool* spool);
  ~RpcServer();

  // HOST:PORT as it was bound; empty without a listen address.
  const std::string& address() const { return address_; }

  // A channel to this server inside the process.
  std::shared_ptr<grpc::Channel> InProcessChannel();

  // What grpc.health.v1 answers, for the server and each service.
  void SetServing(bool serving);

  // Answers NOT_SERVING, takes no new calls, lets those it has finish for `grace`, then cancels
  // them. True if no work is left. Call once.
  bool Stop(absl::Duration grace);

 private:
  explicit RpcServer(const ServiceEnvironment& environment, UploadSpool* spool);
  absl::Status Listen();

  const ServiceEnvironment& environment_;
  std::unique_ptr<SelectionService> selection_;  // nullptr where the role has no selections
  std::unique_ptr<IngestService> ingest_;        // nullptr where the role has no uploads
  IndexService index_;
  RuleService rules_;
  StructureService structure_;
  EvaluationService evaluation_;
  std::string address_;
  std::unique_ptr<grpc::Server> server_;  // last: it ends before what it calls
};

}  // namespace testselect
