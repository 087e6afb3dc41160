// LruCache: a map that forgets what was not used for longest once its values cost too much.
#pragma once

#include <list>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "storage/model/mutex.h"

namespace testselect {

// Thread-safe. Values are shared and immutable, so a value in use survives its eviction. A value
// that alone costs more than the capacity is not kept.
template <typename Key, typename Value>
class LruCache {
 public:
  explicit LruCache(size_t capacity) : capacity_(capacity) {}

  // Null where `key` is not kept.
  std::shared_ptr<const Value> Find(const Key& key) {
    MutexLock lock(&mutex_);
    auto it = by_key_.find(key);
    if (it == by_key_.end()) return nullptr;
    newest_first_.splice(newest_first_.begin(), newest_first_, it->second);
    return it->second->value;
  }

  // Replaces what was kept under `key`. `cost` is in the unit of the capacity.
  void Insert(const Key& key, std::shared_ptr<const Value> value, size_t cost) {
    MutexLock lock(&mutex_);
    if (auto it = by_key_.find(key); it != by_key_.end()) Erase(it->second);
    if (cost > capacity_) return;
    newest_first_.push_front({key, std::move(value), cost});
    by_key_[key] = newest_first_.begin();
    used_ += cost;
    while (used_ > capacity_) Erase(std::prev(newest_first_.end()));
  }

 private:
  struct Entry {
    Key key;
    std::shared_ptr<const Value> value;
    size_t cost;
  };
  using Position = typename std::list<Entry>::iterator;

  void Erase(Position position) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    used_ -= position->cost;
    by_key_.erase(position->key);
    newest_first_.erase(position);
  }

  const size_t capacity_;
  Mutex mutex_;
  std::list<Entry> newest_first_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<Key, Position> by_key_ ABSL_GUARDED_BY(mutex_);
  size_t used_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace testselect
