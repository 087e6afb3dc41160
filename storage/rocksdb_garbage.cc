#include "storage/rocksdb_garbage.h"

#include <string>
#include <utility>

#include "storage/model/status_macros.h"
#include "storage/segment_row.h"

namespace testselect {

absl::StatusOr<SegmentManifest> LoadManifest(const RocksDbBlobs& blobs, const Digest& manifest) {
  TS_ASSIGN_OR_RETURN(const std::shared_ptr<const std::string> bytes, blobs.LoadBlob(manifest));
  return DecodeManifest(*bytes);
}

absl::Status RocksDbGarbage::Count() {
  if (counted_) return absl::OkStatus();
  refs_ = BlobRefs(&blobs_);
  TS_ASSIGN_OR_RETURN(const auto rows, database_.Scan(std::string(1, kSegmentRowPrefix)));
  for (const auto& [key, row] : rows) {
    TS_ASSIGN_OR_RETURN(const CatalogEntry entry, DecodeSegmentRow(key, row));
    TS_ASSIGN_OR_RETURN(const SegmentManifest manifest, LoadManifest(blobs_, entry.manifest));
    TS_RETURN_IF_ERROR(refs_.Retain(BlobsOf(entry.manifest, manifest)));
  }
  for (const Deleted& d : deleted_) TS_RETURN_IF_ERROR(refs_.Retain(d.blobs));
  counted_ = true;
  return absl::OkStatus();
}

void RocksDbGarbage::SegmentStored(const Digest& digest, const SegmentManifest& manifest) {
  if (!counted_) return;
  counted_ = refs_.Retain(BlobsOf(digest, manifest)).ok();
}

void RocksDbGarbage::SegmentDeleted(std::vector<Digest> blobs,
                                    std::weak_ptr<const StoredContent> reader) {
  deleted_.push_back({std::move(reader), std::move(blobs)});
}

std::vector<Digest> RocksDbGarbage::TakeFreed() {
  std::vector<Digest> freed;
  std::vector<Deleted> still_read;
  for (Deleted& d : deleted_) {
    if (d.reader.expired()) {
      refs_.Release(d.blobs, &freed);
    } else {
      still_read.push_back(std::move(d));
    }
  }
  deleted_ = std::move(still_read);
  return freed;
}

}  // namespace testselect
