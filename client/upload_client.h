// Uploading reports: digests, chunks, and going on where a broken upload stopped.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/connection.h"
#include "testselect/v1/ingest.pb.h"

namespace testselect::client {

struct Neighbours;

// One report on disk.
struct UploadReport {
  // A file; or a pipe or a folder, which is copied (a folder as one archive) to a temporary file
  // first.
  std::string path;
  std::string format;  // a format's name; empty: found from the content
  std::string label;   // for a report that names no test
  bool outcomes = false;
  std::string name{};  // what the service and messages call it; empty: the path
  // Where it is one file of several and the others were left out (report_neighbours.h), they are
  // sent with it. Only for a user's own files: links are followed.
  bool with_neighbours = false;
};

// Told after every chunk: bytes the service holds, of all bytes.
using UploadProgress = std::function<void(uint64_t done, uint64_t total)>;

// The reports of one upload, read once for their sizes and digests. Owns the temporary copies of
// pipes and folders. Move-only.
class PreparedReports {
 public:
  // Errors: kNotFound, kPermissionDenied, kInvalidArgument (an empty folder), naming the report.
  static absl::StatusOr<PreparedReports> Open(std::vector<UploadReport> reports);
  ~PreparedReports();
  PreparedReports(PreparedReports&&) = default;
  PreparedReports& operator=(PreparedReports&&) = delete;

  // Adds one entry per report to `header`.
  void Describe(v1::UploadHeader& header) const;
  size_t size() const { return entries_.size(); }
  uint64_t total_bytes() const;
  const std::string& file(size_t i) const { return entries_[i].file; }  // where its bytes lie
  const std::string& name(size_t i) const { return entries_[i].report.name; }
  uint64_t bytes(size_t i) const { return entries_[i].size; }

 private:
  struct Entry {
    UploadReport report;
    std::string file;
    bool temporary = false;
    uint64_t size = 0;
    std::string digest;  // 16 bytes
  };
  PreparedReports() = default;
  absl::Status Add(UploadReport report, const Neighbours& neighbours);

  std::vector<Entry> entries_;
};

// Sends `reports` under `header`, whose own list of reports is filled in here, and returns the
// service's answer once everything is durable. A transient error is retried from where the
// service's copy ends; attempts count anew whenever some bytes got through. Errors: the service's
// codes (ingest.proto), kDeadlineExceeded, kUnavailable where a report cannot be read any more.
absl::StatusOr<v1::UploadCoverageResponse> Upload(const Connection& connection,
                                                  v1::UploadHeader header,
                                                  const PreparedReports& reports,
                                                  absl::Time deadline,
                                                  const UploadProgress& progress);

}  // namespace testselect::client
