// SharedExchange: the SegmentExchange that is an object store.
#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "storage/model/mutex.h"
#include "storage/object_store.h"
#include "storage/segment_exchange.h"

namespace testselect {

// Thread-safe. After a call that ended with kUnavailable, others do so at once for a second: a
// store that is away is not waited for by each of a thousand reads.
class SharedExchange final : public SegmentExchange {
 public:
  // `objects` must outlive this.
  explicit SharedExchange(ObjectStore* objects) : objects_(*objects) {}

  absl::StatusOr<Content> PutContent(absl::Span<const Digest> named, const Blobs& blobs,
                                     std::vector<StoredBlobValue>* drafted) override;
  absl::Status PutRow(const CatalogEntry& entry, const Digest& content) override;
  absl::StatusOr<std::string> FetchBlob(const Digest& name) override;
  void RememberContent(const Digest& segment, const Digest& content) override;
  absl::StatusOr<std::vector<Digest>> ListContent(const CatalogEntry& entry) override;
  std::vector<absl::StatusOr<std::string>> FetchBlobs(absl::Span<const Digest> names) override;
  // Nothing is known to be in the store: it was another one.
  void ForgetThere();

 private:
  class Publication;

  // Ok, or why the store is known to be away.
  absl::Status CheckReachable() const;
  // Returns `status`, which a call of the store ended with, and remembers it.
  absl::Status Heard(const absl::Status& status) const;
  absl::StatusOr<Digest> ContentOf(const CatalogEntry& entry);
  // Somebody needs the objects from now on: they are not collected (shared_garbage.h).
  // kUnavailable where one is being deleted.
  absl::Status TakeNotesAway(absl::Span<const std::string> keys) const;
  bool IsThere(const Digest& blob) const;
  void RememberThere(absl::Span<const Digest> blobs);

  ObjectStore& objects_;
  mutable Mutex mutex_;
  mutable absl::Status away_ ABSL_GUARDED_BY(mutex_);
  mutable absl::Time away_until_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  // Blobs that a segment in the store was seen to need lately, and when. Those are not collected
  // for a day (shared_garbage.h).
  absl::flat_hash_map<Digest, absl::Time> there_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<Digest, Digest> contents_ ABSL_GUARDED_BY(mutex_);  // by segment
};

}  // namespace testselect
