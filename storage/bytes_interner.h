// BytesInterner: byte strings -> dense numbers, each string kept once.
//
// Used for label names, paths, line patterns and encoded context sets. Not thread-safe for writers;
// const members may be called by several threads at once while nobody writes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/strings/string_view.h"

namespace testselect {

class BytesInterner {
 public:
  static constexpr uint32_t kNone = 0xFFFFFFFF;

  BytesInterner() = default;
  BytesInterner(BytesInterner&&) = default;
  BytesInterner& operator=(BytesInterner&&) = default;

  // The number of `bytes`, given in order of first sight from 0. Cost: one hash, one probe.
  uint32_t Intern(absl::string_view bytes);
  // kNone if `bytes` was never interned.
  uint32_t Find(absl::string_view bytes) const;
  // Stays valid as long as the interner.
  absl::string_view Get(uint32_t n) const {
    return absl::string_view(entries_[n].data, entries_[n].size);
  }
  size_t size() const { return entries_.size(); }
  size_t memory_bytes() const;
  // Makes room for `strings` strings, so that filling does not rehash.
  void Reserve(size_t strings);

 private:
  struct Entry {
    const char* data;
    uint32_t size;
    uint32_t hash;  // the low half, so that growing needs no access to the strings
  };
  // The slot that holds `bytes`, or the free slot where it would go.
  size_t Probe(absl::string_view bytes, uint32_t hash) const;
  void Rehash(size_t slots);
  const char* Keep(absl::string_view bytes);

  std::vector<std::unique_ptr<char[]>> chunks_;
  char* free_ = nullptr;
  size_t free_bytes_ = 0;
  size_t chunk_bytes_ = 0;  // of all chunks
  std::vector<Entry> entries_;
  std::vector<uint32_t> slots_;  // number + 1; 0 is free; the size is a power of two
};

}  // namespace testselect
