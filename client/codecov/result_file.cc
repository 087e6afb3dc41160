#include "client/codecov/result_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "client/files.h"
#include "storage/model/status_macros.h"

namespace testselect::client {

absl::StatusOr<ResultFile> ResultFile::Write(absl::string_view content) {
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(error);
  if (error) return ErrnoStatus("no folder for temporary files", error.value());
  std::string path = (folder / "testselect-XXXXXX").string();
  const int fd = mkstemp(path.data());
  if (fd < 0) return ErrnoStatus(absl::StrCat("cannot make ", path), errno);
  ResultFile file(path);
  const absl::Status written = WriteAll(fd, content, path);
  close(fd);
  TS_RETURN_IF_ERROR(written);
  return file;
}

ResultFile::~ResultFile() {
  if (!path_.empty()) unlink(path_.c_str());
}

}  // namespace testselect::client
