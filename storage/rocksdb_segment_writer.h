// SegmentWriter: SegmentContent -> the blobs that a store lacks to hold it.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/blob_codec.h"
#include "storage/rocksdb_blobs.h"
#include "storage/segment_content.h"
#include "storage/segment_manifest.h"

namespace testselect {

// What is to be written for one segment.
struct SegmentDraft {
  Digest manifest_digest;
  SegmentManifest manifest;
  Digest dictionary;                                    // its id
  std::vector<std::pair<Digest, std::string>> missing;  // blob -> stored form
};

// Makes one draft. A blob that the store has already is left out; one that resembles a blob of
// `alike` becomes a patch of it. Not thread-safe. The blobs of `alike` must not be deleted
// meanwhile.
class SegmentWriter {
 public:
  // Both must outlive the writer. `alike`: the manifest (and its digest) of the segment that
  // resembles the new one most; nullptr if there is none.
  SegmentWriter(const RocksDbBlobs* blobs, const SegmentManifest* alike, const Digest& alike_digest)
      : blobs_(*blobs), alike_(alike), alike_digest_(alike_digest) {}

  // kDataLoss: a blob of `alike` is damaged (callers may try again without it); kUnavailable.
  // Cost: compresses what the store lacks.
  absl::StatusOr<SegmentDraft> Write(const SegmentContent& content);

 private:
  absl::Status AddBlob(const Digest& name, absl::string_view raw, const Digest& alike);
  absl::StatusOr<std::string> Encode(const Digest& name, absl::string_view raw,
                                     const Digest& alike);
  Digest PieceAlike(size_t piece) const;
  Digest PackAlike(absl::string_view first_path) const;

  const RocksDbBlobs& blobs_;
  const SegmentManifest* const alike_;
  const Digest alike_digest_;
  BlobEncoder encoder_;
  SegmentDraft draft_;
};

}  // namespace testselect
