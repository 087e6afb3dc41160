// FolderWatch: learns that something came to, or changed in, folders, without asking again and
// again.
#pragma once

#include <map>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace testselect::client {

// Not thread-safe.
class FolderWatch {
 public:
  // kResourceExhausted where the system allows no more watches.
  static absl::StatusOr<FolderWatch> Create();
  ~FolderWatch();
  FolderWatch(FolderWatch&& other) noexcept;
  FolderWatch& operator=(FolderWatch&&) = delete;

  // Watches for files and folders that appear in `folder` or leave it, by creation, renaming,
  // linking or deletion, for files whose writer closes them, and for its own end. kNotFound if it is gone.
  absl::Status Add(const std::string& folder);
  // Watches exactly `folders` besides those of Add; returns the first error, having tried all but
  // folders that are gone. `*added` says whether there was a new one: what happened in it before
  // was not seen.
  absl::Status Follow(const std::set<std::string>& folders, bool* added);

  // Readable when something happened; then Drain.
  int fd() const { return fd_; }
  // Takes what happened. False if more happened than the system keeps (an overflow).
  absl::StatusOr<bool> Drain();

 private:
  explicit FolderWatch(int fd) : fd_(fd) {}
  absl::StatusOr<int> Watch(const std::string& folder);

  int fd_;
  std::map<std::string, int> followed_;
};

}  // namespace testselect::client
