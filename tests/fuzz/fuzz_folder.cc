#include "tests/fuzz/fuzz_folder.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "tests/fuzz/fuzz_parser.h"
#include "tests/unit/ingest/memory_report.h"

namespace testselect {
namespace {

constexpr size_t kMaxInput = 1 << 20;
constexpr absl::string_view kSeparator = "\n=file=\n";

class MemoryFolder : public ReportFolder {
 public:
  MemoryFolder(absl::string_view input, size_t piece) : piece_(piece) {
    std::vector<std::pair<std::string, std::string>> files;
    for (const absl::string_view file : absl::StrSplit(input, kSeparator)) {
      files.push_back(absl::StrSplit(file, absl::MaxSplits('\n', 1)));
    }
    std::stable_sort(files.begin(), files.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (auto& [path, content] : files) {
      paths_.push_back(std::move(path));
      contents_.push_back(std::move(content));
    }
  }
  const std::vector<std::string>& paths() const override { return paths_; }
  absl::StatusOr<std::unique_ptr<ReportSource>> Open(size_t i) const override {
    return std::make_unique<MemoryReport>(contents_[i], piece_);
  }
  const std::string& name() const override { return name_; }

 private:
  const size_t piece_;
  const std::string name_ = "report";
  std::vector<std::string> paths_, contents_;
};

}  // namespace

int FuzzFolder(const FolderParser* parser, const uint8_t* data, size_t size) {
  if (size > kMaxInput) return 0;
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t piece = size > 0 && size < 4096 ? 1 + data[size / 2] % 64 : SIZE_MAX;
  const MemoryFolder folder(input, piece);
  (void)parser->Takes(folder.paths()[0], input.substr(0, ReportSource::kPeekBytes));
  ParseOptions options;
  options.label = "label";
  FinishFuzzedUpload(
      [&](EvidenceSink& sink) { return parser->ParseFolder(folder, options, sink); });
  return 0;
}

}  // namespace testselect
