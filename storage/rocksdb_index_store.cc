#include "storage/rocksdb_index_store.h"

#include <atomic>
#include <shared_mutex>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "storage/dictionary_loader.h"
#include "storage/model/mutex.h"
#include "storage/model/status_macros.h"
#include "storage/rocksdb_blobs.h"
#include "storage/rocksdb_database.h"
#include "storage/rocksdb_garbage.h"
#include "storage/rocksdb_notes.h"
#include "storage/rocksdb_segment_writer.h"
#include "storage/segment_catalog.h"
#include "storage/segment_row.h"
#include "storage/stored_segment.h"

namespace testselect {
namespace {

using Family = RocksDbDatabase::Family;

// Locks, always taken in this order:
//   blobs_in_use_  shared by whoever relies on blobs staying (commits, opening), whole by whoever
//                  deletes blobs;
//   write_mutex_   one writer at a time, held over the disk write;
//   mutex_         the catalogue and the open segments, held briefly.
class RocksDbIndexStore final : public IndexStore {
 public:
  RocksDbIndexStore(std::shared_ptr<RocksDbDatabase> database, const RocksDbOptions& options)
      : database_(database),
        blobs_(std::make_shared<RocksDbBlobs>(database, options.cache_bytes / 4)),
        files_(std::make_shared<FileCache>(options.cache_bytes / 2)),
        dictionaries_(blobs_, options.cache_bytes / 4),
        notes_(database.get()),
        garbage_(database.get(), blobs_.get()) {}
  ~RocksDbIndexStore() override { blobs_->Close(); }

  absl::Status LoadCatalog();

  absl::StatusOr<SegmentInfo> Commit(const UploadHeader& header, const SegmentContent& content,
                                     const CommitOptions& options) override;
  absl::StatusOr<std::vector<SegmentInfo>> Seal(absl::string_view repository,
                                                const ObjectId& commit, const JobKey& job,
                                                bool include_quarantined) override;
  absl::StatusOr<uint64_t> Delete(absl::string_view repository, const ObjectId& commit,
                                  const std::optional<JobKey>& job) override;
  absl::StatusOr<uint64_t> DeleteSegments(absl::Span<const Digest> segments) override;
  absl::StatusOr<std::shared_ptr<const Segment>> Open(const Digest& segment) const override;
  absl::StatusOr<std::shared_ptr<const LabelDictionary>> NewestDictionary(
      absl::string_view repository, const JobKey& job) const override;

  absl::StatusOr<std::vector<SegmentInfo>> SegmentsAt(absl::string_view repository,
                                                      const ObjectId& commit) const override {
    MutexLock lock(&mutex_);
    return catalog_.SegmentsAt(repository, commit);
  }
  absl::StatusOr<std::vector<ObjectId>> CommitsWithTree(absl::string_view repository,
                                                        const ObjectId& tree) const override {
    MutexLock lock(&mutex_);
    return catalog_.CommitsWithTree(repository, tree);
  }
  absl::StatusOr<std::vector<IndexedCommit>> ListCommits(
      absl::string_view repository) const override {
    MutexLock lock(&mutex_);
    return catalog_.ListCommits(repository);
  }
  std::vector<std::string> Repositories() const override {
    MutexLock lock(&mutex_);
    return catalog_.Repositories();
  }

  absl::Status PutNote(absl::string_view key, absl::string_view value) override {
    return notes_.Put(key, value);
  }
  absl::StatusOr<std::string> GetNote(absl::string_view key) const override {
    return notes_.Get(key);
  }
  absl::Status DeleteNote(absl::string_view key) override { return notes_.Delete(key); }
  absl::Status WriteNotes(const NoteBatch& batch) override {
    const absl::Status written = notes_.Write(batch);
    if (batch.answers_depend) ++generation_;
    return written;
  }
  absl::StatusOr<std::vector<std::pair<std::string, std::string>>> NotesWithPrefix(
      absl::string_view prefix) const override {
    return notes_.WithPrefix(prefix);
  }
  absl::Status PutDerived(absl::string_view key, absl::string_view value) override {
    return notes_.PutDerived(key, value);
  }
  absl::StatusOr<std::string> GetDerived(absl::string_view key) const override {
    return notes_.GetDerived(key);
  }

  absl::Status Compact() override;
  uint64_t generation() const override { return generation_; }
  absl::StatusOr<StoreStats> Stats() const override;

 private:
  absl::StatusOr<SegmentDraft> Draft(const UploadHeader& header, const SegmentContent& content);
  absl::StatusOr<SegmentInfo> Store(CatalogEntry entry, const SegmentDraft& draft,
                                    double quarantine_below);
  absl::Status Apply(const std::vector<CatalogEntry>& entries, const SegmentDraft* draft)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_);
  // `find` says which, once nobody else writes.
  absl::StatusOr<uint64_t> DeleteEntries(
      const std::function<std::vector<CatalogEntry>(const SegmentCatalog&)>& find);
  std::optional<CatalogEntry> FindEntry(const Digest& segment) const;
  absl::Status FreeBlobs(const std::vector<CatalogEntry>& entries,
                         const std::vector<std::weak_ptr<const StoredContent>>& readers,
                         rocksdb::WriteBatch* batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_);
  absl::Status SweepStrays() ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_);

  const std::shared_ptr<RocksDbDatabase> database_;
  const std::shared_ptr<RocksDbBlobs> blobs_;
  const std::shared_ptr<FileCache> files_;
  mutable DictionaryLoader dictionaries_;
  RocksDbNotes notes_;

  mutable std::shared_mutex blobs_in_use_;
  Mutex write_mutex_ ABSL_ACQUIRED_BEFORE(mutex_);
  RocksDbGarbage garbage_ ABSL_GUARDED_BY(write_mutex_);

  mutable Mutex mutex_;
  SegmentCatalog catalog_ ABSL_GUARDED_BY(mutex_);
  mutable absl::flat_hash_map<Digest, std::weak_ptr<const StoredContent>> open_
      ABSL_GUARDED_BY(mutex_);
  std::atomic<uint64_t> generation_{1};
};

absl::Status RocksDbIndexStore::LoadCatalog() {
  TS_ASSIGN_OR_RETURN(const auto rows, database_->Scan(std::string(1, kSegmentRowPrefix)));
  MutexLock lock(&mutex_);
  for (const auto& [key, row] : rows) {
    TS_ASSIGN_OR_RETURN(const CatalogEntry entry, DecodeSegmentRow(key, row));
    catalog_.Put(entry);
  }
  return absl::OkStatus();
}

std::optional<CatalogEntry> RocksDbIndexStore::FindEntry(const Digest& segment) const {
  MutexLock lock(&mutex_);
  const CatalogEntry* entry = catalog_.Find(segment);
  return entry == nullptr ? std::nullopt : std::make_optional(*entry);
}

absl::StatusOr<SegmentDraft> RocksDbIndexStore::Draft(const UploadHeader& header,
                                                      const SegmentContent& content) {
  Digest alike_digest;
  {
    MutexLock lock(&mutex_);
    if (const CatalogEntry* alike = catalog_.MostAlike(header)) alike_digest = alike->manifest;
  }
  if (!alike_digest.IsNull()) {
    const absl::StatusOr<SegmentManifest> alike = LoadManifest(*blobs_, alike_digest);
    if (alike.ok()) {
      absl::StatusOr<SegmentDraft> draft =
          SegmentWriter(blobs_.get(), &*alike, alike_digest).Write(content);
      if (!absl::IsDataLoss(draft.status())) return draft;
    } else if (!absl::IsDataLoss(alike.status())) {
      return alike.status();
    }
    // The predecessor is damaged, which is no reason to refuse what is new and whole.
  }
  return SegmentWriter(blobs_.get(), nullptr, Digest()).Write(content);
}

absl::StatusOr<SegmentInfo> RocksDbIndexStore::Commit(const UploadHeader& header,
                                                      const SegmentContent& content,
                                                      const CommitOptions& options) {
  TS_RETURN_IF_ERROR(header.Validate());
  TS_RETURN_IF_ERROR(CheckContent(content));
  const absl::Time now = options.now == absl::InfinitePast() ? absl::Now() : options.now;
  CatalogEntry entry;
  entry.info = InfoOf(header, content, now);
  std::shared_lock<std::shared_mutex> in_use(blobs_in_use_);
  if (const auto known = FindEntry(entry.info.id)) return known->info;
  TS_ASSIGN_OR_RETURN(const SegmentDraft draft, Draft(header, content));
  entry.dictionary = draft.dictionary;
  entry.dictionary_size = draft.manifest.labels;
  entry.manifest = draft.manifest_digest;
  return Store(std::move(entry), draft, options.quarantine_below);
}

absl::StatusOr<SegmentInfo> RocksDbIndexStore::Store(CatalogEntry entry, const SegmentDraft& draft,
                                                     double quarantine_below) {
  const Digest id = entry.info.id;
  MutexLock writing(&write_mutex_);
  if (const auto known = FindEntry(id)) return known->info;  // the same upload in parallel
  std::vector<CatalogEntry> changed;
  {
    MutexLock lock(&mutex_);
    changed = catalog_.PlanAdmit(std::move(entry), quarantine_below);
  }
  TS_RETURN_IF_ERROR(Apply(changed, &draft));
  return FindEntry(id)->info;
}

// Writes rows (and the blobs of `draft`, if given) in one batch, then makes them visible.
absl::Status RocksDbIndexStore::Apply(const std::vector<CatalogEntry>& entries,
                                      const SegmentDraft* draft) {
  rocksdb::WriteBatch batch;
  if (draft != nullptr) {
    for (const auto& [name, stored] : draft->missing) {
      // Another upload may have brought it meanwhile; a stored blob is never written again.
      TS_ASSIGN_OR_RETURN(const bool there, blobs_->Contains(name));
      if (!there) database_->Put(&batch, Family::kBlobs, name.bytes(), stored);
    }
  }
  for (const CatalogEntry& e : entries) {
    database_->Put(&batch, Family::kRows, SegmentRowKey(e.info.id), EncodeSegmentRow(e));
  }
  TS_RETURN_IF_ERROR(database_->Write(&batch));
  if (draft != nullptr) garbage_.SegmentStored(draft->manifest_digest, draft->manifest);
  MutexLock lock(&mutex_);
  for (const CatalogEntry& e : entries) {
    catalog_.Put(e);
  }
  ++generation_;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<SegmentInfo>> RocksDbIndexStore::Seal(absl::string_view repository,
                                                                 const ObjectId& commit,
                                                                 const JobKey& job,
                                                                 bool include_quarantined) {
  MutexLock writing(&write_mutex_);
  std::vector<CatalogEntry> changed;
  {
    MutexLock lock(&mutex_);
    TS_ASSIGN_OR_RETURN(changed, catalog_.PlanSeal(repository, commit, job, include_quarantined));
  }
  std::vector<SegmentInfo> sealed;
  if (changed.empty()) return sealed;
  TS_RETURN_IF_ERROR(Apply(changed, nullptr));
  for (const CatalogEntry& e : changed) {
    if (e.info.state == SegmentState::kSealed) sealed.push_back(e.info);
  }
  return sealed;
}

absl::StatusOr<std::shared_ptr<const Segment>> RocksDbIndexStore::Open(
    const Digest& segment) const {
  std::shared_lock<std::shared_mutex> in_use(blobs_in_use_);
  CatalogEntry entry;
  {
    MutexLock lock(&mutex_);
    const CatalogEntry* found = catalog_.Find(segment);
    if (found == nullptr) {
      return absl::NotFoundError(absl::StrCat("no segment ", segment.ToHex()));
    }
    if (const auto it = open_.find(segment); it != open_.end()) {
      if (std::shared_ptr<const StoredContent> content = it->second.lock()) {
        return std::make_shared<const StoredSegment>(found->info, std::move(content));
      }
    }
    entry = *found;
  }
  auto content = std::make_shared<StoredContent>();
  TS_ASSIGN_OR_RETURN(content->manifest, LoadManifest(*blobs_, entry.manifest));
  TS_ASSIGN_OR_RETURN(content->labels, dictionaries_.Load(entry.dictionary, content->manifest));
  content->blobs = blobs_;
  content->cache = files_;
  MutexLock lock(&mutex_);
  // Nothing is deleted while the blobs are in use; so if two threads opened it, either will do, but
  // only a registered one keeps its blobs after a deletion.
  std::weak_ptr<const StoredContent>& slot = open_[segment];
  std::shared_ptr<const StoredContent> registered = slot.lock();
  if (registered == nullptr) {
    registered = std::move(content);
    slot = registered;
  }
  return std::make_shared<const StoredSegment>(catalog_.Find(segment)->info, registered);
}

absl::StatusOr<std::shared_ptr<const LabelDictionary>> RocksDbIndexStore::NewestDictionary(
    absl::string_view repository, const JobKey& job) const {
  std::shared_lock<std::shared_mutex> in_use(blobs_in_use_);
  CatalogEntry entry;
  {
    MutexLock lock(&mutex_);
    const CatalogEntry* newest = catalog_.NewestDictionary(repository, job);
    if (newest == nullptr) return nullptr;
    entry = *newest;
  }
  TS_ASSIGN_OR_RETURN(const SegmentManifest manifest, LoadManifest(*blobs_, entry.manifest));
  return dictionaries_.Load(entry.dictionary, manifest);
}

absl::StatusOr<uint64_t> RocksDbIndexStore::Delete(absl::string_view repository,
                                                   const ObjectId& commit,
                                                   const std::optional<JobKey>& job) {
  TS_ASSIGN_OR_RETURN(const uint64_t deleted, DeleteEntries([&](const SegmentCatalog& catalog) {
                        return catalog.EntriesAt(repository, commit, job);
                      }));
  if (deleted > 0) return deleted;
  return absl::NotFoundError(
      absl::StrCat("no segment at commit ", commit.ToHex(), " of ", repository));
}

absl::StatusOr<uint64_t> RocksDbIndexStore::DeleteSegments(absl::Span<const Digest> segments) {
  return DeleteEntries([&](const SegmentCatalog& catalog) { return catalog.EntriesOf(segments); });
}

absl::StatusOr<uint64_t> RocksDbIndexStore::DeleteEntries(
    const std::function<std::vector<CatalogEntry>(const SegmentCatalog&)>& find) {
  std::unique_lock<std::shared_mutex> not_in_use(blobs_in_use_);
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
  TS_RETURN_IF_ERROR(FreeBlobs(entries, readers, &batch));
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
absl::Status RocksDbIndexStore::FreeBlobs(
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
absl::Status RocksDbIndexStore::SweepStrays() {
  const absl::Status counted = garbage_.Count();
  if (absl::IsDataLoss(counted)) return absl::OkStatus();  // see FreeBlobs
  TS_RETURN_IF_ERROR(counted);
  garbage_.TakeFreed();  // found below, among the others
  TS_ASSIGN_OR_RETURN(const std::vector<std::string> keys, database_->BlobKeys());
  rocksdb::WriteBatch batch;
  for (const std::string& key : keys) {
    const absl::StatusOr<Digest> blob = Digest::FromBytes("blob", key);
    if (blob.ok() && !garbage_.Needed(*blob)) database_->Delete(&batch, Family::kBlobs, key);
  }
  if (batch.Count() == 0) return absl::OkStatus();
  return database_->Write(&batch);
}

absl::Status RocksDbIndexStore::Compact() {
  {
    std::unique_lock<std::shared_mutex> not_in_use(blobs_in_use_);
    MutexLock writing(&write_mutex_);
    TS_RETURN_IF_ERROR(SweepStrays());
  }
  return database_->Compact();
}

absl::StatusOr<StoreStats> RocksDbIndexStore::Stats() const {
  StoreStats stats;
  stats.bytes_on_disk = database_->BytesOnDisk();
  stats.engine_counters = database_->Counters();
  stats.engine_counters.emplace_back("cache.blob.bytes", blobs_->cached_bytes());
  stats.engine_counters.emplace_back("cache.file.bytes", files_->weight());
  stats.engine_counters.emplace_back("cache.dictionary.bytes", dictionaries_.cached_bytes());
  MutexLock lock(&mutex_);
  catalog_.CountStates(&stats);
  return stats;
}

}  // namespace

absl::StatusOr<std::unique_ptr<IndexStore>> OpenRocksDbIndexStore(const RocksDbOptions& options) {
  TS_ASSIGN_OR_RETURN(std::unique_ptr<RocksDbDatabase> database, RocksDbDatabase::Open(options));
  auto store = std::make_unique<RocksDbIndexStore>(std::move(database), options);
  TS_RETURN_IF_ERROR(store->LoadCatalog());
  return store;
}

}  // namespace testselect
