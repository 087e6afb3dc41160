// LruMap: a map that keeps its total weight under a limit by dropping what was used longest ago.
//
// Not thread-safe. Values should be cheap to copy (shared_ptr).
#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace testselect {

template <typename Key, typename Value>
class LruMap {
 public:
  explicit LruMap(size_t max_weight) : max_weight_(max_weight) {}

  // The value, now the most recently used; nothing if it is not there.
  std::optional<Value> Find(const Key& key) {
    const auto it = index_.find(key);
    if (it == index_.end()) return std::nullopt;
    items_.splice(items_.begin(), items_, it->second);
    return it->second->value;
  }

  // Replaces what was there. Something heavier than the whole limit stays until the next Insert.
  void Insert(const Key& key, Value value, size_t weight) {
    Erase(key);
    items_.push_front({key, std::move(value), weight});
    index_[key] = items_.begin();
    weight_ += weight;
    while (weight_ > max_weight_ && items_.size() > 1) Erase(Key(items_.back().key));
  }

  void Erase(const Key& key) {
    const auto it = index_.find(key);
    if (it == index_.end()) return;
    weight_ -= it->second->weight;
    items_.erase(it->second);
    index_.erase(it);
  }

  size_t size() const { return items_.size(); }

 private:
  struct Item {
    Key key;
    Value value;
    size_t weight;
  };
  const size_t max_weight_;
  size_t weight_ = 0;
  std::list<Item> items_;  // most recently used first
  absl::flat_hash_map<Key, typename std::list<Item>::iterator> index_;
};

}  // namespace testselect
