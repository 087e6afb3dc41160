// BlobRefs: which blobs are still needed, by counting. Not thread-safe.
//
// A blob is needed by every segment that names it and by every patch made of it. Counts are kept in
// memory only: they follow from the segments, so there is nothing to repair after a crash.
#pragma once

#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/model/digest.h"

namespace testselect {

class BlobRefs {
 public:
  // Tells the base of a blob; the null digest for a whole one.
  class Bases {
   public:
    virtual ~Bases() = default;
    virtual absl::StatusOr<Digest> BaseOf(const Digest& blob) const = 0;
  };
  // `bases` must outlive this.
  explicit BlobRefs(const Bases* bases) : bases_(bases) {}

  // A segment names these blobs. An error is that of BaseOf; nothing is counted then.
  absl::Status Retain(absl::Span<const Digest> blobs);
  // A segment that named these blobs is gone; appends to `freed` those that nobody needs any more.
  void Release(absl::Span<const Digest> blobs, std::vector<Digest>* freed);
  bool Needed(const Digest& blob) const { return counts_.contains(blob); }

 private:
  struct Count {
    uint64_t users = 0;
    Digest base;
  };
  const Bases* bases_;
  absl::flat_hash_map<Digest, Count> counts_;
};

}  // namespace testselect
