// SpoolFile: a temporary file of our own that goes when this goes.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace testselect {

// Not thread-safe. Errors of all: kResourceExhausted for a full disk, kUnavailable for other I/O.
class SpoolFile {
 public:
  // In `folder`; "" is the working folder.
  static absl::StatusOr<std::unique_ptr<SpoolFile>> Create(const std::string& folder);
  ~SpoolFile();
  SpoolFile(const SpoolFile&) = delete;
  SpoolFile& operator=(const SpoolFile&) = delete;

  absl::Status Write(absl::string_view data);
  // Gives the descriptor back; nothing can be written afterwards.
  void Close();
  const std::string& path() const { return path_; }

 private:
  SpoolFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  int fd_;
  std::string path_;
};

}  // namespace testselect
