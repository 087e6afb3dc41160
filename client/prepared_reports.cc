#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "client/files.h"
#include "client/report_neighbours.h"
#include "client/upload_client.h"
#include "server/ingest/report_archive.h"
#include "storage/model/digest.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

constexpr size_t kReadBytes = 1 << 20;

absl::StatusOr<int> OpenReport(const std::string& path) {
  if (path == "-") return dup(STDIN_FILENO);
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(absl::StrCat("report ", path), errno);
  return fd;
}

absl::StatusOr<std::pair<int, std::string>> CreateTemporary() {
  const char* folder = getenv("TMPDIR");
  std::string path = absl::StrCat(folder == nullptr || *folder == '\0' ? "/tmp" : folder,
                                  "/testselect-report.XXXXXX");
  const int fd = mkostemp(path.data(), O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(absl::StrCat("cannot create ", path), errno);
  return std::make_pair(fd, path);
}

struct Content {
  uint64_t size = 0;
  std::string digest;
};

// Reads `fd` to its end; with `copy` >= 0 everything is written there too.
absl::StatusOr<Content> Digested(int fd, int copy, const std::string& name) {
  const auto buffer = std::make_unique<char[]>(kReadBytes);
  DigestStream digest;
  Content content;
  while (true) {
    const ssize_t got = read(fd, buffer.get(), kReadBytes);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(absl::StrCat("cannot read report ", name), errno);
    if (got == 0) break;
    const absl::string_view piece(buffer.get(), static_cast<size_t>(got));
    digest.Update(piece);
    content.size += piece.size();
    if (copy >= 0) TS_RETURN_IF_ERROR(WriteAll(copy, piece, "a temporary file"));
  }
  const Digest result = digest.Finish();
  content.digest = std::string(result.bytes());
  return content;
}

// Packs a folder, or the report and its neighbours, and leaves `copy` at its begin.
absl::Status Pack(const std::string& path, const Neighbours& neighbours, int copy) {
  TS_RETURN_IF_ERROR(neighbours.any() ? PackNeighbours(path, neighbours, copy)
                                      : PackFolder(path, copy));
  if (lseek(copy, 0, SEEK_SET) != 0) return ErrnoStatus("a temporary file", errno);
  return absl::OkStatus();
}

}  // namespace

absl::Status PreparedReports::Add(UploadReport report, const Neighbours& neighbours) {
  TS_ASSIGN_OR_RETURN(const int fd, OpenReport(report.path));
  absl::Cleanup close_it = [fd] { close(fd); };
  struct stat info = {};
  if (fstat(fd, &info) != 0) return ErrnoStatus(absl::StrCat("report ", report.path), errno);
  Entry& entry = entries_.emplace_back();
  entry.report = std::move(report);
  if (entry.report.name.empty()) {
    entry.report.name = neighbours.any() ? FolderOfReport(entry.report.path) : entry.report.path;
  }
  entry.file = entry.report.path;
  int copy = -1;
  const bool packed = S_ISDIR(info.st_mode) || neighbours.any();
  if (packed || !S_ISREG(info.st_mode) || entry.report.path == "-") {
    TS_ASSIGN_OR_RETURN(const auto temporary, CreateTemporary());
    copy = temporary.first;
    entry.file = temporary.second;
    entry.temporary = true;
  }
  absl::Cleanup close_copy = [copy] {
    if (copy >= 0) close(copy);
  };
  if (packed) TS_RETURN_IF_ERROR(Pack(entry.report.path, neighbours, copy));
  TS_ASSIGN_OR_RETURN(Content content, packed ? Digested(copy, -1, entry.report.path)
                                              : Digested(fd, copy, entry.report.path));
  entry.size = content.size;
  entry.digest = std::move(content.digest);
  return absl::OkStatus();
}

absl::StatusOr<PreparedReports> PreparedReports::Open(std::vector<UploadReport> reports) {
  PreparedReports prepared;
  prepared.entries_.reserve(reports.size());
  std::vector<std::string> paths;
  for (const UploadReport& report : reports) paths.push_back(report.path);
  for (UploadReport& report : reports) {
    const Neighbours neighbours =
        report.with_neighbours ? FindNeighbours(report.path, report.format, paths) : Neighbours();
    TS_RETURN_IF_ERROR(prepared.Add(std::move(report), neighbours));
  }
  return prepared;
}

PreparedReports::~PreparedReports() {
  for (const Entry& entry : entries_) {
    if (entry.temporary) unlink(entry.file.c_str());
  }
}

void PreparedReports::Describe(v1::UploadHeader& header) const {
  for (const Entry& entry : entries_) {
    v1::ReportHeader& report = *header.add_reports();
    report.set_name(entry.report.name);
    report.set_format(entry.report.format);
    report.set_label(entry.report.label);
    report.set_outcomes(entry.report.outcomes);
    report.set_size(entry.size);
    report.set_digest(entry.digest);
  }
}

uint64_t PreparedReports::total_bytes() const {
  uint64_t total = 0;
  for (const Entry& entry : entries_) total += entry.size;
  return total;
}

}  // namespace testselect::client
