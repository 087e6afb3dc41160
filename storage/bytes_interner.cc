#include "storage/bytes_interner.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "absl/hash/hash.h"

namespace testselect {
namespace {

constexpr size_t kFirstChunk = 4 << 10;
constexpr size_t kGreatestChunk = 1 << 20;

uint32_t HashOf(absl::string_view bytes) {
  const size_t h = absl::HashOf(bytes);
  return static_cast<uint32_t>(h ^ (h >> 32));
}

}  // namespace

size_t BytesInterner::Probe(absl::string_view bytes, uint32_t hash) const {
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    if (slots_[at] == 0) return at;
    const Entry& e = entries_[slots_[at] - 1];
    if (e.hash == hash && e.size == bytes.size() &&
        (e.size == 0 || std::memcmp(e.data, bytes.data(), e.size) == 0)) {
      return at;
    }
  }
}

void BytesInterner::Rehash(size_t slots) {
  slots_.assign(slots, 0);
  const size_t mask = slots - 1;
  for (size_t i = 0; i < entries_.size(); ++i) {
    size_t at = entries_[i].hash & mask;
    while (slots_[at] != 0) at = (at + 1) & mask;
    slots_[at] = static_cast<uint32_t>(i + 1);
  }
}

void BytesInterner::Reserve(size_t strings) {
  entries_.reserve(strings);
  const size_t slots = std::bit_ceil(strings * 2 + 2);
  if (slots > slots_.size()) Rehash(slots);
}

const char* BytesInterner::Keep(absl::string_view bytes) {
  if (bytes.size() > free_bytes_) {
    const size_t next = std::clamp(chunk_bytes_, kFirstChunk, kGreatestChunk);
    free_bytes_ = std::max(next, bytes.size());
    chunks_.push_back(std::make_unique<char[]>(free_bytes_));
    free_ = chunks_.back().get();
    chunk_bytes_ += free_bytes_;
  }
  char* kept = free_;
  if (!bytes.empty()) std::memcpy(kept, bytes.data(), bytes.size());
  free_ += bytes.size();
  free_bytes_ -= bytes.size();
  return kept;
}

uint32_t BytesInterner::Intern(absl::string_view bytes) {
  if (entries_.size() * 2 + 2 > slots_.size()) {
    Rehash(std::max<size_t>(16, slots_.size() * 2));
  }
  const uint32_t hash = HashOf(bytes);
  const size_t at = Probe(bytes, hash);
  if (slots_[at] != 0) return slots_[at] - 1;
  entries_.push_back({Keep(bytes), static_cast<uint32_t>(bytes.size()), hash});
  slots_[at] = static_cast<uint32_t>(entries_.size());
  return slots_[at] - 1;
}

uint32_t BytesInterner::Find(absl::string_view bytes) const {
  if (slots_.empty()) return kNone;
  const uint32_t slot = slots_[Probe(bytes, HashOf(bytes))];
  return slot == 0 ? kNone : slot - 1;
}

size_t BytesInterner::memory_bytes() const {
  return chunk_bytes_ + entries_.capacity() * sizeof(Entry) + slots_.capacity() * sizeof(uint32_t) +
         chunks_.capacity() * sizeof(chunks_[0]);
}

}  // namespace testselect
