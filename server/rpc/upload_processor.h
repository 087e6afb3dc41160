// UploadProcessor: a complete upload -> a durable segment.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/rpc/service_environment.h"
#include "server/rpc/upload_spec.h"
#include "server/rpc/upload_spool.h"
#include "server/selection/index_keeper.h"
#include "testselect/v1/ingest.pb.h"

namespace testselect {

// Thread-safe.
class UploadProcessor {
 public:
  // `environment` must outlive the processor.
  explicit UploadProcessor(const ServiceEnvironment& environment) : environment_(environment) {}

  // The answer of an upload that was finished before and whose segment still exists.
  absl::StatusOr<std::optional<v1::UploadCoverageResponse>> FindFinished(
      const UploadSpec& spec) const;

  // Parses and stores an upload that was verified; when this returns, the segment is durable.
  // Errors: kInvalidArgument (the reports; nothing is stored), kNotFound (no such repository or
  // commit), kResourceExhausted (limits, a full disk), kUnavailable (retry), kDeadlineExceeded (git
  // did not answer by `deadline`).
  absl::StatusOr<v1::UploadCoverageResponse> Process(SpooledUpload& upload,
                                                     absl::Time deadline) const;

 private:
  struct Commit {
    ObjectId tree;
    std::vector<std::string> paths;
    std::shared_ptr<GitRepository> repository;
  };
  absl::Status CheckShared(const std::string& repository, absl::Time deadline) const;
  absl::StatusOr<Commit> FindCommit(const UploadHeader& header, absl::Time deadline) const;

  // Adds to a stored upload what earlier ones saw besides; what keeps it from that is a warning.
  void KeepUnstable(const absl::StatusOr<std::unique_ptr<const IndexKeeper::Before>>& before,
                    const SegmentInfo& info, v1::UploadCoverageResponse* response) const;

  const ServiceEnvironment& environment_;
};

}  // namespace testselect
