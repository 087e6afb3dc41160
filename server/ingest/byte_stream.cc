#include "server/ingest/byte_stream.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr size_t kInputBytes = 128 << 10;

class PlainFile : public ByteStream {
 public:
  PlainFile(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  ~PlainFile() override { close(fd_); }
  PlainFile(const PlainFile&) = delete;
  PlainFile& operator=(const PlainFile&) = delete;

  bool compressed() const override { return false; }
  absl::StatusOr<size_t> Read(char* buffer, size_t capacity) override {
    for (;;) {
      const ssize_t n = read(fd_, buffer, capacity);
      if (n >= 0) return static_cast<size_t>(n);
      if (errno != EINTR) {
        return absl::UnavailableError(
            absl::StrCat(name_, ": cannot be read: ", std::strerror(errno)));
      }
    }
  }

  // The first bytes, without moving.
  std::string Magic() const {
    char magic[4];
    const ssize_t n = pread(fd_, magic, sizeof magic, 0);
    return std::string(magic, n > 0 ? static_cast<size_t>(n) : 0);
  }

 private:
  const int fd_;
  const std::string name_;
};

// What the two decompressors share: a buffer of compressed bytes and where it is in the file.
class CompressedFile : public ByteStream {
 public:
  CompressedFile(std::unique_ptr<PlainFile> file, std::string name, absl::string_view kind)
      : name_(std::move(name)), kind_(kind), file_(std::move(file)), input_(kInputBytes) {}
  bool compressed() const override { return true; }

 protected:
  // Makes input available if there is none; false at the end of the file.
  absl::StatusOr<bool> Fill() {
    if (at_ < end_) return true;
    base_ += end_;
    TS_ASSIGN_OR_RETURN(end_, file_->Read(input_.data(), input_.size()));
    at_ = 0;
    return end_ > 0;
  }
  absl::Status Broken(absl::string_view what) const {
    return absl::InvalidArgumentError(
        absl::StrCat(name_, ": ", kind_, ": byte ", base_ + at_, ": ", what));
  }
  const char* data() const { return input_.data() + at_; }
  size_t available() const { return end_ - at_; }
  void Consume(size_t n) { at_ += n; }

 private:
  const std::string name_;
  const std::string kind_;
  const std::unique_ptr<PlainFile> file_;
  std::vector<char> input_;
  size_t at_ = 0, end_ = 0;
  uint64_t base_ = 0;  // of input_ in the file
};

class GzipFile : public CompressedFile {
 public:
  GzipFile(std::unique_ptr<PlainFile> file, std::string name)
      : CompressedFile(std::move(file), std::move(name), "gzip") {}
  ~GzipFile() override {
    if (open_) inflateEnd(&stream_);
  }

  absl::StatusOr<size_t> Read(char* buffer, size_t capacity) override {
    stream_.next_out = reinterpret_cast<Bytef*>(buffer);
    stream_.avail_out = static_cast<uInt>(std::min(capacity, size_t{1} << 30));
    const uInt wanted = stream_.avail_out;
    while (stream_.avail_out == wanted) {
      TS_ASSIGN_OR_RETURN(const bool more, Fill());
      if (!more) {
        if (in_member_) return Broken("the stream is cut off");
        return 0;
      }
      if (!in_member_) {
        if (any_member_ && *data() == '\0') {  // padding after the last member, as tapes have it
          Consume(1);
          continue;
        }
        TS_RETURN_IF_ERROR(Begin());
      }
      TS_RETURN_IF_ERROR(Inflate());
    }
    return wanted - stream_.avail_out;
  }

 private:
  absl::Status Begin() {
    const int code = open_ ? inflateReset(&stream_) : inflateInit2(&stream_, 15 + 16);
    if (code != Z_OK) return absl::ResourceExhaustedError("gzip: no memory");
    open_ = in_member_ = true;
    return absl::OkStatus();
  }
  absl::Status Inflate() {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data()));
    stream_.avail_in = static_cast<uInt>(available());
    const int code = inflate(&stream_, Z_NO_FLUSH);
    Consume(available() - stream_.avail_in);
    if (code == Z_STREAM_END) {
      in_member_ = false;
      any_member_ = true;
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      return Broken(stream_.msg != nullptr ? stream_.msg : "the stream is broken");
    }
    return absl::OkStatus();
  }

  z_stream stream_{};
  bool open_ = false, in_member_ = false, any_member_ = false;
};

class ZstdFile : public CompressedFile {
 public:
  ZstdFile(std::unique_ptr<PlainFile> file, std::string name)
      : CompressedFile(std::move(file), std::move(name), "zstd"),
        stream_(ZSTD_createDStream(), ZSTD_freeDStream) {}

  absl::StatusOr<size_t> Read(char* buffer, size_t capacity) override {
    if (stream_ == nullptr) return absl::ResourceExhaustedError("zstd: no memory");
    ZSTD_outBuffer out{buffer, capacity, 0};
    while (out.pos == 0) {
      TS_ASSIGN_OR_RETURN(const bool more, Fill());
      if (!more && !in_frame_) return 0;
      ZSTD_inBuffer in{data(), available(), 0};
      const size_t code = ZSTD_decompressStream(stream_.get(), &out, &in);
      Consume(in.pos);
      if (ZSTD_isError(code)) return Broken(ZSTD_getErrorName(code));
      if (!more && out.pos == 0) return Broken("the stream is cut off");
      in_frame_ = code != 0;
    }
    return out.pos;
  }

 private:
  std::unique_ptr<ZSTD_DStream, size_t (*)(ZSTD_DStream*)> stream_;
  bool in_frame_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ByteStream>> OpenByteStream(const std::string& file,
                                                           const std::string& name) {
  // Without O_NONBLOCK a named pipe would block here for ever.
  const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    const std::string message = absl::StrCat(name, ": cannot be opened: ", std::strerror(errno));
    return errno == ENOENT ? absl::NotFoundError(message) : absl::UnavailableError(message);
  }
  auto plain = std::make_unique<PlainFile>(fd, name);
  struct stat info;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": is no regular file"));
  }
  const std::string magic = plain->Magic();
  if (magic.substr(0, 2) == "\x1f\x8b") {
    return std::make_unique<GzipFile>(std::move(plain), name);
  }
  if (magic == "\x28\xb5\x2f\xfd") return std::make_unique<ZstdFile>(std::move(plain), name);
  return plain;
}

}  // namespace testselect
