// PackFolder: the writing side of report_archive.h.
#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "server/ingest/report_archive.h"
#include "server/ingest/sqlite_log.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

namespace fs = std::filesystem;

constexpr size_t kCopyBytes = 256 << 10;

absl::Status FileError(const std::string& file, int error) {
  return absl::ErrnoToStatus(error, absl::StrCat("report ", file));
}

using Wanted = std::function<bool(const std::string&)>;

// The wanted files below `folder`, relative to it, sorted.
absl::StatusOr<std::vector<std::string>> FilesBelow(const std::string& folder,
                                                    const Wanted& wanted) {
  std::vector<std::string> files;
  std::error_code error;
  auto it = fs::recursive_directory_iterator(folder, error);
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    std::error_code unreadable;  // what is not wanted may be anything
    if (wanted && (!it->is_regular_file(unreadable) || !wanted(it->path().string()))) continue;
    std::error_code failed;
    const fs::file_status status = it->status(failed);
    if (failed) return FileError(it->path().string(), failed.value());
    const bool folder_itself = fs::is_directory(status) && !it->is_symlink(failed);
    if (folder_itself) continue;
    if (!fs::is_regular_file(status)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "report ", it->path().string(), " is neither a file nor a folder of ", folder));
    }
    files.push_back(it->path().lexically_relative(folder).string());
  }
  if (error) return FileError(folder, error.value());
  std::sort(files.begin(), files.end());
  return files;
}

class Packing {
 public:
  Packing(std::string folder, int fd) : folder_(std::move(folder)), fd_(fd) {}

  absl::Status Run(const std::vector<std::string>& files) {
    archive_write_set_format_pax_restricted(writer_.get());
    // Names are bytes, whatever the locale says.
    archive_write_set_option(writer_.get(), "pax", "hdrcharset", "BINARY");
    if (archive_write_open_fd(writer_.get(), fd_) != ARCHIVE_OK) return WriteError();
    const std::vector<Logged> logged = FindLogged(files);
    for (const std::string& file : files) TS_RETURN_IF_ERROR(AddFile(file));
    for (const Logged& database : logged) TS_RETURN_IF_ERROR(CheckUnchanged(database));
    return archive_write_close(writer_.get()) == ARCHIVE_OK ? absl::OkStatus() : WriteError();
  }

 private:
  // A database and its write-ahead log belong together: read while somebody writes, they are no
  // state that the database ever had.
  struct Logged {
    std::string path;
    struct stat info[2] = {};  // its own and its log's
  };

  static absl::Status StatBoth(Logged* database) {
    const std::string log = absl::StrCat(database->path, kSqliteLogSuffix);
    if (stat(database->path.c_str(), &database->info[0]) != 0) {
      return FileError(database->path, errno);
    }
    return stat(log.c_str(), &database->info[1]) == 0 ? absl::OkStatus() : FileError(log, errno);
  }

  std::vector<Logged> FindLogged(const std::vector<std::string>& files) const {
    std::vector<Logged> logged;
    for (const std::string& file : files) {
      if (!std::binary_search(files.begin(), files.end(), absl::StrCat(file, kSqliteLogSuffix)))
        continue;
      Logged database{absl::StrCat(folder_, "/", file)};
      if (StatBoth(&database).ok()) logged.push_back(database);  // else AddFile says why not
    }
    return logged;
  }

  static absl::Status CheckUnchanged(const Logged& before) {
    Logged now{before.path};
    absl::Status found = StatBoth(&now);
    for (int i = 0; i < 2 && found.ok(); ++i) {
      const struct stat &a = before.info[i], &b = now.info[i];
      if (a.st_ino != b.st_ino || a.st_size != b.st_size || a.st_mtim.tv_sec != b.st_mtim.tv_sec ||
          a.st_mtim.tv_nsec != b.st_mtim.tv_nsec) {
        found = absl::NotFoundError("changed");
      }
    }
    if (found.ok()) return found;
    return absl::FailedPreconditionError(
        absl::StrCat("report ", before.path, " was written to while it was read; upload it after ",
                     "the run has ended"));
  }

  absl::Status AddFile(const std::string& relative) {
    const std::string path = absl::StrCat(folder_, "/", relative);
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return FileError(path, errno);
    struct stat info = {};
    absl::Status added = fstat(fd, &info) == 0 ? AddContent(relative, path, fd, info.st_size)
                                               : FileError(path, errno);
    close(fd);
    return added;
  }

  absl::Status AddContent(const std::string& relative, const std::string& path, int fd,
                          int64_t size) {
    archive_entry* const entry = archive_entry_clear(entry_.get());
    archive_entry_copy_pathname(entry, relative.c_str());
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_mtime(entry, 0, 0);
    archive_entry_set_size(entry, size);
    // A warning is about a name that the locale cannot spell.
    if (archive_write_header(writer_.get(), entry) < ARCHIVE_WARN) return WriteError();
    for (int64_t left = size;;) {
      const ssize_t got = read(fd, buffer_.data(), buffer_.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return FileError(path, errno);
      left -= got;
      if (left < 0 || (got == 0 && left > 0)) {
        return absl::FailedPreconditionError(
            absl::StrCat("report ", path, " changed its size while it was read; upload it again"));
      }
      if (got == 0) return absl::OkStatus();
      if (archive_write_data(writer_.get(), buffer_.data(), static_cast<size_t>(got)) != got) {
        return WriteError();
      }
    }
  }

  absl::Status WriteError() const {
    const char* const message = archive_error_string(writer_.get());
    return absl::ErrnoToStatus(archive_errno(writer_.get()),
                               absl::StrCat("report ", folder_, ": cannot be packed",
                                            message == nullptr ? "" : absl::StrCat(": ", message)));
  }

  const std::string folder_;
  const int fd_;
  const std::unique_ptr<archive, int (*)(archive*)> writer_{archive_write_new(),
                                                            archive_write_free};
  const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry_{archive_entry_new(),
                                                                        archive_entry_free};
  std::vector<char> buffer_ = std::vector<char>(kCopyBytes);
};

}  // namespace

absl::Status PackFolder(const std::string& folder, int fd,
                        const std::function<bool(const std::string&)>& wanted) {
  TS_ASSIGN_OR_RETURN(const std::vector<std::string> files, FilesBelow(folder, wanted));
  if (files.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("report ", folder, " is an empty folder"));
  }
  return Packing(folder, fd).Run(files);
}

absl::Status PackFiles(const std::string& folder, std::vector<std::string> files, int fd) {
  std::sort(files.begin(), files.end());
  return Packing(folder, fd).Run(files);
}

}  // namespace testselect
