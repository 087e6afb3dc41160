// RocksDbBlobs: reads blobs of a RocksDbDatabase, patches resolved, recently used ones cached.
#pragma once

#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "storage/blob_codec.h"
#include "storage/blob_refs.h"
#include "storage/model/lru_map.h"
#include "storage/model/mutex.h"
#include "storage/rocksdb_database.h"
#include "storage/segment_exchange.h"
#include "storage/stored_segment.h"

namespace testselect {

// Thread-safe. Segments share it with the store and may outlive the store: after Close every read
// that the cache cannot answer is kUnavailable.
class RocksDbBlobs final : public BlobSource,
                           public BlobRefs::Bases,
                           public SegmentExchange::Blobs {
 public:
  // With an `exchange`, which must outlive all reading, a blob that is not here is fetched from
  // there and kept.
  RocksDbBlobs(std::shared_ptr<RocksDbDatabase> database, size_t cache_bytes,
               SegmentExchange* exchange = nullptr)
      : database_(std::move(database)), exchange_(exchange), cache_(cache_bytes) {}
  void Close();

  absl::StatusOr<std::shared_ptr<const std::string>> LoadBlob(const Digest& name) const override;
  absl::StatusOr<Digest> BaseOf(const Digest& blob) const override;
  // Patches between `blob` and the whole blob below it. Errors as LoadBlob.
  absl::StatusOr<uint32_t> DepthOf(const Digest& blob) const;
  absl::StatusOr<bool> Contains(const Digest& blob) const;
  // The stored form. Errors as LoadBlob.
  absl::StatusOr<std::string> Stored(const Digest& name) const override;
  // Keeps blobs that came from the exchange. kDataLoss if one is not what its name says.
  absl::Status Keep(absl::Span<const StoredBlobValue> blobs) const;
  // The size of the stored form. Errors as LoadBlob.
  absl::StatusOr<size_t> StoredSize(const Digest& blob) const;
  size_t cached_bytes() const { return cache_.weight(); }

 private:
  absl::StatusOr<std::shared_ptr<RocksDbDatabase>> Database() const;

  mutable Mutex mutex_;
  std::shared_ptr<RocksDbDatabase> database_ ABSL_GUARDED_BY(mutex_);  // empty once closed
  SegmentExchange* const exchange_;
  mutable SharedLruMap<Digest, const std::string> cache_;  // weight: bytes
};

}  // namespace testselect
