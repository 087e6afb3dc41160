// Reading and writing whole files for the client.
#pragma once

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace testselect::client {

// The absl code for an errno, with "`what`: <the system's text>" as its message.
absl::Status ErrnoStatus(const std::string& what, int error_number);

// The file's content; "-" reads standard input. kNotFound, kPermissionDenied, kInvalidArgument (a
// directory), kUnavailable (I/O).
absl::StatusOr<std::string> ReadFile(const std::string& path);

// Replaces `path` by `content` in one step: readers see the old file or the whole new one. The new
// file is made beside it and removed again on an error. Symbolic links and special files (pipes,
// /dev/stdout) are written through rather than replaced.
absl::Status WriteFileAtomically(const std::string& path, absl::string_view content);

// Writes all of `content` to a file descriptor. kUnavailable or kResourceExhausted.
absl::Status WriteAll(int fd, absl::string_view content, const std::string& name);

// A new folder below TMPDIR (or /tmp), removed with all it holds when this goes. Move-only.
class ScratchFolder {
 public:
  // "<TMPDIR>/testselect-<purpose>.XXXXXX"
  static absl::StatusOr<ScratchFolder> Create(absl::string_view purpose);
  ~ScratchFolder();
  ScratchFolder(ScratchFolder&& other) noexcept;
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  const std::string& path() const { return path_; }

 private:
  explicit ScratchFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;  // empty: moved from
};

}  // namespace testselect::client
