// HandlePool: libgit2 handles of one repository, one per call at a time. Private to server/git.
//
// A git_repository may not be used by two threads at once. Handles are cheap once open (packs are
// mapped once per process), so each call borrows one, and some are kept for the next calls.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/git/git_handle.h"
#include "storage/model/mutex.h"

namespace testselect {

// Thread-safe; must outlive its leases.
class HandlePool {
 public:
  // A borrowed handle; goes back when this ends. Not thread-safe.
  class Lease {
   public:
    Lease(HandlePool* pool, RepositoryHandle repository, OdbHandle odb)
        : pool_(pool), repository_(std::move(repository)), odb_(std::move(odb)) {}
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (repository_ != nullptr) pool_->Return({std::move(repository_), std::move(odb_)});
    }
    git_repository* repository() const { return repository_.get(); }
    git_odb* odb() const { return odb_.get(); }
    // Closes the handle instead of giving it back.
    void Discard() {
      odb_.reset();
      repository_.reset();
    }

   private:
    HandlePool* const pool_;
    RepositoryHandle repository_;
    OdbHandle odb_;
  };

  // `git_dir` is the repository's git directory itself; objects are looked for in `more_objects`
  // too, a folder that may be missing ("": none).
  HandlePool(std::string git_dir, std::string more_objects)
      : git_dir_(std::move(git_dir)), more_objects_(std::move(more_objects)) {}

  // Errors as OpenGitRepository. Cost: nothing while there is an idle handle.
  absl::StatusOr<Lease> Borrow();
  // Forgets the idle handles, so that what Borrow opens next sees the disk as it is now.
  void DropIdle();

 private:
  struct Handles {
    RepositoryHandle repository;
    OdbHandle odb;
  };
  static constexpr size_t kMaxIdle = 16;

  void Return(Handles handles);

  const std::string git_dir_, more_objects_;
  Mutex mutex_;
  std::vector<Handles> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace testselect
