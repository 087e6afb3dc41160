#include "storage/rocksdb_index_store.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "storage/model/status_macros.h"
#include "storage/rocksdb_engine.h"
#include "storage/segment_row.h"

namespace testselect {

using Family = RocksDbDatabase::Family;

absl::Status RocksDbEngine::LoadCatalog() {
  TS_ASSIGN_OR_RETURN(const auto rows, database_->Scan(std::string(1, kSegmentRowPrefix)));
  MutexLock lock(&mutex_);
  for (const auto& [key, row] : rows) {
    TS_ASSIGN_OR_RETURN(const CatalogEntry entry, DecodeSegmentRow(key, row));
    catalog_.Put(entry);
  }
  return absl::OkStatus();
}

std::optional<CatalogEntry> RocksDbEngine::FindEntry(const Digest& segment) const {
  MutexLock lock(&mutex_);
  const CatalogEntry* entry = catalog_.Find(segment);
  return entry == nullptr ? std::nullopt : std::make_optional(*entry);
}

absl::StatusOr<SegmentDraft> RocksDbEngine::Draft(const UploadHeader& header,
                                                  const SegmentContent& content) {
  std::optional<CatalogEntry> predecessor;
  {
    MutexLock lock(&mutex_);
    if (const CatalogEntry* alike = catalog_.MostAlike(header)) predecessor = *alike;
  }
  if (predecessor.has_value()) {
    const Digest& alike_digest = predecessor->manifest;
    TS_RETURN_IF_ERROR(FetchContent(*predecessor));
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

absl::StatusOr<SegmentInfo> RocksDbEngine::Commit(const UploadHeader& header,
                                                  const SegmentContent& content,
                                                  const CommitOptions& options) {
  TS_RETURN_IF_ERROR(header.Validate());
  TS_RETURN_IF_ERROR(CheckContent(content));
  const absl::Time now = options.now == absl::InfinitePast() ? absl::Now() : options.now;
  CatalogEntry entry;
  entry.info = InfoOf(header, content, now);
  std::shared_lock<std::shared_mutex> in_use(blobs_in_use_);
  if (const auto known = FindEntry(entry.info.id)) return known->info;
  TS_ASSIGN_OR_RETURN(SegmentDraft draft, Draft(header, content));
  entry.dictionary = draft.dictionary;
  entry.dictionary_size = draft.manifest.labels;
  entry.manifest = draft.manifest_digest;
  Digest shared;
  if (exchange_ != nullptr) {
    TS_ASSIGN_OR_RETURN(const SegmentExchange::Content put,
                        exchange_->PutContent(BlobsOf(draft.manifest_digest, draft.manifest),
                                              *blobs_, &draft.missing));
    shared = put.id;
    KeepContentList(entry.info.id, put.needed);
  }
  return Store(std::move(entry), draft, options.quarantine_below, shared);
}

absl::StatusOr<SegmentInfo> RocksDbEngine::Store(CatalogEntry entry, const SegmentDraft& draft,
                                                 double quarantine_below, const Digest& content) {
  const Digest id = entry.info.id;
  MutexLock writing(&write_mutex_);
  if (const auto known = FindEntry(id)) return known->info;  // the same upload in parallel
  std::vector<CatalogEntry> changed;
  {
    MutexLock lock(&mutex_);
    changed = catalog_.PlanAdmit(std::move(entry), quarantine_below);
  }
  if (exchange_ != nullptr) {
    const auto admitted = std::find_if(changed.begin(), changed.end(),
                                       [&](const CatalogEntry& e) { return e.info.id == id; });
    TS_RETURN_IF_ERROR(exchange_->PutRow(*admitted, content));
  }
  TS_RETURN_IF_ERROR(Apply(changed, &draft));
  return FindEntry(id)->info;
}

// Writes rows (and the blobs of `draft`, if given) in one batch, then makes them visible.
absl::Status RocksDbEngine::Apply(const std::vector<CatalogEntry>& entries,
                                  const SegmentDraft* draft) {
  rocksdb::WriteBatch batch;
  if (draft != nullptr) {
    for (const auto& [name, stored] : draft->missing) {
      // Another upload may have brought it meanwhile; a stored blob is never written again, but to
      // take the form that the exchange has it in.
      TS_ASSIGN_OR_RETURN(const bool there, blobs_->Contains(name));
      if (!there || exchange_ != nullptr)
        database_->Put(&batch, Family::kBlobs, name.bytes(), stored);
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

absl::StatusOr<std::vector<SegmentInfo>> RocksDbEngine::Seal(absl::string_view repository,
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

absl::StatusOr<std::shared_ptr<const Segment>> RocksDbEngine::Open(const Digest& segment) const {
  if (exchange_ != nullptr) {
    RememberUse(segment);
    if (const auto known = FindEntry(segment)) TS_RETURN_IF_ERROR(FetchContent(*known));
  }
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
  // With an exchange it may have been deleted meanwhile: then it is read from what is fetched.
  return std::make_shared<const StoredSegment>(entry.info, registered);
}

absl::StatusOr<std::shared_ptr<const LabelDictionary>> RocksDbEngine::NewestDictionary(
    absl::string_view repository, const JobKey& job) const {
  std::shared_lock<std::shared_mutex> in_use(blobs_in_use_);
  CatalogEntry entry;
  {
    MutexLock lock(&mutex_);
    const CatalogEntry* newest = catalog_.NewestDictionary(repository, job);
    if (newest == nullptr) return nullptr;
    entry = *newest;
  }
  TS_RETURN_IF_ERROR(FetchContent(entry));
  TS_ASSIGN_OR_RETURN(const SegmentManifest manifest, LoadManifest(*blobs_, entry.manifest));
  return dictionaries_.Load(entry.dictionary, manifest);
}

absl::StatusOr<StoreStats> RocksDbEngine::Stats() const {
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

absl::StatusOr<std::unique_ptr<ReplicaEngine>> OpenRocksDbReplica(const RocksDbOptions& options) {
  TS_ASSIGN_OR_RETURN(std::unique_ptr<RocksDbDatabase> database, RocksDbDatabase::Open(options));
  auto store = std::make_unique<RocksDbEngine>(std::move(database), options);
  TS_RETURN_IF_ERROR(store->LoadCatalog());
  return store;
}

absl::StatusOr<std::unique_ptr<IndexStore>> OpenRocksDbIndexStore(const RocksDbOptions& options) {
  return OpenRocksDbReplica(options);
}

}  // namespace testselect
