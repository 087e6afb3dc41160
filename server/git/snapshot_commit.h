// How snapshots become commits. Private to server/git.
#pragma once

#include "absl/status/statusor.h"
#include "server/git/git_handle.h"

namespace testselect {

// Writes a commit of `tree` on `parent` (null: none) into the repository's object database, and no
// ref. The same tree on the same parent is the same commit, so that it can be cached and told
// apart.
absl::StatusOr<git_oid> WriteSnapshotCommit(git_repository* repository, const git_commit* parent,
                                            const git_oid& tree);

}  // namespace testselect
