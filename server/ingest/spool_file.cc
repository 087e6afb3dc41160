#include "server/ingest/spool_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace testselect {

absl::StatusOr<std::unique_ptr<SpoolFile>> SpoolFile::Create(const std::string& folder) {
  std::string path = absl::StrCat(folder.empty() ? "." : folder, "/report-XXXXXX");
  const int fd = mkstemp(path.data());
  if (fd < 0) {
    return absl::UnavailableError(
        absl::StrCat("spool folder: a file cannot be made: ", std::strerror(errno)));
  }
  return std::unique_ptr<SpoolFile>(new SpoolFile(fd, std::move(path)));
}

SpoolFile::~SpoolFile() {
  Close();
  unlink(path_.c_str());
}

absl::Status SpoolFile::Write(absl::string_view data) {
  while (!data.empty()) {
    const ssize_t n = write(fd_, data.data(), data.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const std::string message =
          absl::StrCat("spool folder: cannot write: ", std::strerror(errno));
      return errno == ENOSPC || errno == EDQUOT ? absl::ResourceExhaustedError(message)
                                                : absl::UnavailableError(message);
    }
    data.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

void SpoolFile::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

}  // namespace testselect
