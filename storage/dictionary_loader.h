// DictionaryLoader: label dictionaries out of their pieces' blobs, recently used ones cached.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "storage/index_store.h"
#include "storage/model/digest.h"
#include "storage/model/lru_map.h"
#include "storage/segment_manifest.h"
#include "storage/stored_segment.h"

namespace testselect {

// Thread-safe.
class DictionaryLoader {
 public:
  DictionaryLoader(std::shared_ptr<const BlobSource> blobs, size_t cache_bytes)
      : blobs_(std::move(blobs)), cache_(cache_bytes) {}

  // The dictionary of this id, whose pieces `manifest` names. kDataLoss: a piece is missing or
  // damaged, or the pieces are not those of `id`; kUnavailable as BlobSource. Cost: a lookup, or
  // decoding all names.
  absl::StatusOr<std::shared_ptr<const LabelDictionary>> Load(const Digest& id,
                                                              const SegmentManifest& manifest);
  size_t cached_bytes() const { return cache_.weight(); }

 private:
  const std::shared_ptr<const BlobSource> blobs_;
  SharedLruMap<Digest, const LabelDictionary> cache_;  // weight: bytes
};

}  // namespace testselect
