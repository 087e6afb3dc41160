// RocksDbEngine: its part in an index that machines share.
#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/model/parallel.h"
#include "storage/model/status_macros.h"
#include "storage/rocksdb_engine.h"
#include "storage/segment_row.h"
#include "storage/shared_layout.h"

namespace testselect {

using Family = RocksDbDatabase::Family;

namespace {

// What is fetched and written at a time: memory is bounded, and a connection is kept busy.
constexpr size_t kBlobsAtOnce = 256;
constexpr int kSegmentsAtOnce = 8;

// Under this name the derived family keeps which blobs a segment needs.
std::string ContentKey(const Digest& segment) { return absl::StrCat("content:", segment.ToHex()); }

}  // namespace

absl::Status RocksDbEngine::Adopt(std::vector<CatalogEntry> added,
                                  const absl::flat_hash_set<Digest>& sealed,
                                  absl::Span<const Digest> gone) {
  MutexLock writing(&write_mutex_);
  std::vector<CatalogEntry> changed, deleted;
  {
    MutexLock lock(&mutex_);
    changed = catalog_.PlanAdopt(added, sealed, {gone.begin(), gone.end()});
    deleted = catalog_.EntriesOf(gone);
  }
  if (changed.empty() && deleted.empty()) return absl::OkStatus();
  rocksdb::WriteBatch batch;
  for (const CatalogEntry& e : deleted) {
    database_->Delete(&batch, Family::kRows, SegmentRowKey(e.info.id));
  }
  for (const CatalogEntry& e : changed) {
    database_->Put(&batch, Family::kRows, SegmentRowKey(e.info.id), EncodeSegmentRow(e));
  }
  TS_RETURN_IF_ERROR(database_->Write(&batch));
  MutexLock lock(&mutex_);
  for (const CatalogEntry& e : deleted) {
    catalog_.Erase(e.info.id);
    open_.erase(e.info.id);
  }
  for (const CatalogEntry& e : changed) {
    const CatalogEntry* was = catalog_.Find(e.info.id);
    // Its place among the others is that of its time.
    if (was != nullptr && was->info.created != e.info.created) catalog_.Erase(e.info.id);
    catalog_.Put(e);
  }
  ++generation_;
  return absl::OkStatus();
}

absl::Status RocksDbEngine::PublishAll() {
  std::vector<std::string> repositories = Repositories();
  for (const std::string& repository : repositories) {
    for (const CatalogEntry& entry : EntriesOf(repository)) {
      TS_ASSIGN_OR_RETURN(const SegmentManifest manifest, LoadManifest(*blobs_, entry.manifest));
      std::vector<StoredBlobValue> taken_over;
      TS_ASSIGN_OR_RETURN(
          const SegmentExchange::Content content,
          exchange_->PutContent(BlobsOf(entry.manifest, manifest), *blobs_, &taken_over));
      TS_RETURN_IF_ERROR(blobs_->Keep(taken_over));
      TS_RETURN_IF_ERROR(exchange_->PutRow(entry, content.id));
    }
  }
  return absl::OkStatus();
}

void RocksDbEngine::Prefetch(absl::Span<const Digest> segments) const {
  if (exchange_ == nullptr || segments.size() < 2) return;
  InParallel(segments.size(), kSegmentsAtOnce, [&](size_t i) {
    if (const auto entry = FindEntry(segments[i])) FetchContent(*entry).IgnoreError();
  });
}

void RocksDbEngine::RememberUse(const Digest& segment) const {
  MutexLock lock(&fetch_mutex_);
  last_use_[segment] = ++uses_;
}

absl::Status RocksDbEngine::FetchContent(const CatalogEntry& entry) const {
  if (exchange_ == nullptr) return absl::OkStatus();
  const Digest& segment = entry.info.id;
  {
    MutexLock lock(&mutex_);
    const auto it = open_.find(segment);
    if (it != open_.end() && !it->second.expired()) return absl::OkStatus();
  }
  {
    MutexLock lock(&fetch_mutex_);
    while (fetching_.contains(segment)) fetched_.wait(fetch_mutex_);
    fetching_.insert(segment);
  }
  const absl::Status fetched = FetchMissing(entry);
  MutexLock lock(&fetch_mutex_);
  fetching_.erase(segment);
  fetched_.notify_all();
  return fetched;
}

// Without the list, which can be made again, only what is missing is not known.
void RocksDbEngine::KeepContentList(const Digest& segment, absl::Span<const Digest> needed) const {
  notes_.PutDerived(ContentKey(segment), EncodeDigests(needed)).IgnoreError();
}

absl::Status RocksDbEngine::FetchMissing(const CatalogEntry& entry) const {
  const std::string key = ContentKey(entry.info.id);
  std::vector<Digest> needed;
  if (const absl::StatusOr<std::string> known = notes_.GetDerived(key); known.ok()) {
    TS_ASSIGN_OR_RETURN(needed, DecodeDigests(*known));
  } else {
    absl::StatusOr<std::vector<Digest>> listed = exchange_->ListContent(entry);
    // All may be here still; reading what is not tells why it cannot be had.
    if (!listed.ok()) return absl::OkStatus();
    needed = *std::move(listed);
    KeepContentList(entry.info.id, needed);
  }
  std::vector<Digest> missing;
  for (const Digest& name : needed) {
    TS_ASSIGN_OR_RETURN(const bool here, blobs_->Contains(name));
    if (!here) missing.push_back(name);
  }
  for (size_t begin = 0; begin < missing.size(); begin += kBlobsAtOnce) {
    const auto names = absl::MakeConstSpan(missing).subspan(begin, kBlobsAtOnce);
    std::vector<absl::StatusOr<std::string>> values = exchange_->FetchBlobs(names);
    std::vector<StoredBlobValue> fetched;
    for (size_t i = 0; i < names.size(); ++i) {
      if (absl::IsDataLoss(values[i].status())) continue;
      TS_RETURN_IF_ERROR(values[i].status());
      if (!ParseBlob(names[i], *values[i]).ok()) continue;
      fetched.emplace_back(names[i], *std::move(values[i]));
    }
    TS_RETURN_IF_ERROR(blobs_->Keep(fetched));
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> RocksDbEngine::TrimBlobs(uint64_t bytes) {
  std::vector<std::pair<uint64_t, Digest>> segments;  // newest use first
  {
    MutexLock lock(&fetch_mutex_);
    for (const auto& [segment, use] : last_use_) segments.emplace_back(use, segment);
  }
  std::sort(segments.rbegin(), segments.rend());
  absl::flat_hash_map<Digest, uint64_t> last_use;
  for (const auto& [use, segment] : segments) {
    const absl::StatusOr<std::string> known = notes_.GetDerived(ContentKey(segment));
    if (!known.ok()) continue;
    TS_ASSIGN_OR_RETURN(const std::vector<Digest> names, DecodeDigests(*known));
    for (const Digest& name : names) last_use.emplace(name, use);
  }
  struct Kept {
    uint64_t use;
    uint64_t size;
    std::string key;
  };
  std::vector<Kept> blobs;
  uint64_t total = 0;
  TS_RETURN_IF_ERROR(database_->ForEachBlob([&](absl::string_view key, size_t size) {
    const absl::StatusOr<Digest> name = Digest::FromBytes("blob", key);
    const auto use = name.ok() ? last_use.find(*name) : last_use.end();
    blobs.push_back({use == last_use.end() ? 0 : use->second, size, std::string(key)});
    total += size;
  }));
  std::sort(blobs.begin(), blobs.end(), [](const Kept& a, const Kept& b) {
    return std::tie(a.use, a.key) < std::tie(b.use, b.key);
  });
  rocksdb::WriteBatch batch;
  uint64_t freed = 0;
  for (const Kept& blob : blobs) {
    if (total - freed <= bytes) break;
    database_->Delete(&batch, Family::kBlobs, blob.key);
    freed += blob.size;
  }
  if (freed > 0) TS_RETURN_IF_ERROR(database_->Write(&batch));
  return freed;
}

}  // namespace testselect
