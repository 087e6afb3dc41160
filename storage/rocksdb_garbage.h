// RocksDbGarbage: which blobs a deletion sets free.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/blob_refs.h"
#include "storage/rocksdb_blobs.h"
#include "storage/rocksdb_database.h"
#include "storage/segment_manifest.h"
#include "storage/stored_segment.h"

namespace testselect {

// The manifest that lies in the blob `manifest`. Errors as LoadBlob.
absl::StatusOr<SegmentManifest> LoadManifest(const RocksDbBlobs& blobs, const Digest& manifest);

// Counts the users of blobs, in memory: made from the manifests when first asked for, kept up from
// then on. Not thread-safe.
class RocksDbGarbage {
 public:
  // Both must outlive this.
  RocksDbGarbage(const RocksDbDatabase* database, const RocksDbBlobs* blobs)
      : database_(*database), blobs_(*blobs), refs_(blobs) {}

  // Must have succeeded before any other call but SegmentStored. kDataLoss: a stored segment is
  // damaged, so nobody can tell what is needed, and nothing may be freed. Cost: the first time, one
  // read of every manifest.
  absl::Status Count();
  // The counts no longer follow the disk; the next Count starts anew.
  void Forget() { counted_ = false; }

  // A segment was stored.
  void SegmentStored(const Digest& digest, const SegmentManifest& manifest);
  // A segment is being deleted, whose blobs are given. While `reader` lives they stay needed.
  void SegmentDeleted(std::vector<Digest> blobs, std::weak_ptr<const StoredContent> reader);
  // Gives up the deleted segments whose reader is gone; returns the blobs that nobody needs now.
  std::vector<Digest> TakeFreed();
  bool Needed(const Digest& blob) const { return refs_.Needed(blob); }

 private:
  struct Deleted {
    std::weak_ptr<const StoredContent> reader;
    std::vector<Digest> blobs;
  };
  const RocksDbDatabase& database_;
  const RocksDbBlobs& blobs_;
  BlobRefs refs_;
  bool counted_ = false;
  std::vector<Deleted> deleted_;
};

}  // namespace testselect
