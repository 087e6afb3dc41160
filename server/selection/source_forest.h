// SourceForest: the cut and linked trees of the commits that selections compare.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/git/repository.h"
#include "server/selection/label_homes.h"
#include "server/selection/name_index.h"
#include "server/selection/source_shelf.h"
#include "server/source/source_tree.h"
#include "storage/index_store.h"
#include "storage/model/lru_map.h"
#include "storage/model/mutex.h"

namespace testselect {

// Thread-safe. Keeps the trees seen last, and cut modules by blob; derives a tree from one that it
// knows of the same repository. Modules are kept in `store` as well, by blob: a warm repository
// costs only the changed blobs. Concurrent requests for one tree make it once.
class SourceForest {
 public:
  struct Options {
    size_t trees = 16;
    size_t module_bytes = 256ull << 20;
    bool keep = true;  // in the store as well
    // Asked for what many files lack; needs `keep`. May be null; must outlive the forest.
    SourceShelf* shelf = nullptr;
    // Hears how many cut sources a shelf had, or why it could not be asked. May be empty.
    std::function<void(absl::string_view repository, const absl::StatusOr<uint64_t>& had)>
        on_fetched;
    std::function<absl::Time()> now = absl::Now;
  };
  // `store` must outlive the forest.
  SourceForest(IndexStore* store, const Options& options);
  ~SourceForest();

  // A tree of `repository`. Errors: those of `git`, and kDeadlineExceeded: the making ends at the
  // file that is being cut then, so that the caller can answer. What was cut is kept, and the next
  // request goes on from there. Who waits for another's making goes away at the deadline, too.
  absl::StatusOr<std::shared_ptr<const SourceTree>> Tree(
      absl::string_view repository, const std::shared_ptr<const GitRepository>& git,
      const ObjectId& tree, absl::Time deadline = absl::InfiniteFuture());
  // The names of a tree that is compared from. `tree_id` names `tree`.
  std::shared_ptr<const NameIndex> Names(const ObjectId& tree_id, const SourceTree& tree);
  // The homes of labels. `evidence` names `universe`, `tree_id` names `tree`.
  std::shared_ptr<const LabelHomes> Homes(const Digest& evidence,
                                          std::shared_ptr<const LabelUniverse> universe,
                                          const ObjectId& tree_id,
                                          std::shared_ptr<const SourceTree> tree);
  // The names in the store of a tree's cut sources.
  static std::vector<std::string> KeysOf(const SourceTree& tree);
  // Whether `key` is such a name.
  static bool IsKey(absl::string_view key);
  // Trees that are being made end in kCancelled, and so do all later ones.
  void Stop();

 private:
  class Modules;
  struct TreeSlot;

  const std::function<absl::Time()> now_;
  const std::shared_ptr<Modules> modules_;
  Mutex mutex_;
  LruMap<std::string, TreeSlot> trees_ ABSL_GUARDED_BY(mutex_);
  LruMap<std::string, const NameIndex> names_ ABSL_GUARDED_BY(mutex_);
  LruMap<std::string, const LabelHomes> homes_ ABSL_GUARDED_BY(mutex_);
  // The tree made last, by repository: what the next is derived from.
  absl::flat_hash_map<std::string, std::shared_ptr<const SourceTree>> newest_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace testselect
