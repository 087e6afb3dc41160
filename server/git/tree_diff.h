// What changed between two trees. Private to server/git.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "server/git/git_handle.h"
#include "server/git/repository.h"
#include "storage/model/object_id.h"

namespace testselect {

// Changes from `old_tree` to `new_tree` (null: the empty tree), no renames, by path ascending.
// Walks both trees side by side and enters only subtrees whose ids differ, so the cost follows the
// change and not the tree. A file that became a link, a submodule or the reverse is kTypeChanged; a
// changed executable bit alone is kModified with equal blobs and different types.
absl::StatusOr<std::vector<FileChange>> DiffTreePair(git_odb* odb, const ObjectId& old_tree,
                                                     const ObjectId& new_tree);

// Joins deletions and additions in `changes` to renames, as git does by default: equal content
// first (the same base name preferred), then regular files at least 50% similar by libgit2's
// signatures, most similar first. Files of more than 8 MiB are only compared for equality, and
// where more than 1,000,000 pairs (git's own limit) would have to be compared only equal content is
// joined; what is not joined stays a deletion and an addition, which selects more. A blob that
// cannot be read is an error. Keeps the order by old or new path.
absl::Status FindRenames(git_odb* odb, std::vector<FileChange>* changes);

}  // namespace testselect
