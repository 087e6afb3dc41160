// ReplicaEngine: the part of a shared index that one machine keeps.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/index_store.h"
#include "storage/segment_catalog.h"

namespace testselect {

// An IndexStore whose segments are also in a SegmentExchange: Commit puts them there before they
// are visible here, Open fetches what is not here. The blobs on disk are a cache then. Seal, Delete
// and DeleteSegments change this machine's rows alone. Thread-safe, as IndexStore.
class ReplicaEngine : public IndexStore {
 public:
  // Segments that other machines stored and deleted. `added` are in state kBuilding or
  // kQuarantined; `sealed` are all segments of the repository that were sealed by request. States
  // are settled anew by the catalogue's rules. What is in `gone` and in `added` was stored again
  // after its deletion. Nothing changes if nothing is new.
  virtual absl::Status Adopt(std::vector<CatalogEntry> added,
                             const absl::flat_hash_set<Digest>& sealed,
                             absl::Span<const Digest> gone) = 0;
  // All of a repository, in no order.
  virtual std::vector<CatalogEntry> EntriesOf(absl::string_view repository) const = 0;
  // Puts segments into the exchange that were stored before there was one.
  virtual absl::Status PublishAll() = 0;
  // Deletes blobs, those not used for longest first, until they take `bytes` or less on disk.
  // Returns how many bytes were set free; the space is the file system's again after Compact.
  virtual absl::StatusOr<uint64_t> TrimBlobs(uint64_t bytes) = 0;
};

}  // namespace testselect
