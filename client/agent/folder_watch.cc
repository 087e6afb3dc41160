#include "client/agent/folder_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/files.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

constexpr uint32_t kEvents =
    IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_CLOSE_WRITE | IN_DELETE | IN_DELETE_SELF |
    IN_MOVE_SELF | IN_ONLYDIR;

absl::Status WatchError(const std::string& folder, int error) {
  if (error != ENOSPC) return ErrnoStatus(absl::StrCat("cannot watch ", folder), error);
  return absl::ResourceExhaustedError(
      absl::StrCat("cannot watch ", folder, ": raise fs.inotify.max_user_watches"));
}

}  // namespace

absl::StatusOr<FolderWatch> FolderWatch::Create() {
  const int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd >= 0) return FolderWatch(fd);
  if (errno == EMFILE) {
    return absl::ResourceExhaustedError(
        "cannot watch folders: raise fs.inotify.max_user_instances");
  }
  return ErrnoStatus("cannot watch folders", errno);
}

FolderWatch::~FolderWatch() {
  if (fd_ >= 0) close(fd_);
}

FolderWatch::FolderWatch(FolderWatch&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), followed_(std::move(other.followed_)) {}

absl::StatusOr<int> FolderWatch::Watch(const std::string& folder) {
  const int watch = inotify_add_watch(fd_, folder.c_str(), kEvents);
  if (watch < 0) return WatchError(folder, errno);
  return watch;
}

absl::Status FolderWatch::Add(const std::string& folder) { return Watch(folder).status(); }

absl::Status FolderWatch::Follow(const std::set<std::string>& folders, bool* added) {
  *added = false;
  for (auto it = followed_.begin(); it != followed_.end();) {
    if (folders.contains(it->first)) {
      ++it;
      continue;
    }
    inotify_rm_watch(fd_, it->second);  // gone with its folder, if that is gone
    it = followed_.erase(it);
  }
  absl::Status first_error;
  for (const std::string& folder : folders) {
    if (followed_.contains(folder)) continue;
    const absl::StatusOr<int> watch = Watch(folder);
    if (watch.ok()) {
      followed_.emplace(folder, *watch);
      *added = true;
    } else if (watch.status().code() != absl::StatusCode::kNotFound) {
      first_error.Update(watch.status());
    }
  }
  return first_error;
}

absl::StatusOr<bool> FolderWatch::Drain() {
  alignas(inotify_event) char buffer[16 << 10];
  bool complete = true;
  while (true) {
    const ssize_t got = read(fd_, buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return complete;
    if (got < 0) return ErrnoStatus("cannot read what happened in the spool", errno);
    for (ssize_t at = 0; at < got;) {
      inotify_event event;
      std::memcpy(&event, buffer + at, sizeof(event));
      complete = complete && (event.mask & IN_Q_OVERFLOW) == 0;
      at += static_cast<ssize_t>(sizeof(event) + event.len);
    }
  }
}

}  // namespace testselect::client
