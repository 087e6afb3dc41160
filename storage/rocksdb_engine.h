// RocksDbEngine: the class behind rocksdb_index_store.h. Nothing but its own files includes this.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "storage/dictionary_loader.h"
#include "storage/model/mutex.h"
#include "storage/replica_engine.h"
#include "storage/rocksdb_blobs.h"
#include "storage/rocksdb_database.h"
#include "storage/rocksdb_garbage.h"
#include "storage/rocksdb_index_store.h"
#include "storage/rocksdb_notes.h"
#include "storage/rocksdb_segment_writer.h"
#include "storage/segment_catalog.h"
#include "storage/segment_exchange.h"
#include "storage/stored_segment.h"

namespace testselect {

// Locks, always taken in this order:
//   blobs_in_use_  shared by whoever relies on blobs staying (commits, opening), whole by whoever
//                  deletes blobs; with an exchange nobody relies on that;
//   write_mutex_   one writer at a time, held over the disk write;
//   mutex_         the catalogue and the open segments, held briefly.
class RocksDbEngine final : public ReplicaEngine {
 public:
  RocksDbEngine(std::shared_ptr<RocksDbDatabase> database, const RocksDbOptions& options)
      : database_(database),
        exchange_(options.exchange),
        blobs_(std::make_shared<RocksDbBlobs>(database, options.cache_bytes / 4, options.exchange)),
        files_(std::make_shared<FileCache>(options.cache_bytes / 2)),
        dictionaries_(blobs_, options.cache_bytes / 4),
        notes_(database.get()),
        garbage_(database.get(), blobs_.get()) {}
  ~RocksDbEngine() override { blobs_->Close(); }

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

  absl::Status Adopt(std::vector<CatalogEntry> added, const absl::flat_hash_set<Digest>& sealed,
                     absl::Span<const Digest> gone) override;
  std::vector<CatalogEntry> EntriesOf(absl::string_view repository) const override {
    MutexLock lock(&mutex_);
    return catalog_.EntriesOfRepository(repository);
  }
  absl::Status PublishAll() override;
  void Prefetch(absl::Span<const Digest> segments) const override;
  absl::StatusOr<uint64_t> TrimBlobs(uint64_t bytes) override;

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
  // `content`: of what the exchange keeps of it, with an exchange.
  absl::StatusOr<SegmentInfo> Store(CatalogEntry entry, const SegmentDraft& draft,
                                    double quarantine_below, const Digest& content);
  // With an exchange: has the blobs of a segment here. Several callers fetch one segment once. A
  // blob that is damaged there is no error here: reading it tells.
  absl::Status FetchContent(const CatalogEntry& entry) const;
  void KeepContentList(const Digest& segment, absl::Span<const Digest> needed) const;
  absl::Status FetchMissing(const CatalogEntry& entry) const;
  void RememberUse(const Digest& segment) const;
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
  SegmentExchange* const exchange_;  // null: nobody shares the index
  const std::shared_ptr<RocksDbBlobs> blobs_;
  const std::shared_ptr<FileCache> files_;
  mutable DictionaryLoader dictionaries_;
  mutable RocksDbNotes notes_;  // FetchMissing keeps derived values

  mutable std::shared_mutex blobs_in_use_;
  Mutex write_mutex_ ABSL_ACQUIRED_BEFORE(mutex_);
  RocksDbGarbage garbage_ ABSL_GUARDED_BY(write_mutex_);

  mutable Mutex mutex_;
  SegmentCatalog catalog_ ABSL_GUARDED_BY(mutex_);
  mutable absl::flat_hash_map<Digest, std::weak_ptr<const StoredContent>> open_
      ABSL_GUARDED_BY(mutex_);
  // With an exchange: which segments are being fetched, and when each was opened last.
  mutable Mutex fetch_mutex_;
  mutable std::condition_variable_any fetched_;
  mutable absl::flat_hash_set<Digest> fetching_ ABSL_GUARDED_BY(fetch_mutex_);
  mutable absl::flat_hash_map<Digest, uint64_t> last_use_ ABSL_GUARDED_BY(fetch_mutex_);
  mutable uint64_t uses_ ABSL_GUARDED_BY(fetch_mutex_) = 0;
  std::atomic<uint64_t> generation_{1};
};

}  // namespace testselect
