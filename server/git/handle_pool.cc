#include "server/git/handle_pool.h"

#include <filesystem>
#include <system_error>

#include "server/git/git_status.h"

namespace testselect {

absl::StatusOr<HandlePool::Lease> HandlePool::Borrow() {
  {
    MutexLock lock(&mutex_);
    if (!idle_.empty()) {
      Handles handles = std::move(idle_.back());
      idle_.pop_back();
      return Lease(this, std::move(handles.repository), std::move(handles.odb));
    }
  }
  Handles fresh;
  if (int rc = git_repository_open_ext(Out(fresh.repository), git_dir_.c_str(),
                                       GIT_REPOSITORY_OPEN_NO_SEARCH, nullptr);
      rc < 0) {
    return GitError(rc, "cannot open it");
  }
  if (int rc = git_repository_odb(Out(fresh.odb), fresh.repository.get()); rc < 0) {
    return GitError(rc, "cannot open its object database");
  }
  std::error_code ignored;  // a folder that cannot be read is one that is missing
  if (!more_objects_.empty() && std::filesystem::is_directory(more_objects_, ignored)) {
    if (int rc = git_odb_add_disk_alternate(fresh.odb.get(), more_objects_.c_str()); rc < 0) {
      return GitError(rc, "cannot open its snapshots");
    }
  }
  return Lease(this, std::move(fresh.repository), std::move(fresh.odb));
}

void HandlePool::DropIdle() {
  std::vector<Handles> dropped;  // closed after the lock is given back
  MutexLock lock(&mutex_);
  dropped.swap(idle_);
}

void HandlePool::Return(Handles handles) {
  MutexLock lock(&mutex_);
  if (idle_.size() < kMaxIdle) idle_.push_back(std::move(handles));
}

}  // namespace testselect
