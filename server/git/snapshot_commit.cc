#include "server/git/snapshot_commit.h"

#include "server/git/git_status.h"

namespace testselect {

absl::StatusOr<git_oid> WriteSnapshotCommit(git_repository* repository, const git_commit* parent,
                                            const git_oid& tree) {
  const git_time_t when = parent != nullptr ? git_commit_time(parent) : 0;
  SignatureHandle who;
  if (int rc = git_signature_new(Out(who), "testselect", "testselect@localhost", when, 0); rc < 0) {
    return GitError(rc, "signature");
  }
  TreeHandle of_tree;
  if (int rc = git_tree_lookup(Out(of_tree), repository, &tree); rc < 0) {
    return GitError(rc, "snapshot tree");
  }
  const git_commit* parents[] = {parent};
  git_oid id;
  const int rc = git_commit_create(&id, repository, /*update_ref=*/nullptr, who.get(), who.get(),
                                   nullptr, "Snapshot for test selection\n", of_tree.get(),
                                   parent != nullptr ? 1 : 0, parents);
  if (rc < 0) return GitError(rc, "cannot write the snapshot");
  return id;
}

}  // namespace testselect
