// LruMap and SharedLruMap: maps that keep the weight of their values under a limit by dropping what
// was used longest ago. All caches of the server are made of them.
#pragma once

#include <cstddef>
#include <iterator>
#include <list>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"
#include "storage/model/mutex.h"

namespace testselect {

// Maps Key to std::shared_ptr<Value>, so a value in use survives being dropped; `Value` is const
// where threads share what they find. Weights are in the unit of the limit: bytes, entries. Key
// must be hashable by Abseil; a std::string is looked up by absl::string_view.
//
// Not thread-safe. Cost: one hash lookup a call, and the destruction of what is dropped.
template <typename Key, typename Value>
class LruMap {
 public:
  using Lookup =
      std::conditional_t<std::is_same_v<Key, std::string>, absl::string_view, const Key&>;

  explicit LruMap(size_t max_weight) : max_weight_(max_weight) {}
  LruMap(const LruMap&) = delete;  // positions_ points into items_
  LruMap& operator=(const LruMap&) = delete;

  // The value, now the most recently used; null if it is not here (any more).
  std::shared_ptr<Value> Find(Lookup key) {
    const auto found = positions_.find(key);
    if (found == positions_.end()) return nullptr;
    items_.splice(items_.begin(), items_, *found);
    return items_.front().value;
  }

  // Replaces what was there, then drops values until the limit holds. A value that is heavier than
  // the limit by itself is not kept, and neither is what it would replace.
  void Insert(Lookup key, std::shared_ptr<Value> value, size_t weight) {
    Erase(key);
    if (weight > max_weight_) return;
    while (weight_ > max_weight_ - weight) Drop(std::prev(items_.end()));
    items_.push_front({Key(key), std::move(value), weight});
    positions_.insert(items_.begin());
    weight_ += weight;
  }

  void Erase(Lookup key) {
    const auto found = positions_.find(key);
    if (found != positions_.end()) Drop(*found);
  }

  size_t size() const { return items_.size(); }
  size_t weight() const { return weight_; }  // at most the limit

 private:
  struct Item {
    const Key key;
    const std::shared_ptr<Value> value;
    const size_t weight;
  };
  using Position = typename std::list<Item>::iterator;
  struct Hash {
    using is_transparent = void;
    size_t operator()(Lookup key) const { return absl::Hash<std::decay_t<Lookup>>()(key); }
    size_t operator()(Position at) const { return (*this)(Lookup(at->key)); }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(Position a, Position b) const { return a == b; }
    bool operator()(Position a, Lookup key) const { return Lookup(a->key) == key; }
  };

  void Drop(Position at) {
    weight_ -= at->weight;
    positions_.erase(at);
    items_.erase(at);
  }

  const size_t max_weight_;
  size_t weight_ = 0;
  std::list<Item> items_;  // most recently used first
  absl::flat_hash_set<Position, Hash, Equal> positions_;
};

// An LruMap for several threads; the same contract. Thread-safe.
template <typename Key, typename Value>
class SharedLruMap {
 public:
  using Lookup = typename LruMap<Key, Value>::Lookup;

  explicit SharedLruMap(size_t max_weight) : map_(max_weight) {}

  std::shared_ptr<Value> Find(Lookup key) {
    MutexLock lock(&mutex_);
    return map_.Find(key);
  }
  void Insert(Lookup key, std::shared_ptr<Value> value, size_t weight) {
    MutexLock lock(&mutex_);
    map_.Insert(key, std::move(value), weight);
  }
  void Erase(Lookup key) {
    MutexLock lock(&mutex_);
    map_.Erase(key);
  }
  size_t weight() const {
    MutexLock lock(&mutex_);
    return map_.weight();
  }

 private:
  mutable Mutex mutex_;
  LruMap<Key, Value> map_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace testselect
