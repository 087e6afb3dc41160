#include "client/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

absl::StatusOr<std::string> ReadAll(int fd, const std::string& path) {
  std::string content;
  struct stat info = {};
  if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0) {
    content.reserve(static_cast<size_t>(info.st_size));
  }
  char buffer[1 << 16];
  while (true) {
    const ssize_t got = read(fd, buffer, sizeof(buffer));
    if (got == 0) return content;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(absl::StrCat("cannot read ", path), errno);
    content.append(buffer, static_cast<size_t>(got));
  }
}

// Follows a link to the file it leads to, so that the rename replaces that one; "" for a special
// file, which cannot be replaced.
std::string ReplaceableTarget(const std::string& path) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) return path;
  if (!S_ISREG(info.st_mode)) return "";
  char* resolved = realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return path;
  std::string target(resolved);
  free(resolved);
  return target;
}

absl::Status WriteThrough(const std::string& path, absl::string_view content) {
  const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(absl::StrCat("cannot open ", path), errno);
  absl::Cleanup close_it = [fd] { close(fd); };
  return WriteAll(fd, content, path);
}

}  // namespace

absl::Status ErrnoStatus(const std::string& what, int error_number) {
  return absl::ErrnoToStatus(error_number, what);
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  if (path == "-") return ReadAll(STDIN_FILENO, "standard input");
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(absl::StrCat("cannot open ", path), errno);
  absl::Cleanup close_it = [fd] { close(fd); };
  struct stat info = {};
  if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is a directory, not a file"));
  }
  return ReadAll(fd, path);
}

absl::Status WriteAll(int fd, absl::string_view content, const std::string& name) {
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoStatus(absl::StrCat("cannot write ", name), errno);
    content.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status WriteFileAtomically(const std::string& path, absl::string_view content) {
  const std::string target = ReplaceableTarget(path);
  if (target.empty()) return WriteThrough(path, content);
  std::string temporary = absl::StrCat(target, ".XXXXXX");
  const int fd = mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(absl::StrCat("cannot create a file beside ", path), errno);
  absl::Cleanup remove_it = [&temporary] { unlink(temporary.c_str()); };
  absl::Status written = WriteAll(fd, content, path);
  const mode_t mask = umask(0);
  umask(mask);
  if (written.ok() && fchmod(fd, 0666 & ~mask) != 0) {
    written = ErrnoStatus(absl::StrCat("cannot set the mode of ", path), errno);
  }
  if (close(fd) != 0 && written.ok()) {
    written = ErrnoStatus(absl::StrCat("cannot write ", path), errno);
  }
  TS_RETURN_IF_ERROR(written);
  if (rename(temporary.c_str(), target.c_str()) != 0) {
    return ErrnoStatus(absl::StrCat("cannot replace ", path), errno);
  }
  std::move(remove_it).Cancel();
  return absl::OkStatus();
}

absl::StatusOr<ScratchFolder> ScratchFolder::Create(absl::string_view purpose) {
  const char* parent = getenv("TMPDIR");
  std::string folder = absl::StrCat(parent == nullptr || *parent == '\0' ? "/tmp" : parent,
                                    "/testselect-", purpose, ".XXXXXX");
  if (mkdtemp(folder.data()) == nullptr) {
    return ErrnoStatus(absl::StrCat("cannot create ", folder), errno);
  }
  return ScratchFolder(std::move(folder));
}

ScratchFolder::ScratchFolder(ScratchFolder&& other) noexcept
    : path_(std::exchange(other.path_, "")) {}

ScratchFolder::~ScratchFolder() {
  if (path_.empty()) return;
  // What cannot be removed lies in the system's folder for such things.
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace testselect::client
