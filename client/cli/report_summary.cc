#include "client/cli/report_summary.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "storage/file_record.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

// SHA-256 of text that comes in small pieces.
class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
  }
  void Update(absl::string_view text) {
    buffer_.append(text.data(), text.size());
    if (buffer_.size() >= (1 << 16)) Flush();
  }
  std::string FinishHex() {
    Flush();
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    EVP_DigestFinal_ex(context_.get(), digest, &size);
    return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), size));
  }

 private:
  void Flush() {
    EVP_DigestUpdate(context_.get(), buffer_.data(), buffer_.size());
    buffer_.clear();
  }
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
  std::string buffer_;
};

// One run of lines that a label executed in a file.
struct LabelRun {
  uint32_t file;
  uint32_t run;
};

// The evidence of all files turned around: by label.
class ByLabel {
 public:
  explicit ByLabel(size_t labels) : runs_(labels) {}

  absl::Status Add(FileEvidence evidence) {
    const auto file = static_cast<uint32_t>(files_.size());
    File& kept = files_.emplace_back();
    kept.path = std::move(evidence.path);
    for (const EvidenceSection& section : evidence.sections) {
      if (section.kind != EvidenceKind::kLine) continue;
      for (const EvidenceRun& run : section.runs) {
        DenseLabelSet set(runs_.size());
        if (run.set >= evidence.sets.size()) {
          return absl::DataLossError(
              absl::StrCat(kept.path, ": label set ", run.set, " of ", evidence.sets.size()));
        }
        TS_RETURN_IF_ERROR(UnionLabelSet(evidence.sets[run.set], runs_.size(), &set));
        const auto number = static_cast<uint32_t>(kept.lines.size());
        kept.lines.push_back({run.first, run.last});
        set.ForEach([&](LabelNumber n) { runs_[n].push_back({file, number}); });
      }
    }
    return absl::OkStatus();
  }

  // Hashes everything in the documented order; returns the number of pairs.
  uint64_t Hash(const std::vector<std::string>& labels, Sha256& hash) {
    std::vector<uint32_t> order(labels.size());
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(),
              [&](uint32_t a, uint32_t b) { return labels[a] < labels[b]; });
    uint64_t pairs = 0;
    for (uint32_t n : order) pairs += HashLabel(labels[n], runs_[n], hash);
    return pairs;
  }

 private:
  struct File {
    std::string path;
    std::vector<LineRange> lines;
  };

  uint64_t HashLabel(const std::string& label, std::vector<LabelRun>& runs, Sha256& hash) const {
    // Files are by path already, bytewise; runs of two phases may overlap.
    std::sort(runs.begin(), runs.end(), [this](const LabelRun& a, const LabelRun& b) {
      if (a.file != b.file) return a.file < b.file;
      return files_[a.file].lines[a.run].first < files_[b.file].lines[b.run].first;
    });
    uint64_t pairs = 0;
    uint32_t file = UINT32_MAX, next = 0;
    std::string prefix;
    for (const LabelRun& run : runs) {
      if (run.file != file) {
        file = run.file;
        next = 0;
        prefix = absl::StrCat(label, "\t", files_[file].path, "\t");
      }
      const LineRange& lines = files_[file].lines[run.run];
      for (uint32_t line = std::max(lines.first, next); line <= lines.last; ++line, ++pairs) {
        hash.Update(prefix);
        hash.Update(absl::StrCat(line, "\n"));
      }
      next = std::max(next, lines.last + 1);
    }
    return pairs;
  }

  std::vector<File> files_;
  std::vector<std::vector<LabelRun>> runs_;  // by label number
};

}  // namespace

absl::StatusOr<ReportSummary> Summarise(const IngestResult& result) {
  ReportSummary summary;
  std::vector<std::string> formats = result.summary.formats;
  std::sort(formats.begin(), formats.end());
  formats.erase(std::unique(formats.begin(), formats.end()), formats.end());
  std::erase(formats, "");  // of files that are nothing by themselves, such as JaCoCo's classes
  summary.format = absl::StrJoin(formats, ",");
  summary.labels = result.summary.labels;
  summary.files = result.summary.files;
  summary.outcomes = result.summary.outcomes;
  ByLabel by_label(result.content.labels.size());
  for (const EncodedFile& file : result.content.files) {
    TS_ASSIGN_OR_RETURN(FileEvidence evidence, DecodeFileRecord(file.path, file.record));
    for (const LineRange& lines : evidence.global_lines) {
      summary.global_pairs += lines.last - lines.first + 1;
    }
    TS_RETURN_IF_ERROR(by_label.Add(std::move(evidence)));
  }
  Sha256 hash;
  summary.pairs = by_label.Hash(result.content.labels, hash);
  summary.pairs_sha256 = hash.FinishHex();
  return summary;
}

}  // namespace testselect::client
