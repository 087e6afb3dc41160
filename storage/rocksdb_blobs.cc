#include "storage/rocksdb_blobs.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/model/status_macros.h"

namespace testselect {

void RocksDbBlobs::Close() {
  std::shared_ptr<RocksDbDatabase> closed;  // destroyed after the lock is given up
  MutexLock lock(&mutex_);
  closed.swap(database_);
}

absl::StatusOr<std::shared_ptr<RocksDbDatabase>> RocksDbBlobs::Database() const {
  MutexLock lock(&mutex_);
  if (database_ == nullptr) return absl::UnavailableError("the store is closed");
  return database_;
}

absl::StatusOr<std::string> RocksDbBlobs::Stored(const Digest& name) const {
  TS_ASSIGN_OR_RETURN(const auto database, Database());
  absl::StatusOr<std::string> value = database->Get(RocksDbDatabase::Family::kBlobs, name.bytes());
  if (!absl::IsNotFound(value.status())) return value;
  if (exchange_ == nullptr) {  // something names it: it must be there
    return absl::DataLossError(absl::StrCat("blob ", name.ToHex(), " is missing"));
  }
  TS_ASSIGN_OR_RETURN(std::string fetched, exchange_->FetchBlob(name));
  const StoredBlobValue blob(name, std::move(fetched));
  TS_RETURN_IF_ERROR(Keep({&blob, 1}));
  return blob.second;
}

absl::Status RocksDbBlobs::Keep(absl::Span<const StoredBlobValue> blobs) const {
  TS_ASSIGN_OR_RETURN(const auto database, Database());
  for (const auto& [name, value] : blobs) TS_RETURN_IF_ERROR(ParseBlob(name, value).status());
  return database->PutBlobs(blobs);
}

absl::StatusOr<std::shared_ptr<const std::string>> RocksDbBlobs::LoadBlob(
    const Digest& name) const {
  // Down to a cached or whole blob, then up again, applying patches.
  std::vector<std::pair<Digest, std::string>> chain;
  std::shared_ptr<const std::string> raw;
  Digest at = name;
  while (true) {
    if ((raw = cache_.Find(at)) != nullptr) break;
    TS_ASSIGN_OR_RETURN(std::string stored, Stored(at));
    TS_ASSIGN_OR_RETURN(const StoredBlob blob, ParseBlob(at, stored));
    if (chain.size() > kMaxPatchDepth) {
      return absl::DataLossError(absl::StrCat("blob ", name.ToHex(), ": too many patches"));
    }
    const Digest base = blob.base;
    chain.emplace_back(at, std::move(stored));
    if (base.IsNull()) break;
    at = base;
  }
  for (; !chain.empty(); chain.pop_back()) {
    const auto& [step, stored] = chain.back();
    TS_ASSIGN_OR_RETURN(const StoredBlob blob, ParseBlob(step, stored));
    TS_ASSIGN_OR_RETURN(std::string decoded, DecodeBlob(step, blob, raw ? *raw : ""));
    raw = std::make_shared<const std::string>(std::move(decoded));
    cache_.Insert(step, raw, raw->size());
  }
  return raw;
}

absl::StatusOr<Digest> RocksDbBlobs::BaseOf(const Digest& blob) const {
  TS_ASSIGN_OR_RETURN(const std::string stored, Stored(blob));
  TS_ASSIGN_OR_RETURN(const StoredBlob parsed, ParseBlob(blob, stored));
  return parsed.base;
}

absl::StatusOr<uint32_t> RocksDbBlobs::DepthOf(const Digest& blob) const {
  TS_ASSIGN_OR_RETURN(const std::string stored, Stored(blob));
  TS_ASSIGN_OR_RETURN(const StoredBlob parsed, ParseBlob(blob, stored));
  return parsed.depth;
}

absl::StatusOr<bool> RocksDbBlobs::Contains(const Digest& blob) const {
  TS_ASSIGN_OR_RETURN(const auto database, Database());
  return database->Contains(RocksDbDatabase::Family::kBlobs, blob.bytes());
}

absl::StatusOr<size_t> RocksDbBlobs::StoredSize(const Digest& blob) const {
  TS_ASSIGN_OR_RETURN(const std::string stored, Stored(blob));
  return stored.size();
}

}  // namespace testselect
