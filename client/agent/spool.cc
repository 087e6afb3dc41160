#include "client/agent/spool.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "client/files.h"
#include "client/status_mapping.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

constexpr const char* kFolders[] = {"incoming", "done", "refused", "tmp"};
constexpr absl::Duration kTemporaryAge = absl::Hours(24);
constexpr int kMostNumbers = 10'000;

struct Item {
  std::string name;
  bool is_folder = false;
  absl::Time changed;
};

absl::StatusOr<std::vector<Item>> List(const std::string& folder) {
  DIR* const dir = opendir(folder.c_str());
  if (dir == nullptr) return ErrnoStatus(absl::StrCat("cannot read ", folder), errno);
  absl::Cleanup close_it = [dir] { closedir(dir); };
  std::vector<Item> items;
  while (true) {
    errno = 0;
    const dirent* const entry = readdir(dir);
    if (entry == nullptr && errno != 0) {
      return ErrnoStatus(absl::StrCat("cannot read ", folder), errno);
    }
    if (entry == nullptr) return items;
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat info = {};
    // Gone in between: somebody else took it.
    if (fstatat(dirfd(dir), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    items.push_back({name, S_ISDIR(info.st_mode), absl::TimeFromTimespec(info.st_mtim)});
  }
}

absl::Status RemoveAll(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (!error) return absl::OkStatus();
  return ErrnoStatus(absl::StrCat("cannot remove ", path), error.value());
}

}  // namespace

absl::StatusOr<Spool> Spool::Open(const std::string& dir) {
  if (mkdir(dir.c_str(), 0777) != 0 && errno != EEXIST) {
    return ErrnoStatus(absl::StrCat("cannot create ", dir), errno);
  }
  for (const char* folder : kFolders) {
    const std::string path = absl::StrCat(dir, "/", folder);
    if (mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) {
      return ErrnoStatus(absl::StrCat("cannot create ", path), errno);
    }
  }
  return Spool(dir);
}

absl::StatusOr<int> Spool::Lock() const {
  const std::string path = absl::StrCat(dir_, "/agent.lock");
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);
  if (fd < 0) return ErrnoStatus(absl::StrCat("cannot open ", path), errno);
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  const int error = errno;
  close(fd);
  if (error != EWOULDBLOCK) return ErrnoStatus(absl::StrCat("cannot lock ", path), error);
  return absl::UnavailableError(absl::StrCat("another agent works on ", dir_));
}

std::string Spool::incoming() const { return absl::StrCat(dir_, "/incoming"); }

std::string Spool::EntryPath(absl::string_view name) const {
  return absl::StrCat(dir_, "/incoming/", name);
}

absl::StatusOr<SpoolScan> Spool::Scan() const {
  TS_ASSIGN_OR_RETURN(const std::vector<Item> items, List(incoming()));
  SpoolScan scan;
  for (const Item& item : items) {
    if (!item.is_folder) {
      if (item.name[0] != '.') scan.strays.push_back(item.name);
      continue;
    }
    struct stat info = {};
    const std::string manifest = absl::StrCat(EntryPath(item.name), "/", kManifestName);
    if (item.name[0] == '.') {
      scan.unfinished.push_back(item.name);
    } else if (lstat(manifest.c_str(), &info) == 0) {
      scan.finished.push_back({item.name, absl::TimeFromTimespec(info.st_mtim)});
    } else if (errno == ENOENT) {
      scan.unfinished.push_back(item.name);
    } else {
      // Not readable: told where it is read.
      scan.finished.push_back({item.name, item.changed});
    }
  }
  std::sort(scan.finished.begin(), scan.finished.end(),
            [](const SpoolEntry& a, const SpoolEntry& b) {
              return a.finished != b.finished ? a.finished < b.finished : a.name < b.name;
            });
  return scan;
}

absl::StatusOr<Manifest> Spool::ReadManifest(absl::string_view name) const {
  const std::string path = absl::StrCat(EntryPath(name), "/", kManifestName);
  struct stat info = {};
  if (lstat(path.c_str(), &info) != 0) {
    return ErrnoStatus(absl::StrCat("cannot read ", path), errno);
  }
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(kManifestName, ": not a regular file"));
  }
  TS_ASSIGN_OR_RETURN(const std::string json, ReadFile(path));
  return ParseManifest(json);
}

absl::Status Spool::Move(absl::string_view name, const char* state, const char* file,
                         absl::string_view json, std::string* target) const {
  const std::string from = EntryPath(name);
  TS_RETURN_IF_ERROR(WriteFileAtomically(absl::StrCat(from, "/", file), json));
  for (int number = 1; number <= kMostNumbers; ++number) {
    *target = absl::StrCat(dir_, "/", state, "/", name,
                           number == 1 ? std::string() : absl::StrCat("~", number));
    // Onto an empty folder it would succeed; none is left there.
    if (rename(from.c_str(), target->c_str()) == 0) return absl::OkStatus();
    if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR) break;
  }
  return ErrnoStatus(absl::StrCat("cannot move ", from, " to ", state, "/"), errno);
}

absl::Status Spool::MoveToDone(absl::string_view name, absl::string_view json) const {
  std::string target;
  TS_RETURN_IF_ERROR(Move(name, "done", kDoneFile, json, &target));
  // The server has them durably now.
  TS_ASSIGN_OR_RETURN(const std::vector<Item> items, List(target));
  for (const Item& item : items) {
    if (item.name == kManifestName || item.name == kDoneFile) continue;
    TS_RETURN_IF_ERROR(RemoveAll(absl::StrCat(target, "/", item.name)));
  }
  return absl::OkStatus();
}

absl::Status Spool::MoveToRefused(absl::string_view name, absl::string_view json) const {
  std::string target;
  return Move(name, "refused", kRefusedFile, json, &target);
}

absl::Status Spool::Trim(const DoneLimits& limits, absl::Time now) const {
  TS_ASSIGN_OR_RETURN(std::vector<Item> done, List(absl::StrCat(dir_, "/done")));
  std::sort(done.begin(), done.end(),
            [](const Item& a, const Item& b) { return a.changed > b.changed; });
  for (size_t i = 0; i < done.size(); ++i) {
    if (i < limits.count && now - done[i].changed <= limits.age) continue;
    TS_RETURN_IF_ERROR(RemoveAll(absl::StrCat(dir_, "/done/", done[i].name)));
  }
  TS_ASSIGN_OR_RETURN(const std::vector<Item> temporary, List(absl::StrCat(dir_, "/tmp")));
  for (const Item& item : temporary) {
    if (now - item.changed <= kTemporaryAge) continue;
    TS_RETURN_IF_ERROR(RemoveAll(absl::StrCat(dir_, "/tmp/", item.name)));
  }
  return absl::OkStatus();
}

absl::StatusOr<SpoolCounts> Spool::Count() const {
  TS_ASSIGN_OR_RETURN(const std::vector<Item> done, List(absl::StrCat(dir_, "/done")));
  TS_ASSIGN_OR_RETURN(const std::vector<Item> refused, List(absl::StrCat(dir_, "/refused")));
  return SpoolCounts{done.size(), refused.size()};
}

}  // namespace testselect::client
