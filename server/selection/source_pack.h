// The shelf of machines that share an index: the cut sources of a commit, as one value.
#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "server/selection/source_shelf.h"
#include "storage/index_store.h"
#include "storage/model/mutex.h"

namespace testselect {

// Thread-safe. One pack a repository, of the commit that was offered last: what commits near it
// lack is cut by whoever asks for them.
class PackShelf final : public SourceShelf {
 public:
  // `store` must outlive the shelf, and be shared.
  explicit PackShelf(IndexStore* store) : store_(*store) {}

  // kUnavailable within a second where the store was not heard for a minute; kDataLoss for a damaged
  // pack, which the next Offer replaces. Cost: reads the whole pack.
  absl::StatusOr<std::vector<CutSource>> Fetch(absl::string_view repository,
                                               absl::Span<const std::string> keys,
                                               absl::Time deadline) override;
  // Packs what `store` has of `keys`, which are a commit's, if the pack that is there lacks too
  // many of them. Whether it was packed. Errors: those of the store. Cost: reads all of them.
  absl::StatusOr<bool> Offer(const std::string& repository, const std::vector<std::string>& keys);

 private:
  using Names = absl::flat_hash_set<std::string>;

  // The names in the newest pack; none if there is none, or none that can be read.
  absl::StatusOr<Names> PackedNames(const std::string& repository);

  IndexStore& store_;
  Mutex offering_;  // one at a time
  // As far as this machine knows.
  absl::flat_hash_map<std::string, Names> packed_ ABSL_GUARDED_BY(offering_);
};

}  // namespace testselect
