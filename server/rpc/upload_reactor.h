// UploadReactor: one UploadCoverage call, between gRPC's events and the worker pools.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <memory>

#include "server/rpc/ingest_service.h"
#include "server/rpc/unary_call.h"
#include "server/rpc/upload_stream.h"
#include "storage/model/mutex.h"

namespace testselect {

// Owns itself: deleted when gRPC says that the call is done. Each message is handled on a worker;
// the next is read when it was.
class UploadReactor final : public grpc::ServerReadReactor<v1::UploadCoverageRequest> {
 public:
  UploadReactor(IngestService* service, grpc::CallbackServerContext* context,
                v1::UploadCoverageResponse* response);

  void OnReadDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  // What a worker may still use when the call is over. The stream outlives the call: an upload that
  // is being stored when its client goes away is stored, and found when it is sent again.
  struct Shared {
    Mutex mutex;
    UploadReactor* reactor ABSL_GUARDED_BY(mutex) = nullptr;  // nullptr once the call is over
    bool finished ABSL_GUARDED_BY(mutex) = false;             // Finish was called
    std::unique_ptr<UploadStream> stream;                     // used by one worker at a time
    v1::UploadCoverageRequest message;                        // the one being read or handled
  };

  static void TakeMessage(const std::shared_ptr<Shared>& shared);
  static void Store(const std::shared_ptr<Shared>& shared, absl::Time deadline);
  static void End(const std::shared_ptr<Shared>& shared, const absl::Status& status);
  static void FinishOnce(Shared* shared, const absl::Status& status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(shared->mutex);
  void Submit(WorkerPool* pool, std::function<void()> work);

  IngestService* const service_;
  grpc::CallbackServerContext* const context_;
  v1::UploadCoverageResponse* const response_;
  const CallRecord record_;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace testselect
