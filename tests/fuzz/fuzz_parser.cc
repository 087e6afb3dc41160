#include "tests/fuzz/fuzz_parser.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/ingest/upload_builder.h"
#include "tests/unit/ingest/memory_report.h"

namespace testselect {
namespace {

constexpr size_t kMaxInput = 1 << 20;

// A report in memory that also has a file, for parsers that need one.
class FuzzReport : public MemoryReport {
 public:
  FuzzReport(const std::string& content, size_t piece)
      : MemoryReport(content, piece), fd_(memfd_create("report", MFD_CLOEXEC)) {
    if (fd_ < 0 ||
        write(fd_, content.data(), content.size()) != static_cast<ssize_t>(content.size())) {
      std::abort();
    }
  }
  ~FuzzReport() override { close(fd_); }
  absl::StatusOr<std::string> path() override { return absl::StrCat("/proc/self/fd/", fd_); }

 private:
  const int fd_;
};

void CheckPath(const std::string& path) {
  bool bad = path.empty() || path[0] == '/' || path.find('\0') != std::string::npos;
  for (const absl::string_view part : absl::StrSplit(path, '/')) bad |= part == "..";
  if (!bad) return;
  std::fprintf(stderr, "a path leaves the repository: %s\n", path.c_str());
  std::abort();
}

}  // namespace

int FuzzParser(const ReportParser* parser, const uint8_t* data, size_t size) {
  if (size > kMaxInput) return 0;
  const std::string content(reinterpret_cast<const char*>(data), size);
  // Small inputs are cut into small pieces, so that every state is met at a border.
  const size_t piece = size > 0 && size < 4096 ? 1 + data[size / 2] % 64 : SIZE_MAX;
  FuzzReport report(content, piece);
  (void)parser->Recognises(absl::string_view(content).substr(0, ReportSource::kPeekBytes));
  ParseOptions options;
  options.label = "label";
  FinishFuzzedUpload([&](EvidenceSink& sink) { return parser->Parse(report, options, sink); });
  return 0;
}

void FinishFuzzedUpload(const std::function<absl::Status(EvidenceSink&)>& parse) {
  UploadBuilder builder(PathMapper::Create({"/build/app", ""}, {}).value(), nullptr, false, {});
  if (!parse(builder).ok()) return;
  const absl::StatusOr<SegmentContent> segment = builder.Finish();
  if (!segment.ok()) return;
  // An index's keys are patterns, which are compared with paths and never opened.
  if (segment->kinds == 1u << static_cast<int>(EvidenceKind::kIndexKey)) return;
  for (const EncodedFile& file : segment->files) CheckPath(file.path);
}

}  // namespace testselect
