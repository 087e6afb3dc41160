#include "server/rpc/upload_spool.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "server/rpc/status.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

namespace fs = std::filesystem;

absl::Status SpoolError(int error, absl::string_view doing) {
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the server's disk is full (", doing, "); nothing was stored, retry later"));
  }
  return absl::UnavailableError(absl::StrCat(doing, ": ", std::generic_category().message(error)));
}

uint64_t FileSize(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? static_cast<uint64_t>(info.st_size) : 0;
}

absl::Status WriteAll(int fd, absl::string_view data) {
  while (!data.empty()) {
    const ssize_t written = ::write(fd, data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return SpoolError(written < 0 ? errno : ENOSPC, "spooling a report");
    data.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status DigestFile(const std::string& path, DigestStream* stream) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT ? absl::OkStatus() : SpoolError(errno, "reading a report");
  std::vector<char> buffer(1 << 20);
  absl::Status status;
  while (true) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) status = SpoolError(errno, "reading a report");
    if (count <= 0) break;
    stream->Update(absl::string_view(buffer.data(), static_cast<size_t>(count)));
  }
  ::close(fd);
  return status;
}

// What lies in an upload's folder.
struct Folder {
  std::string id;
  uint64_t bytes = 0;
  fs::file_time_type touched = fs::file_time_type::min();
};

std::vector<Folder> ListFolders(const std::string& dir) {
  std::vector<Folder> folders;
  std::error_code error;  // what cannot be read now is looked at the next time
  for (auto it = fs::directory_iterator(dir, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    Folder folder{.id = it->path().filename().string()};
    folder.touched = fs::last_write_time(it->path(), error);
    for (auto file = fs::recursive_directory_iterator(it->path(), error);
         !error && file != fs::recursive_directory_iterator(); file.increment(error)) {
      std::error_code gone;
      if (!file->is_regular_file(gone)) continue;
      folder.bytes += file->file_size(gone);
      folder.touched = std::max(folder.touched, file->last_write_time(gone));
    }
    folders.push_back(std::move(folder));
    error.clear();
  }
  return folders;
}

}  // namespace

SpooledUpload::SpooledUpload(UploadSpool* spool, UploadSpec spec, std::string dir)
    : spool_(spool),
      spec_(std::move(spec)),
      dir_(std::move(dir)),
      received_(spec_.reports.size()),
      verified_(spec_.reports.size()) {
  for (uint32_t i = 0; i < received_.size(); ++i) received_[i] = FileSize(ReportPath(i));
}

SpooledUpload::~SpooledUpload() {
  Close();
  spool_->Release(spec_.id);
}

std::string SpooledUpload::ReportPath(uint32_t report) const {
  return absl::StrCat(dir_, "/", report);
}

void SpooledUpload::Close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  digest_.reset();
}

absl::Status SpooledUpload::Switch(uint32_t report) {
  if (fd_ >= 0 && open_report_ == report) return absl::OkStatus();
  Close();
  // Of a report that is continued, Verify computes the digest, once.
  if (received_[report] == 0) digest_ = std::make_unique<DigestStream>();
  fd_ = ::open(ReportPath(report).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd_ < 0) return SpoolError(errno, "spooling a report");
  open_report_ = report;
  return absl::OkStatus();
}

absl::Status SpooledUpload::Append(uint32_t report, uint64_t offset, absl::string_view data) {
  if (report >= spec_.reports.size()) {
    return FieldError("chunk.report", absl::StrCat(report),
                      absl::StrCat("the header declares ", spec_.reports.size(), " reports"));
  }
  if (offset != received_[report]) {
    return FieldError("chunk.offset", absl::StrCat(offset),
                      absl::StrCat("the server holds ", received_[report], " bytes of report ",
                                   report, " and continues there"));
  }
  if (data.size() > spec_.reports[report].size - offset) {
    return FieldError("chunk.data", absl::StrCat("bytes ", offset, " to ", offset + data.size()),
                      absl::StrCat("report ", report, " was declared to have ",
                                   spec_.reports[report].size, " bytes"));
  }
  if (data.empty()) return absl::OkStatus();
  TS_RETURN_IF_ERROR(Switch(report));
  TS_RETURN_IF_ERROR(spool_->Reserve(data.size()));
  absl::Status written = WriteAll(fd_, data);
  if (!written.ok()) {
    // A part may have been written: the file's length is what counts for a later attempt.
    const uint64_t now = FileSize(ReportPath(report));
    spool_->Free(data.size() - std::min<uint64_t>(data.size(), now - received_[report]));
    received_[report] = now;
    Close();
    return written;
  }
  received_[report] += data.size();
  if (digest_ == nullptr) return absl::OkStatus();
  digest_->Update(data);
  if (received_[report] == spec_.reports[report].size) {
    verified_[report] = digest_->Finish() == spec_.reports[report].digest;
  }
  return absl::OkStatus();
}

absl::Status SpooledUpload::Verify() {
  Close();
  for (uint32_t i = 0; i < received_.size(); ++i) {
    const ReportSpec& report = spec_.reports[i];
    const std::string field = absl::StrCat("header.reports[", i, "]");
    if (received_[i] != report.size) {
      return FieldError(absl::StrCat(field, ".size"), absl::StrCat(report.size),
                        absl::StrCat("the server holds ", received_[i],
                                     " bytes; send the rest before the finish"));
    }
    if (report.size == 0) {  // no chunk made its file
      const int fd = ::open(ReportPath(i).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
      if (fd < 0) return SpoolError(errno, "spooling a report");
      ::close(fd);
    }
    if (verified_[i]) continue;
    DigestStream stream;
    TS_RETURN_IF_ERROR(DigestFile(ReportPath(i), &stream));
    const Digest actual = stream.Finish();
    if (actual != report.digest) {
      ::unlink(ReportPath(i).c_str());
      spool_->Free(received_[i]);
      received_[i] = 0;
      return FieldError(absl::StrCat(field, ".digest"), report.digest.ToHex(),
                        absl::StrCat("the bytes received have digest ", actual.ToHex(),
                                     "; they were dropped, send the report again"));
    }
    verified_[i] = true;
  }
  return absl::OkStatus();
}

void SpooledUpload::Discard() {
  Close();
  std::error_code error;
  fs::remove_all(dir_, error);
  if (error) {
    spool_->log_->Warning("an upload's files could not be removed",
                          {{"upload", spec_.id}, {"error", error.message()}});
    return;  // still counted; RemoveStale tries again
  }
  uint64_t freed = 0;
  for (uint64_t& bytes : received_) freed += std::exchange(bytes, 0);
  spool_->Free(freed);
}

UploadSpool::UploadSpool(std::string dir, uint64_t max_bytes, absl::Duration max_age,
                         GaugeHandle bytes_gauge, Logger* log)
    : dir_(std::move(dir)),
      max_bytes_(max_bytes),
      max_age_(max_age),
      bytes_gauge_(bytes_gauge),
      log_(log) {}

absl::StatusOr<std::unique_ptr<UploadSpool>> UploadSpool::Open(std::string dir, uint64_t max_bytes,
                                                               absl::Duration max_age,
                                                               GaugeHandle bytes_gauge,
                                                               Logger* log) {
  std::error_code error;
  fs::create_directories(dir, error);
  if (error) return SpoolError(error.value(), absl::StrCat("creating '", dir, "'"));
  std::unique_ptr<UploadSpool> spool(
      new UploadSpool(std::move(dir), max_bytes, max_age, bytes_gauge, log));
  spool->RemoveStale(absl::Now());
  return spool;
}

std::string UploadSpool::DirOf(absl::string_view id) const { return absl::StrCat(dir_, "/", id); }

absl::StatusOr<std::unique_ptr<SpooledUpload>> UploadSpool::Acquire(const UploadSpec& spec) {
  MutexLock lock(&mutex_);
  if (active_.count(spec.id) > 0) {
    return absl::AbortedError(
        absl::StrCat("another stream is sending upload ", spec.id, "; retry when it has ended"));
  }
  const uint64_t needed = spec.total_bytes();
  if (needed > max_bytes_) {
    return absl::ResourceExhaustedError(absl::StrCat("header.reports: ", needed,
                                                     " bytes in all; the server's limit "
                                                     "spool-max-bytes is ",
                                                     max_bytes_));
  }
  active_.insert(spec.id);  // before the cleaning, which must not take a part that is resumed
  if (bytes_ + needed > max_bytes_) RemoveUnused(absl::Now(), max_bytes_ - needed);
  std::error_code error;
  fs::create_directories(DirOf(spec.id) + "/work", error);
  if (error) {
    active_.erase(spec.id);
    return SpoolError(error.value(), "spooling an upload");
  }
  return std::unique_ptr<SpooledUpload>(new SpooledUpload(this, spec, DirOf(spec.id)));
}

absl::StatusOr<std::vector<uint64_t>> UploadSpool::Received(const UploadSpec& spec) const {
  struct stat info {};
  if (::stat(DirOf(spec.id).c_str(), &info) != 0) {
    return absl::NotFoundError(absl::StrCat("no upload ", spec.id, " is known; start at offset 0"));
  }
  std::vector<uint64_t> received;
  for (size_t i = 0; i < spec.reports.size(); ++i) {
    received.push_back(FileSize(absl::StrCat(DirOf(spec.id), "/", i)));
  }
  return received;
}

void UploadSpool::RemoveStale(absl::Time now) {
  MutexLock lock(&mutex_);
  RemoveUnused(now, max_bytes_);
}

void UploadSpool::RemoveUnused(absl::Time now, uint64_t max_bytes) {
  std::vector<Folder> folders = ListFolders(dir_);
  std::sort(folders.begin(), folders.end(),
            [](const Folder& a, const Folder& b) { return a.touched < b.touched; });
  uint64_t total = 0;
  for (const Folder& folder : folders) total += folder.bytes;
  const auto oldest = fs::file_time_type::clock::now() - absl::ToChronoSeconds(max_age_) -
                      absl::ToChronoSeconds(absl::Now() - now);
  for (const Folder& folder : folders) {
    if (active_.count(folder.id) > 0) continue;
    if (folder.touched > oldest && total <= max_bytes) continue;
    std::error_code error;
    fs::remove_all(DirOf(folder.id), error);
    if (error) continue;
    total -= folder.bytes;
    log_->Info("a broken upload was removed",
               {{"upload", folder.id}, {"bytes", folder.bytes}, {"bytes_left", total}});
  }
  bytes_ = total;
  bytes_gauge_.Set(static_cast<double>(bytes_));
}

void UploadSpool::Release(const std::string& id) {
  MutexLock lock(&mutex_);
  active_.erase(id);
}

absl::Status UploadSpool::Reserve(uint64_t bytes) {
  MutexLock lock(&mutex_);
  if (bytes_ + bytes > max_bytes_) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "unfinished uploads take ", bytes_,
        " bytes already; the server's limit spool-max-bytes is ", max_bytes_, "; retry later"));
  }
  bytes_ += bytes;
  bytes_gauge_.Set(static_cast<double>(bytes_));
  return absl::OkStatus();
}

void UploadSpool::Free(uint64_t bytes) {
  MutexLock lock(&mutex_);
  bytes_ -= std::min(bytes, bytes_);
  bytes_gauge_.Set(static_cast<double>(bytes_));
}

}  // namespace testselect
