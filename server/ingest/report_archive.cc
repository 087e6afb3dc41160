#include "server/ingest/report_archive.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "server/ingest/parse_error.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect {
namespace {

constexpr size_t kReadBytes = 256 << 10;
constexpr size_t kMaxNameBytes = 4096;
constexpr size_t kTarBlock = 512;
// A tar archive ends in two blocks of zeros: without them it was cut off, perhaps between files.
constexpr uint64_t kTarEndBytes = 2 * kTarBlock;

// The header's own checksum: the sum of its bytes, the checksum's taken as blanks.
bool IsTar(absl::string_view head) {
  if (head.size() < kTarBlock || head.substr(257, 5) != "ustar") return false;
  uint32_t sum = 0, stored = 0;
  for (size_t i = 0; i < kTarBlock; ++i) {
    sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(head[i]);
  }
  for (const char c : head.substr(148, 8)) {
    if (c >= '0' && c <= '7') stored = stored * 8 + static_cast<uint32_t>(c - '0');
  }
  return sum == stored;
}

bool IsZip(absl::string_view head) {
  return absl::StartsWith(head, absl::string_view("PK\3\4", 4)) ||
         absl::StartsWith(head, absl::string_view("PK\5\6", 4));
}

// "./a//b" -> "a/b"; kInvalidArgument for a name that is not below the folder.
absl::StatusOr<std::string> CleanName(absl::string_view name) {
  std::vector<absl::string_view> parts;
  for (const absl::string_view part : absl::StrSplit(name, '/')) {
    if (part == "..") return absl::InvalidArgumentError("the name leaves the folder");
    if (!part.empty() && part != ".") parts.push_back(part);
  }
  if (absl::StartsWith(name, "/")) return absl::InvalidArgumentError("the name leaves the folder");
  if (parts.empty()) return absl::InvalidArgumentError("the name is empty");
  if (name.size() > kMaxNameBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the name has ", name.size(), " bytes; the limit is ", kMaxNameBytes));
  }
  if (!IsUtf8(name)) return absl::InvalidArgumentError("the name is not UTF-8");
  return absl::StrJoin(parts, "/");
}

// What libarchive reads a tar archive through.
class Feed {
 public:
  explicit Feed(ReportSource* source) : source_(source), buffer_(kReadBytes) {}

  static la_ssize_t Read(archive* reader, void* self, const void** data) {
    Feed& feed = *static_cast<Feed*>(self);
    const absl::StatusOr<size_t> got = feed.source_->Read(feed.buffer_.data(), kReadBytes);
    if (!got.ok()) {
      feed.error_ = got.status();
      archive_set_error(reader, EIO, "the report cannot be read");
      return -1;
    }
    const absl::string_view piece(feed.buffer_.data(), *got);
    const size_t last = piece.find_last_not_of('\0');
    const bool zeros = last == absl::string_view::npos;
    feed.zeros_at_end_ = zeros ? feed.zeros_at_end_ + piece.size() : piece.size() - last - 1;
    *data = feed.buffer_.data();
    return static_cast<la_ssize_t>(*got);
  }

  const absl::Status& error() const { return error_; }
  uint64_t zeros_at_end() const { return zeros_at_end_; }  // of what was read so far

 private:
  ReportSource* const source_;
  std::vector<char> buffer_;
  absl::Status error_;
  uint64_t zeros_at_end_ = 0;
};

using Reader = std::unique_ptr<archive, int (*)(archive*)>;

absl::string_view MessageOf(archive* reader) {
  const char* const message = archive_error_string(reader);
  return message == nullptr ? "the archive is broken" : message;
}

// One unpacking.
class Unpacking {
 public:
  Unpacking(ReportSource* source, const std::string& spool_dir, uint64_t max_bytes)
      : source_(source), spool_dir_(spool_dir), max_bytes_(max_bytes), feed_(source) {}

  absl::Status Run() {
    TS_ASSIGN_OR_RETURN(const absl::string_view head, source_->Peek());
    const bool tar = IsTar(head);
    TS_RETURN_IF_ERROR(tar ? OpenTar() : OpenZip());
    for (;;) {
      archive_entry* entry = nullptr;
      const int code = archive_read_next_header(reader_.get(), &entry);
      if (code == ARCHIVE_EOF) break;
      // A warning is about a name that the locale cannot spell; its bytes are taken as they are.
      if (code != ARCHIVE_OK && code != ARCHIVE_WARN) return Broken();
      TS_RETURN_IF_ERROR(TakeEntry(entry));
    }
    if (tar && feed_.zeros_at_end() < kTarEndBytes) {
      return Error("the archive has no end: it is cut off");
    }
    std::sort(files.begin(), files.end(),
              [](const auto& a, const auto& b) { return a.path < b.path; });
    return absl::OkStatus();
  }

  std::vector<UnpackedArchive::File> files;
  std::vector<std::unique_ptr<SpoolFile>> contents;

 private:
  absl::Status OpenTar() {
    archive_read_support_format_tar(reader_.get());
    // Archives put behind one another are read to the end, as tools append to them.
    archive_read_set_option(reader_.get(), "tar", "read_concatenated_archives", "1");
    const int code = archive_read_open(reader_.get(), &feed_, nullptr, &Feed::Read, nullptr);
    return code == ARCHIVE_OK ? absl::OkStatus() : Broken();
  }

  // By its list at the end, so that none of its files is missed.
  absl::Status OpenZip() {
    TS_ASSIGN_OR_RETURN(const std::string path, source_->path());
    archive_read_support_format_zip_seekable(reader_.get());
    const int code = archive_read_open_filename(reader_.get(), path.c_str(), kReadBytes);
    return code == ARCHIVE_OK ? absl::OkStatus() : Broken();
  }

  absl::Status TakeEntry(archive_entry* entry) {
    const char* name = archive_entry_pathname(entry);
    if (name == nullptr) name = archive_entry_pathname_utf8(entry);
    entry_ = name == nullptr ? "" : name;
    const bool link =
        archive_entry_hardlink(entry) != nullptr || archive_entry_symlink(entry) != nullptr;
    const auto type = archive_entry_filetype(entry);
    if (type == AE_IFDIR && !link) return absl::OkStatus();
    if (link || type != AE_IFREG) return Error("is no regular file but a link or a device");
    absl::StatusOr<std::string> path = CleanName(entry_);
    if (!path.ok()) return Error(path.status().message());
    if (!seen_.insert(*path).second) return Error("is there twice");
    if (files.size() >= UnpackedArchive::kMaxFiles) {
      return absl::ResourceExhaustedError(absl::StrCat(source_->name(),
                                                       ": holds more than the limit of ",
                                                       UnpackedArchive::kMaxFiles, " files"));
    }
    TS_ASSIGN_OR_RETURN(std::unique_ptr<SpoolFile> content, SpoolFile::Create(spool_dir_));
    TS_RETURN_IF_ERROR(Copy(*content));
    content->Close();
    files.push_back({*std::move(path), content->path()});
    contents.push_back(std::move(content));
    return absl::OkStatus();
  }

  absl::Status Copy(SpoolFile& to) {
    for (;;) {
      const la_ssize_t got = archive_read_data(reader_.get(), buffer_.data(), buffer_.size());
      if (got == 0) return absl::OkStatus();
      if (got < 0) return Broken();
      bytes_ += static_cast<uint64_t>(got);
      if (bytes_ > max_bytes_) {
        return absl::ResourceExhaustedError(absl::StrCat(
            source_->name(), ": holds more than the limit of ", max_bytes_, " bytes in its files"));
      }
      TS_RETURN_IF_ERROR(to.Write({buffer_.data(), static_cast<size_t>(got)}));
    }
  }

  absl::Status Broken() const {
    return feed_.error().ok() ? Error(MessageOf(reader_.get())) : feed_.error();
  }
  absl::Status Error(absl::string_view what) const {
    const std::string place = entry_.empty() ? "" : absl::StrCat("entry ", Quoted(entry_), ": ");
    return absl::InvalidArgumentError(absl::StrCat(source_->name(), ": archive: ", place, what));
  }

  ReportSource* const source_;
  const std::string& spool_dir_;
  const uint64_t max_bytes_;
  Feed feed_;  // outlives its reader
  const Reader reader_{archive_read_new(), archive_read_free};
  std::vector<char> buffer_ = std::vector<char>(kReadBytes);
  std::string entry_;  // being read, for messages
  absl::flat_hash_set<std::string> seen_;
  uint64_t bytes_ = 0;
};

}  // namespace

bool IsArchive(absl::string_view head) { return IsTar(head) || IsZip(head); }

absl::StatusOr<std::unique_ptr<UnpackedArchive>> UnpackedArchive::Unpack(
    ReportSource& source, const std::string& spool_dir, uint64_t max_bytes) {
  Unpacking unpacking(&source, spool_dir, max_bytes);
  TS_RETURN_IF_ERROR(unpacking.Run());
  std::unique_ptr<UnpackedArchive> archive(new UnpackedArchive);
  archive->files_ = std::move(unpacking.files);
  archive->contents_ = std::move(unpacking.contents);
  return archive;
}

}  // namespace testselect
