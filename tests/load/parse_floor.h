// ParseFloor: what any selector that looks at functions must do at the first sight of a head: read
// the changed files' new content out of git, and parse it. Nothing is kept.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace testselect::load {

// Not thread-safe.
class ParseFloor {
 public:
  // kNotFound if `git_dir` is no repository.
  static absl::StatusOr<std::unique_ptr<ParseFloor>> Open(const std::string& git_dir);
  ~ParseFloor();

  // The blobs of the Python files that `head` has other than `base`, for Run. Not a part of what is
  // measured.
  absl::StatusOr<std::vector<std::string>> ChangedBlobs(const std::string& base,
                                                        const std::string& head);
  // Reads and parses each blob (20-byte ids). Returns their bytes. kInternal if one cannot be read
  // or has no tree.
  absl::StatusOr<uint64_t> Run(const std::vector<std::string>& blobs);

 private:
  struct Handles;
  explicit ParseFloor(std::unique_ptr<Handles> handles);
  std::unique_ptr<Handles> handles_;
};

}  // namespace testselect::load
