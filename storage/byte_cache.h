// ByteCache: recently used immutable values, bounded by their bytes. Thread-safe.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "storage/model/mutex.h"

namespace testselect {

template <typename Value>
class ByteCache {
 public:
  explicit ByteCache(size_t capacity_bytes) : capacity_(capacity_bytes) {}

  // Empty if the key is not here (any more).
  std::shared_ptr<const Value> Find(absl::string_view key) {
    MutexLock lock(&mutex_);
    const auto it = places_.find(key);
    if (it == places_.end()) return nullptr;
    recent_.splice(recent_.begin(), recent_, it->second);
    return recent_.front().value;
  }

  // Keeps `value`, which takes `bytes`, and drops the least recently used ones beyond the capacity.
  // A value greater than the capacity is not kept.
  void Insert(absl::string_view key, std::shared_ptr<const Value> value, size_t bytes) {
    MutexLock lock(&mutex_);
    if (bytes > capacity_ || places_.contains(key)) return;
    recent_.push_front({std::string(key), std::move(value), bytes});
    places_.emplace(recent_.front().key, recent_.begin());
    used_ += bytes;
    while (used_ > capacity_) {
      used_ -= recent_.back().bytes;
      places_.erase(recent_.back().key);
      recent_.pop_back();
    }
  }

  size_t used_bytes() const {
    MutexLock lock(&mutex_);
    return used_;
  }

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const Value> value;
    size_t bytes;
  };
  using Recent = std::list<Entry>;

  const size_t capacity_;
  mutable Mutex mutex_;
  Recent recent_ ABSL_GUARDED_BY(mutex_);  // most recently used first
  absl::flat_hash_map<absl::string_view, typename Recent::iterator> places_
      ABSL_GUARDED_BY(mutex_);  // keys lie in `recent_`, whose nodes do not move
  size_t used_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace testselect
