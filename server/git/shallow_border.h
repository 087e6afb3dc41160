// ShallowBorder: the commits whose parents a shallow clone left out. Private to server/git.
#pragma once

#include <sys/stat.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "storage/model/mutex.h"
#include "storage/model/object_id.h"

namespace testselect {

// Thread-safe. The packaged libgit2 does not apply the border itself.
class ShallowBorder {
 public:
  // `file` is the repository's "shallow" file, which need not exist.
  explicit ShallowBorder(std::string file) : file_(std::move(file)) {}

  // The border as it is on the disk now; empty where the clone is not shallow. Cost: one stat, and
  // a read when the file has changed (a clone may be deepened while we serve it).
  std::shared_ptr<const absl::flat_hash_set<ObjectId>> Now() const;

 private:
  struct Stamp {
    timespec modified{};
    off_t size = -1;
    ino_t inode = 0;
  };
  static bool Same(const Stamp& a, const Stamp& b) {
    return a.modified.tv_sec == b.modified.tv_sec && a.modified.tv_nsec == b.modified.tv_nsec &&
           a.size == b.size && a.inode == b.inode;
  }

  const std::string file_;
  mutable Mutex mutex_;
  mutable Stamp stamp_ ABSL_GUARDED_BY(mutex_);
  mutable std::shared_ptr<const absl::flat_hash_set<ObjectId>> border_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace testselect
