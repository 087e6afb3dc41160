// The index that machines share through an object store (design: "Shape").
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/index_store.h"
#include "storage/object_store.h"
#include "storage/rocksdb_index_store.h"

namespace testselect {

struct SharedIndexOptions {
  RocksDbOptions local;      // this machine's part; `exchange` is set here
  uint64_t cache_bytes = 0;  // what blobs may take on disk after Compact; 0: any number
  absl::Duration compare_every = absl::Minutes(1);  // SharedLog's
  absl::Duration unneeded_for = absl::Hours(24);    // CollectSharedGarbage's
};

// Opens this machine's part of the index that `objects` holds; the first machine makes that. A
// segment is in the object store before Commit returns, and whoever lacks it fetches it on first
// use; so the directory is a cache, and may be lost. A directory with segments that were stored
// before the index was shared puts them there first, which takes as long as copying them.
//
// What the object store's absence does: Refresh tells it, reading what is here goes on, Open of
// what is not here leads to kUnavailable, and Commit, Seal and Delete are refused with it.
//
// Errors: those of OpenRocksDbIndexStore and of ObjectStore; kFailedPrecondition: the directory is
// part of another object store, or the object store's format is not known. An object store that is
// away is no error where the directory was its part before.
absl::StatusOr<std::unique_ptr<IndexStore>> OpenSharedIndexStore(
    std::unique_ptr<ObjectStore> objects, const SharedIndexOptions& options);

// kFailedPrecondition if `store` is one machine's part of a shared index, and was opened without
// it.
absl::Status CheckNotShared(const IndexStore& store);

}  // namespace testselect
