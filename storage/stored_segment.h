// StoredSegment: a Segment that reads its evidence from blobs when asked.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/index_store.h"
#include "storage/model/lru_map.h"
#include "storage/segment_manifest.h"

namespace testselect {

// Where blobs come from. Thread-safe.
class BlobSource {
 public:
  virtual ~BlobSource() = default;
  // kDataLoss: missing or damaged; kUnavailable: I/O failed, or the store is closed.
  virtual absl::StatusOr<std::shared_ptr<const std::string>> LoadBlob(const Digest& name) const = 0;
};

// Decoded file evidence by (pack digest, path): segments that share a pack share these.
// Weighs bytes.
using FileCache = SharedLruMap<std::string, const FileEvidence>;

// The blobs that a segment with this manifest needs, its manifest's own `digest` included.
std::vector<Digest> BlobsOf(const Digest& digest, const SegmentManifest& manifest);

// What never changes of a segment, shared by all its openings.
struct StoredContent {
  SegmentManifest manifest;
  std::shared_ptr<const LabelDictionary> labels;
  std::shared_ptr<const BlobSource> blobs;
  std::shared_ptr<FileCache> cache;
};

// Immutable, thread-safe.
class StoredSegment final : public Segment {
 public:
  StoredSegment(SegmentInfo info, std::shared_ptr<const StoredContent> content)
      : info_(std::move(info)), content_(std::move(content)) {}

  const SegmentInfo& info() const override { return info_; }
  std::shared_ptr<const LabelDictionary> labels() const override { return content_->labels; }
  const DenseLabelSet& ran() const override { return content_->manifest.ran; }

  absl::StatusOr<std::shared_ptr<const FileEvidence>> FindFile(
      absl::string_view path) const override;
  absl::Status ForEachFile(std::function<bool(const FileEvidence&)> f) const override;
  absl::StatusOr<std::shared_ptr<const std::vector<LabelOutcome>>> Outcomes() const override;
  absl::StatusOr<std::shared_ptr<const DenseLabelSet>> EmptyEvidence() const override;

 private:
  const SegmentInfo info_;
  const std::shared_ptr<const StoredContent> content_;
};

}  // namespace testselect
