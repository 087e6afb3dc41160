// OpenReportFile: a report on disk as a ReportSource.
#include <algorithm>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/ingest/byte_stream.h"
#include "server/ingest/report_parser.h"
#include "server/ingest/spool_file.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

class FileReport : public ReportSource {
 public:
  FileReport(std::string file, std::string name, std::string spool_dir, uint64_t max_bytes,
             std::unique_ptr<ByteStream> stream)
      : file_(std::move(file)),
        name_(std::move(name)),
        spool_dir_(std::move(spool_dir)),
        max_bytes_(max_bytes),
        stream_(std::move(stream)) {}

  const std::string& name() const override { return name_; }

  absl::StatusOr<size_t> Read(char* buffer, size_t capacity) override {
    if (peek_at_ < peek_.size()) {
      const size_t n = std::min(capacity, peek_.size() - peek_at_);
      std::memcpy(buffer, peek_.data() + peek_at_, n);
      peek_at_ += n;
      return n;
    }
    return ReadStream(stream_.get(), buffer, capacity, &delivered_);
  }

  absl::StatusOr<absl::string_view> Peek() override {
    if (peeked_) return absl::string_view(peek_);
    peeked_ = true;
    peek_.resize(kPeekBytes);
    size_t have = 0;
    while (have < kPeekBytes) {
      TS_ASSIGN_OR_RETURN(const size_t n, ReadStream(stream_.get(), peek_.data() + have,
                                                     kPeekBytes - have, &delivered_));
      if (n == 0) break;
      have += n;
    }
    peek_.resize(have);
    return absl::string_view(peek_);
  }

  absl::StatusOr<std::string> path() override {
    if (!stream_->compressed()) return file_;
    if (unpacked_ != nullptr) return unpacked_->path();
    TS_ASSIGN_OR_RETURN(auto unpacked, SpoolFile::Create(spool_dir_));
    TS_ASSIGN_OR_RETURN(auto again, OpenByteStream(file_, name_));
    std::vector<char> buffer(256 << 10);
    uint64_t delivered = 0;
    for (;;) {
      TS_ASSIGN_OR_RETURN(const size_t n,
                          ReadStream(again.get(), buffer.data(), buffer.size(), &delivered));
      if (n == 0) break;
      TS_RETURN_IF_ERROR(unpacked->Write({buffer.data(), n}));
    }
    unpacked_ = std::move(unpacked);
    return unpacked_->path();
  }

 private:
  absl::StatusOr<size_t> ReadStream(ByteStream* stream, char* buffer, size_t capacity,
                                    uint64_t* delivered) {
    TS_ASSIGN_OR_RETURN(const size_t n, stream->Read(buffer, capacity));
    *delivered += n;
    if (*delivered > max_bytes_) {
      return absl::ResourceExhaustedError(absl::StrCat(name_, ": holds more than the limit of ",
                                                       max_bytes_, " bytes after decompression"));
    }
    return n;
  }

  const std::string file_, name_, spool_dir_;
  const uint64_t max_bytes_;
  const std::unique_ptr<ByteStream> stream_;
  uint64_t delivered_ = 0;
  bool peeked_ = false;
  std::string peek_;
  size_t peek_at_ = 0;
  std::unique_ptr<SpoolFile> unpacked_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ReportSource>> OpenReportFile(const std::string& file,
                                                             const std::string& name,
                                                             const std::string& spool_dir,
                                                             uint64_t max_bytes) {
  TS_ASSIGN_OR_RETURN(auto stream, OpenByteStream(file, name));
  return std::make_unique<FileReport>(file, name, spool_dir, max_bytes, std::move(stream));
}

absl::StatusOr<std::unique_ptr<ReportSource>> ReopenReport(ReportSource& source) {
  TS_ASSIGN_OR_RETURN(const std::string path, source.path());
  return OpenReportFile(path, source.name(), "", UINT64_MAX);
}

}  // namespace testselect
