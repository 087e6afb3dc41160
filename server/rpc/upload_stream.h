// UploadStream: the order of messages on an upload's stream, without gRPC.
#pragma once

#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/rpc/service_environment.h"
#include "server/rpc/upload_processor.h"
#include "server/rpc/upload_spool.h"
#include "testselect/v1/ingest.pb.h"

namespace testselect {

// Not thread-safe: one message after the other. What it refers to must outlive it.
class UploadStream {
 public:
  UploadStream(const ServiceEnvironment& environment, UploadSpool* spool,
               const UploadProcessor* processor)
      : environment_(environment), spool_(spool), processor_(processor) {}
  // Tells the metrics of a stream that ended before its finish.
  ~UploadStream();

  enum class Next {
    kRead,   // take the next message
    kStore,  // everything is here: call Store
    kDone,   // it was stored before; response() is the answer
  };
  // kInvalidArgument for messages out of order and what the header, the chunk or the finish has
  // wrong; otherwise as UploadSpool. After an error the stream is over.
  absl::StatusOr<Next> Take(const v1::UploadCoverageRequest& message);

  // Parses and stores. Blocks; errors as UploadProcessor. Nothing is visible after an error.
  absl::Status Store(absl::Time deadline);

  const v1::UploadCoverageResponse& response() const { return response_; }
  // Call where the stream ends before its finish; returns the error that says so.
  absl::Status EndedEarly();

 private:
  absl::StatusOr<Next> TakeHeader(const v1::UploadHeader& header);
  absl::StatusOr<Next> TakeChunk(const v1::UploadChunk& chunk);
  absl::Status Failed(absl::Status status);  // gives the upload up, so that it can be resumed
  void Ended(UploadResult result);

  const ServiceEnvironment& environment_;
  UploadSpool* const spool_;
  const UploadProcessor* const processor_;
  const absl::Time start_ = absl::Now();
  std::unique_ptr<SpooledUpload> upload_;  // from the header on
  bool ended_ = false;
  v1::UploadCoverageResponse response_;
};

}  // namespace testselect
