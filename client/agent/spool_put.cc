// Spool::Put: an entry is durable before it is seen.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/agent/spool.h"
#include "client/files.h"
#include "client/report_neighbours.h"
#include "server/ingest/report_archive.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

// The agent, which may be another user of the same group, moves entries and removes reports.
constexpr mode_t kFolderMode = 02770;
constexpr mode_t kFileMode = 0660;

// Creates a file that must not exist, filled by `fill`, synced.
template <typename Fill>
absl::Status CreateSynced(const std::string& path, const Fill& fill) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode);
  if (fd < 0) return ErrnoStatus(absl::StrCat("cannot create ", path), errno);
  absl::Cleanup close_it = [fd] { close(fd); };
  TS_RETURN_IF_ERROR(fill(fd));
  if (fchmod(fd, kFileMode) != 0 || fsync(fd) != 0) {
    return ErrnoStatus(absl::StrCat("cannot write ", path), errno);
  }
  return absl::OkStatus();
}

absl::Status Copy(const std::string& source, const Neighbours& neighbours, int to,
                  const std::string& target) {
  if (neighbours.any()) return PackNeighbours(source, neighbours, to);
  const int from = source == "-" ? dup(STDIN_FILENO) : open(source.c_str(), O_RDONLY | O_CLOEXEC);
  if (from < 0) return ErrnoStatus(absl::StrCat("report ", source), errno);
  absl::Cleanup close_it = [from] { close(from); };
  struct stat info = {};
  if (fstat(from, &info) == 0 && S_ISDIR(info.st_mode)) {
    return PackFolder(source, to);
  }
  std::string buffer(1 << 20, '\0');
  while (true) {
    const ssize_t got = read(from, buffer.data(), buffer.size());
    if (got == 0) return absl::OkStatus();
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(absl::StrCat("cannot read report ", source), errno);
    TS_RETURN_IF_ERROR(
        WriteAll(to, absl::string_view(buffer.data(), static_cast<size_t>(got)), target));
  }
}

absl::Status SyncFolder(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(absl::StrCat("cannot open ", path), errno);
  const int synced = fsync(fd);
  const int error = errno;
  close(fd);
  return synced == 0 ? absl::OkStatus() : ErrnoStatus(absl::StrCat("cannot sync ", path), error);
}

// Names sort by time, and say what the entry is.
std::string NameOf(const v1::UploadHeader& header) {
  std::string job = header.job().name();
  for (char& c : job) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain) c = '_';
  }
  return absl::StrCat(absl::FormatTime("%Y%m%dT%H%M%SZ", absl::Now(), absl::UTCTimeZone()), "-",
                      job.substr(0, 40), "-", header.commit().substr(0, 12));
}

}  // namespace

absl::StatusOr<std::string> Spool::Put(const Manifest& manifest,
                                       const std::vector<std::string>& sources) const {
  std::string folder = absl::StrCat(dir_, "/tmp/", NameOf(manifest.header), "-XXXXXX");
  if (mkdtemp(folder.data()) == nullptr) {
    return ErrnoStatus(absl::StrCat("cannot create a folder in ", dir_, "/tmp"), errno);
  }
  absl::Cleanup remove_it = [&folder] {
    std::error_code ignored;  // the agent removes what is left in tmp/
    std::filesystem::remove_all(folder, ignored);
  };
  std::vector<ManifestReport> files = manifest.reports;
  files.insert(files.end(), manifest.outcomes.begin(), manifest.outcomes.end());
  for (size_t i = 0; i < files.size(); ++i) {
    const std::string path = absl::StrCat(folder, "/", files[i].file);
    const Neighbours neighbours = FindNeighbours(sources[i], files[i].format, sources);
    TS_RETURN_IF_ERROR(
        CreateSynced(path, [&](int fd) { return Copy(sources[i], neighbours, fd, path); }));
  }
  const std::string path = absl::StrCat(folder, "/", kManifestName);
  TS_RETURN_IF_ERROR(
      CreateSynced(path, [&](int fd) { return WriteAll(fd, ManifestJson(manifest), path); }));
  TS_RETURN_IF_ERROR(SyncFolder(folder));
  if (chmod(folder.c_str(), kFolderMode) != 0) {
    return ErrnoStatus(absl::StrCat("cannot set the mode of ", folder), errno);
  }
  const std::string name = folder.substr(folder.rfind('/') + 1);
  if (rename(folder.c_str(), EntryPath(name).c_str()) != 0) {
    return ErrnoStatus(absl::StrCat("cannot move ", folder, " to incoming/"), errno);
  }
  std::move(remove_it).Cancel();
  TS_RETURN_IF_ERROR(SyncFolder(incoming()));
  return name;
}

}  // namespace testselect::client
