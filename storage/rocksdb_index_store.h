// The durable engine of IndexStore. The only engine header besides memory_index_store.h; RocksDB's
// own types do not appear in it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "storage/index_store.h"

namespace testselect {

class SegmentExchange;
class ReplicaEngine;

struct RocksDbOptions {
  std::string path;                             // created if missing
  uint64_t cache_bytes = 256ull << 20;          // decoded records and blocks
  absl::Duration lock_wait = absl::Seconds(0);  // how long to wait for another process's lock
  // Set where machines share the index: the store is one's part of it then. Must outlive the store.
  SegmentExchange* exchange = nullptr;
  // Once it is true, Compact ends early with kCancelled. Must outlive the store; may be null.
  std::atomic<bool>* stop_compaction = nullptr;
};

// Opens or creates the store. kFailedPrecondition: written by an unknown format version (the
// message names both versions), or not a TestSelect store; kUnavailable: locked by another process
// for longer than `lock_wait`; kPermissionDenied, kResourceExhausted: the directory cannot be used.
absl::StatusOr<std::unique_ptr<IndexStore>> OpenRocksDbIndexStore(const RocksDbOptions& options);
// The same with what sharing needs; `options.exchange` must be set.
absl::StatusOr<std::unique_ptr<ReplicaEngine>> OpenRocksDbReplica(const RocksDbOptions& options);

}  // namespace testselect
