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
  explicit SnapshotFolder(std::string folder) : folder_(std::move(folder)) {}

  // Where the objects lie, for who reads them.
  std::string objects() const { return folder_ + "/objects"; }

  // As RepositorySource::PutSnapshot; `repository` is the path of the one beside. Now and then
  // deletes objects that nobody wrote for kSnapshotsKept.
  absl::StatusOr<ObjectId> Put(const std::string& repository, const ObjectId& parent,
                               absl::Span<const SnapshotFile> files);

 private:
  void DropOld(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string folder_;
  Mutex mutex_;  // held while objects are written or deleted
  absl::Time looked_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
};

}  // namespace testselect
