#include "storage/file_object_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <random>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "storage/file_object_list.h"
#include "storage/model/status_macros.h"
#include "storage/object_batch.h"
#include "storage/object_key.h"

namespace testselect {
namespace {

constexpr absl::string_view kTemporaryFolder = "tmp~";
constexpr absl::Duration kKeepTemporary = absl::Hours(24);
constexpr absl::Duration kBetweenCleanings = absl::Hours(1);

// A file descriptor; closes it.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { Close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }
  // False, with errno, if what was written did not arrive (NFS says so only here).
  bool Close() { return fd_ < 0 || close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

bool WriteAll(int fd, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

// Makes the names in a folder durable.
bool SyncFolder(const std::string& folder) {
  const Descriptor fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok()) return false;
  // Where folders cannot be synced (CIFS, some FUSE), the server answers for its names.
  return fsync(fd.get()) == 0 || errno == EINVAL || errno == ENOTSUP;
}

std::string ParentOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

class FileObjectStore : public ObjectStore {
 public:
  FileObjectStore(std::string folder, int parallel)
      : folder_(std::move(folder)), parallel_(parallel), description_("file://" + folder_) {}

  absl::StatusOr<std::string> Get(absl::string_view key) override;
  absl::Status Create(absl::string_view key, absl::string_view bytes) override;
  absl::Status Delete(absl::string_view key) override;
  absl::StatusOr<std::vector<ObjectInfo>> List(absl::string_view prefix, absl::string_view after,
                                               size_t limit) override;
  std::vector<absl::StatusOr<std::string>> GetAll(absl::Span<const std::string> keys) override {
    return GetEach(this, keys, parallel_);
  }
  std::vector<absl::Status> CreateAll(absl::Span<const ObjectToPut> objects) override {
    return CreateEach(this, objects, parallel_);
  }
  const std::string& description() const override { return description_; }

 private:
  // What `error`, met while doing `what`, is to the caller.
  absl::Status Failed(int error, absl::string_view what) const;
  absl::Status Missing(absl::string_view what, absl::string_view key) const;
  std::string PathOf(absl::string_view key) const {
    return absl::StrCat(folder_, "/", key, kObjectFileSuffix);
  }
  // Both: 0, or the error.
  int Publish(int fd, const std::string& temporary, const std::string& path) const;
  int MakeFolders(const std::string& path) const;
  void RemoveLeftovers(absl::Time now_of_store);

  const std::string folder_;
  const int parallel_;
  const std::string description_;
  std::atomic<int64_t> next_cleaning_ = 0;  // nanoseconds since 1970
};

absl::Status FileObjectStore::Failed(int error, absl::string_view what) const {
  const std::string message = absl::StrCat(description_, ": ", what, ": ", std::strerror(error));
  switch (error) {
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(message);
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return absl::ResourceExhaustedError(message);
    case ENOENT:
    case ENOTDIR:
    case EOPNOTSUPP:
    case ENOSYS:
      return absl::FailedPreconditionError(message);
    default:
      return absl::UnavailableError(message);
  }
}

absl::Status FileObjectStore::Missing(absl::string_view what, absl::string_view key) const {
  struct stat info;
  if (stat(folder_.c_str(), &info) != 0) return Failed(errno, what);
  return absl::NotFoundError(absl::StrCat(description_, ": no object ", key));
}

absl::StatusOr<std::string> FileObjectStore::Get(absl::string_view key) {
  TS_RETURN_IF_ERROR(CheckObjectKey(key));
  const std::string what = absl::StrCat("Get ", key);
  const Descriptor fd(open(PathOf(key).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.ok() && (errno == ENOENT || errno == ENOTDIR)) return Missing(what, key);
  if (!fd.ok()) return Failed(errno, what);
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return Failed(errno, what);
  std::string bytes(static_cast<size_t>(info.st_size), '\0');
  size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t n = read(fd.get(), bytes.data() + have, bytes.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed(errno, what);
    if (n == 0) {
      return absl::DataLossError(
          absl::StrCat(description_, ": ", what, ": ", have, " of ", bytes.size(), " bytes came"));
    }
    have += static_cast<size_t>(n);
  }
  return bytes;
}

int FileObjectStore::MakeFolders(const std::string& path) const {
  for (size_t slash = path.find('/', folder_.size() + 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string folder = path.substr(0, slash);
    if (mkdir(folder.c_str(), 0777) == 0) {
      if (!SyncFolder(ParentOf(folder))) return errno;
    } else if (errno != EEXIST) {
      return errno;
    }
  }
  return 0;
}

int FileObjectStore::Publish(int fd, const std::string& temporary, const std::string& path) const {
  if (link(temporary.c_str(), path.c_str()) == 0) return 0;
  int error = errno;
  if (error == ENOENT) {
    error = MakeFolders(path);
    if (error != 0) return error;
    if (link(temporary.c_str(), path.c_str()) == 0) return 0;
    error = errno;
  }
  if (error == EEXIST) {
    // An NFS server whose answer got lost meets the link that it made itself.
    struct stat ours, there;
    if (fstat(fd, &ours) == 0 && stat(path.c_str(), &there) == 0 && ours.st_dev == there.st_dev &&
        ours.st_ino == there.st_ino) {
      return 0;
    }
    return EEXIST;
  }
  if (error != EPERM && error != EOPNOTSUPP && error != ENOSYS && error != EMLINK) return error;
  if (renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0) {
    return 0;
  }
  return errno == EINVAL ? EOPNOTSUPP : errno;
}

absl::Status FileObjectStore::Create(absl::string_view key, absl::string_view bytes) {
  TS_RETURN_IF_ERROR(CheckObjectKey(key));
  const std::string what = absl::StrCat("Create ", key);
  const std::string path = PathOf(key);
  struct stat info;
  const auto exists = [&] {
    return absl::AlreadyExistsError(absl::StrCat(description_, ": there is an object ", key));
  };
  if (stat(path.c_str(), &info) == 0) return exists();

  const std::string folder = absl::StrCat(folder_, "/", kTemporaryFolder);
  if (mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) return Failed(errno, what);
  std::random_device random;
  const std::string temporary =
      absl::StrCat(folder, "/", absl::Hex(random(), absl::kZeroPad8),
                   absl::Hex(random(), absl::kZeroPad8), absl::Hex(random(), absl::kZeroPad8));
  Descriptor fd(open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!fd.ok()) return Failed(errno, what);
  // It fails where a rename took the name away; else the cleaning gets what stays.
  const absl::Cleanup remove_it = [&] { unlink(temporary.c_str()); };
  if (!WriteAll(fd.get(), bytes) || fsync(fd.get()) != 0 || fstat(fd.get(), &info) != 0) {
    return Failed(errno, what);
  }
  const int error = Publish(fd.get(), temporary, path);
  if (error == EEXIST) return exists();
  if (error != 0) return Failed(error, what);
  if (!fd.Close() || !SyncFolder(ParentOf(path))) return Failed(errno, what);
  RemoveLeftovers(absl::TimeFromTimespec(info.st_mtim));
  return absl::OkStatus();
}

// Best effort: what cannot be removed now costs space alone, and is tried again.
void FileObjectStore::RemoveLeftovers(absl::Time now_of_store) {
  const int64_t now = absl::GetCurrentTimeNanos();
  int64_t due = next_cleaning_;
  const int64_t next = now + absl::ToInt64Nanoseconds(kBetweenCleanings);
  if (now < due || !next_cleaning_.compare_exchange_strong(due, next)) return;
  const std::string folder = absl::StrCat(folder_, "/", kTemporaryFolder);
  const FolderPtr open_folder(opendir(folder.c_str()));
  if (open_folder == nullptr) return;
  while (const dirent* const entry = readdir(open_folder.get())) {
    const std::string path = absl::StrCat(folder, "/", entry->d_name);
    struct stat info;
    if (stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    if (absl::TimeFromTimespec(info.st_mtim) + kKeepTemporary < now_of_store) unlink(path.c_str());
  }
}

absl::Status FileObjectStore::Delete(absl::string_view key) {
  TS_RETURN_IF_ERROR(CheckObjectKey(key));
  if (unlink(PathOf(key).c_str()) == 0) return absl::OkStatus();
  const int error = errno;
  const std::string what = absl::StrCat("Delete ", key);
  if (error != ENOENT && error != ENOTDIR) return Failed(error, what);
  const absl::Status missing = Missing(what, key);
  return absl::IsNotFound(missing) ? absl::OkStatus() : missing;
}

absl::StatusOr<std::vector<ObjectInfo>> FileObjectStore::List(absl::string_view prefix,
                                                              absl::string_view after,
                                                              size_t limit) {
  TS_RETURN_IF_ERROR(CheckKeyBound("prefix", prefix));
  TS_RETURN_IF_ERROR(CheckKeyBound("after", after));
  FileObjectList list(folder_, prefix, after, limit);
  if (const int error = list.Run(); error != 0) {
    return Failed(error, absl::StrCat("List ", prefix));
  }
  return std::move(list).Take();
}

}  // namespace

std::unique_ptr<ObjectStore> NewFileObjectStore(std::string folder, int parallel) {
  return std::make_unique<FileObjectStore>(std::move(folder), parallel);
}

}  // namespace testselect
