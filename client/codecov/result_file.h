// ResultFile: a private file for a program that we start, removed with the object.
#pragma once

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace testselect::client {

class ResultFile {
 public:
  // In the folder for temporary files. Errors: the system's.
  static absl::StatusOr<ResultFile> Write(absl::string_view content);
  ResultFile(ResultFile&& other) noexcept : path_(std::exchange(other.path_, "")) {}
  ResultFile(const ResultFile&) = delete;
  ~ResultFile();

  const std::string& path() const { return path_; }

 private:
  explicit ResultFile(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

}  // namespace testselect::client
