// RuleCache: parsed rule files by their blob.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "server/git/repository.h"
#include "server/selection/path_rules.h"
#include "storage/model/lru_map.h"
#include "storage/model/mutex.h"
#include "storage/model/object_id.h"

namespace testselect {

// Thread-safe.
class RuleCache {
 public:
  // The rules of `tree`: those of its kRuleFileName, or none where it has no such file. Errors:
  // kInvalidArgument as RuleSet::Parse (also for a link in the file's place), and those of git.
  // Cost: looking up one path of the tree; parsing once per blob.
  absl::StatusOr<std::shared_ptr<const RuleSet>> Load(const GitRepository& git,
                                                      const ObjectId& tree);

 private:
  using Parsed = absl::StatusOr<std::shared_ptr<const RuleSet>>;
  Mutex mutex_;
  LruMap<ObjectId, const Parsed> parsed_ ABSL_GUARDED_BY(mutex_){100};
};

}  // namespace testselect
