// RocksDbDatabase: the RocksDB under a store: opening, checked reads, synced writes. Used by
// rocksdb_index_store.cc only.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/model/digest.h"
#include "storage/model/mutex.h"
#include "storage/rocksdb_index_store.h"

namespace testselect {

// RocksDB's status as ours: Corruption -> kDataLoss, NotFound -> kNotFound, no space ->
// kResourceExhausted, anything else -> kUnavailable. `what` says what was being done.
absl::Status FromRocksDb(const rocksdb::Status& status, absl::string_view what);

// Thread-safe. Values carry their own checksums (segment_row.h, blob_codec.h), checked by callers.
class RocksDbDatabase {
 public:
  enum class Family { kRows, kBlobs, kDerived };

  // Errors as OpenRocksDbIndexStore. Blobs are read through the caller's cache, so the engine's own
  // block cache is small.
  static absl::StatusOr<std::unique_ptr<RocksDbDatabase>> Open(const RocksDbOptions& options);
  ~RocksDbDatabase();

  absl::StatusOr<std::string> Get(Family family, absl::string_view key) const;  // kNotFound
  absl::StatusOr<bool> Contains(Family family, absl::string_view key) const;
  // All rows whose key begins with `prefix`, by key.
  absl::StatusOr<std::vector<std::pair<std::string, std::string>>> Scan(
      absl::string_view prefix) const;

  void Put(rocksdb::WriteBatch* batch, Family family, absl::string_view key,
           absl::string_view value) const;
  void Delete(rocksdb::WriteBatch* batch, Family family, absl::string_view key) const;
  // Applies the batch whole and durably (WAL synced), or not at all. kResourceExhausted: the disk
  // is full; a later Write works again once there is space.
  absl::Status Write(rocksdb::WriteBatch* batch);

  // Writes blobs that can be fetched again, without waiting for the disk: a crash may lose them.
  absl::Status PutBlobs(absl::Span<const std::pair<Digest, std::string>> blobs);
  // Calls f(key, size) for every blob.
  absl::Status ForEachBlob(const std::function<void(absl::string_view, size_t)>& f) const;
  // Writes one derived value without waiting for the disk: a crash may lose it.
  absl::Status PutDerived(absl::string_view key, absl::string_view value);

  absl::Status Compact();
  uint64_t BytesOnDisk() const;  // of all files in the directory
  std::vector<std::pair<std::string, uint64_t>> Counters() const;

 private:
  RocksDbDatabase() = default;
  absl::Status CheckFormat();
  absl::Status CheckSpace(uint64_t bytes) const;
  rocksdb::ColumnFamilyHandle* Handle(Family family) const;

  std::string path_;
  std::atomic<bool>* stop_compaction_ = nullptr;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;  // by Family; owned by db_, freed at close
  Mutex resume_mutex_;
};

}  // namespace testselect
