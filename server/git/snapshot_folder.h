// SnapshotFolder: snapshots of work trees elsewhere, as git objects beside a repository. Private to
// server/git.
//
// The folder is a bare repository that borrows the objects of the one it lies beside: neither a
// mirror's fetches nor a repository that the server may only read are touched.
#pragma once

#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "server/git/repository.h"
#include "storage/model/mutex.h"

namespace testselect {

// Thread-safe.
class SnapshotFolder {
 public:
  // `folder` is made with the first snapshot.
  SnapshotFolder(std::string folder, uint64_t max_bytes)
      : folder_(std::move(folder)), max_bytes_(max_bytes) {}

  // Where the objects lie, for who reads them.
  std::string objects() const { return folder_ + "/objects"; }

  // As RepositorySource::PutSnapshot; `repository` is the path of the one beside. Now and then
  // deletes objects that nobody wrote for kSnapshotsKept, and where all take more than max_bytes
  // (and what came since the last look, a tenth of that), those that nobody wrote for longest.
  absl::StatusOr<ObjectId> Put(const std::string& repository, const ObjectId& parent,
                               absl::Span<const SnapshotFile> files);

 private:
  void DropOld(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string folder_;
  const uint64_t max_bytes_;
  Mutex mutex_;                                   // held while objects are written or deleted
  uint64_t written_ ABSL_GUARDED_BY(mutex_) = 0;  // bytes since `looked_`
  absl::Time looked_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
};

}  // namespace testselect
