// UploadSpool: reports on disk until their upload is finished, so that a broken one can be resumed.
//
// <dir>/<upload id>/<number> holds what was received of each report, in order; <dir>/<upload
// id>/work holds what parsers unpack. Nothing here is synced: a file that lost bytes in a power
// failure fails its digest, and the sender starts over.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/ops/logging.h"
#include "server/ops/metrics.h"
#include "server/rpc/upload_spec.h"
#include "storage/model/mutex.h"

namespace testselect {

class UploadSpool;

// The files of one upload that is being received. One at a time for each upload id; giving it up
// leaves the files for a later one. Not thread-safe. Must not outlive the spool.
class SpooledUpload {
 public:
  ~SpooledUpload();
  SpooledUpload(const SpooledUpload&) = delete;
  SpooledUpload& operator=(const SpooledUpload&) = delete;

  // Appends to a report. kInvalidArgument naming the field if `offset` is not where the server's
  // copy ends or the report would exceed its declared size; kResourceExhausted if the disk is full
  // or the spool's limit is reached; kUnavailable for other I/O errors.
  absl::Status Append(uint32_t report, uint64_t offset, absl::string_view data);

  // Ok if every report is complete and has its declared digest. kInvalidArgument naming the first
  // that has not; one with a wrong digest is removed. Cost: reads what an earlier stream received.
  absl::Status Verify();

  std::string ReportPath(uint32_t report) const;
  std::string work_dir() const { return dir_ + "/work"; }  // exists
  const UploadSpec& spec() const { return spec_; }

  // Removes all files.
  void Discard();

 private:
  friend class UploadSpool;
  SpooledUpload(UploadSpool* spool, UploadSpec spec, std::string dir);
  absl::Status Switch(uint32_t report);  // makes `report` the one that is open
  void Close();

  UploadSpool* const spool_;
  const UploadSpec spec_;
  const std::string dir_;
  std::vector<uint64_t> received_;
  std::vector<char> verified_;  // per report: its digest was found right
  int fd_ = -1;
  uint32_t open_report_ = 0;
  std::unique_ptr<DigestStream> digest_;  // of the open report, if it was sent in one go
};

// Thread-safe.
class UploadSpool {
 public:
  // Creates `dir` if it is missing. kResourceExhausted, kPermissionDenied, kUnavailable.
  static absl::StatusOr<std::unique_ptr<UploadSpool>> Open(std::string dir, uint64_t max_bytes,
                                                           absl::Duration max_age,
                                                           GaugeHandle bytes_gauge, Logger* log);

  // Begins or resumes an upload. kAborted if another stream is sending it; kResourceExhausted if it
  // would not fit under the limit even after stale uploads were removed.
  absl::StatusOr<std::unique_ptr<SpooledUpload>> Acquire(const UploadSpec& spec);

  // Bytes held of each report. kNotFound if nothing is held.
  absl::StatusOr<std::vector<uint64_t>> Received(const UploadSpec& spec) const;

  // Removes uploads that nobody is sending and that were not written to for the maximum age, then,
  // while the total exceeds the limit, the longest untouched ones.
  void RemoveStale(absl::Time now);

 private:
  friend class SpooledUpload;
  UploadSpool(std::string dir, uint64_t max_bytes, absl::Duration max_age, GaugeHandle bytes_gauge,
              Logger* log);
  std::string DirOf(absl::string_view id) const;
  void Release(const std::string& id);
  absl::Status Reserve(uint64_t bytes);  // before writing
  void Free(uint64_t bytes);
  void RemoveUnused(absl::Time now, uint64_t max_bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string dir_;
  const uint64_t max_bytes_;
  const absl::Duration max_age_;
  const GaugeHandle bytes_gauge_;
  Logger* const log_;
  mutable Mutex mutex_;
  std::set<std::string> active_ ABSL_GUARDED_BY(mutex_);
  uint64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace testselect
