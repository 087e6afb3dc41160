// RocksDbEngine: what goes, and the blobs that go with it.
#include "absl/strings/str_cat.h"
#include "storage/model/status_macros.h"
#include "storage/rocksdb_engine.h"
#include "storage/segment_row.h"

namespace testselect {

using Family = RocksDbDatabase::Family;

absl::StatusOr<uint64_t> RocksDbEngine::Delete(absl::string_view repository, const ObjectId& commit,
                                               const std::optional<JobKey>& job) {
  TS_ASSIGN_OR_RETURN(const uint64_t deleted, DeleteEntries([&](const SegmentCatalog& catalog) {
                        return catalog.EntriesAt(repository, commit, job);
                      }));
  if (deleted > 0) return deleted;
  return absl::NotFoundError(
      absl::StrCat("no segment at commit ", commit.ToHex(), " of ", repository));
}

absl::StatusOr<uint64_t> RocksDbEngine::DeleteSegments(absl::Span<const Digest> segments) {
  return DeleteEntries([&](const SegmentCatalog& catalog) { return catalog.EntriesOf(segments); });
}

absl::StatusOr<uint64_t> RocksDbEngine::DeleteEntries(
    const std::function<std::vector<CatalogEntry>(const SegmentCatalog&)>& find) {
  std::unique_lock<std::shared_mutex> not_in_use(blobs_in_use_, std::defer_lock);
  if (exchange_ == nullptr) not_in_use.lock();
  MutexLock writing(&write_mutex_);
  std::vector<CatalogEntry> entries;
  std::vector<std::weak_ptr<const StoredContent>> readers;
  {
    MutexLock lock(&mutex_);
    entries = find(catalog_);
    for (const CatalogEntry& e : entries) readers.push_back(open_[e.info.id]);
  }
  if (entries.empty()) return 0;
  rocksdb::WriteBatch batch;
  if (exchange_ == nullptr) TS_RETURN_IF_ERROR(FreeBlobs(entries, readers, &batch));
  for (const CatalogEntry& e : entries) {
    database_->Delete(&batch, Family::kRows, SegmentRowKey(e.info.id));
  }
  if (absl::Status written = database_->Write(&batch); !written.ok()) {
    garbage_.Forget();  // the counts ran ahead of the disk
    return written;
  }
  MutexLock lock(&mutex_);
  for (const CatalogEntry& e : entries) {
    catalog_.Erase(e.info.id);
    open_.erase(e.info.id);
  }
  ++generation_;
  return entries.size();
}

// Deletes in `batch` the blobs that only `entries` need and nobody reads.
absl::Status RocksDbEngine::FreeBlobs(
    const std::vector<CatalogEntry>& entries,
    const std::vector<std::weak_ptr<const StoredContent>>& readers, rocksdb::WriteBatch* batch) {
  const absl::Status counted = garbage_.Count();
  // With a damaged segment nobody knows what is needed: then rows go and blobs stay.
  if (absl::IsDataLoss(counted)) return absl::OkStatus();
  TS_RETURN_IF_ERROR(counted);
  std::vector<std::vector<Digest>> blobs;
  for (const CatalogEntry& e : entries) {
    const absl::StatusOr<SegmentManifest> manifest = LoadManifest(*blobs_, e.manifest);
    if (absl::IsDataLoss(manifest.status())) return absl::OkStatus();
    TS_RETURN_IF_ERROR(manifest.status());
    blobs.push_back(BlobsOf(e.manifest, *manifest));
  }
  for (size_t i = 0; i < entries.size(); ++i) {
    garbage_.SegmentDeleted(std::move(blobs[i]), readers[i]);
  }
  for (const Digest& blob : garbage_.TakeFreed()) {
    database_->Delete(batch, Family::kBlobs, blob.bytes());
  }
  return absl::OkStatus();
}

// Deletes blobs that nothing needs: those of readers that outlived their segment and then the
// process.
absl::Status RocksDbEngine::SweepStrays() {
  const absl::Status counted = garbage_.Count();
  if (absl::IsDataLoss(counted)) return absl::OkStatus();  // see FreeBlobs
  TS_RETURN_IF_ERROR(counted);
  garbage_.TakeFreed();  // found below, among the others
  std::vector<Digest> blobs;
  TS_RETURN_IF_ERROR(database_->ForEachBlob([&](absl::string_view key, size_t) {
    const absl::StatusOr<Digest> blob = Digest::FromBytes("blob", key);
    if (blob.ok()) blobs.push_back(*blob);
  }));
  rocksdb::WriteBatch batch;
  for (const Digest& blob : blobs) {
    if (!garbage_.Needed(blob)) database_->Delete(&batch, Family::kBlobs, blob.bytes());
  }
  if (batch.Count() == 0) return absl::OkStatus();
  return database_->Write(&batch);
}

absl::Status RocksDbEngine::Compact() {
  if (exchange_ == nullptr) {
    std::unique_lock<std::shared_mutex> not_in_use(blobs_in_use_);
    MutexLock writing(&write_mutex_);
    TS_RETURN_IF_ERROR(SweepStrays());
  }
  return database_->Compact();
}

}  // namespace testselect
