// TestSelectionService over gRPC.
#pragma once

#include <grpcpp/support/byte_buffer.h>

#include "server/rpc/received_selection.h"
#include "server/rpc/response_cache.h"
#include "server/rpc/service_environment.h"
#include "server/rpc/unary_call.h"
#include "server/rpc/worker_pool.h"
#include "testselect/v1/selection.grpc.pb.h"

namespace testselect {

// SelectTests takes the message as it arrived: an answer that is known goes out again at once, as
// bytes, on gRPC's own thread; everything else is parsed and computed on a worker.
class SelectionService final : public v1::TestSelectionService::WithRawCallbackMethod_SelectTests<
                                   v1::TestSelectionService::WithCallbackMethod_ExplainTest<
                                       v1::TestSelectionService::WithCallbackMethod_GetDecision<
                                           v1::TestSelectionService::WithCallbackMethod_PutSnapshot<
                                               v1::TestSelectionService::Service>>>> {
 public:
  // `environment` must outlive the service.
  explicit SelectionService(const ServiceEnvironment& environment);

  grpc::ServerUnaryReactor* SelectTests(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ExplainTest(grpc::CallbackServerContext* context,
                                        const v1::ExplainTestRequest* request,
                                        v1::ExplainTestResponse* response) override;
  grpc::ServerUnaryReactor* GetDecision(grpc::CallbackServerContext* context,
                                        const v1::GetDecisionRequest* request,
                                        v1::GetDecisionResponse* response) override;

  grpc::ServerUnaryReactor* PutSnapshot(grpc::CallbackServerContext* context,
                                        const v1::PutSnapshotRequest* request,
                                        v1::PutSnapshotResponse* response) override;

  // Whether all work ended by `deadline`.
  bool WaitIdle(absl::Time deadline) { return pool_.WaitIdle(deadline); }

 private:
  // The answer to the request of this digest, if it can be given as it was encoded.
  std::shared_ptr<const ResponseCache::Entry> FindAnswer(const Digest& key);
  absl::Status Select(const ReceivedSelection& request, absl::Time deadline,
                      grpc::ByteBuffer* response);
  absl::Status Explain(const v1::ExplainTestRequest& request, absl::Time deadline,
                       v1::ExplainTestResponse* response);
  absl::Status FindDecision(const v1::GetDecisionRequest& request, absl::Time deadline,
                            v1::GetDecisionResponse* response);
  absl::Status Put(const v1::PutSnapshotRequest& request, absl::Time deadline,
                   v1::PutSnapshotResponse* response);
  void Count(const SelectionResult& result, const ListSizes& sizes);

  const ServiceEnvironment& environment_;
  ResponseCache cache_;
  WorkerPool pool_;  // last: its threads use what is above
};

}  // namespace testselect
