// Walks over commits that do not care where commits come from. Private to server/git.
#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/statusor.h"
#include "server/git/repository.h"
#include "storage/model/object_id.h"

namespace testselect {

// Where the walks read from.
struct CommitGraph {
  std::function<absl::StatusOr<CommitInfo>(const ObjectId&)> commit;
  // Whether the parents of this commit were left out of a shallow clone.
  std::function<bool(const ObjectId&)> is_border;
};

// GitRepository::WalkAncestors. A commit is read when it is visited (of side branches: when it is
// queued), so stopping early is cheap; memory grows with the commits visited.
absl::Status WalkAncestorsOf(const CommitGraph& graph, const ObjectId& from,
                             const std::function<bool(const CommitInfo&, uint32_t)>& visit,
                             bool* shallow_end);

// Whether `ancestor` is found among `of` and its ancestors, newest first; false also where only the
// border of a shallow clone was reached. Cost: linear in the commits of `of` that are not older, by
// the queue's order, than `ancestor`; all of them if it is none.
absl::StatusOr<bool> FindsAncestor(const CommitGraph& graph, const ObjectId& ancestor,
                                   const ObjectId& of);

}  // namespace testselect
