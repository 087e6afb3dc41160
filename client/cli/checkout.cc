#include "client/cli/checkout.h"

#include <memory>

#include "server/git/open_repository.h"
#include "storage/model/status_macros.h"

namespace testselect::client {

absl::StatusOr<Checkout> LookAtCheckout(const std::string& folder) {
  Checkout checkout;
  TS_ASSIGN_OR_RETURN(checkout.top, FindRepositoryTop(folder));
  while (checkout.top.size() > 1 && checkout.top.back() == '/') checkout.top.pop_back();
  TS_ASSIGN_OR_RETURN(const ObjectId head, ResolveRevision(checkout.top, "HEAD"));
  checkout.head = head.ToHex();
  TS_ASSIGN_OR_RETURN(const ObjectId snapshot, SnapshotCommit(checkout.top, /*staged=*/false));
  TS_ASSIGN_OR_RETURN(const auto repository, OpenGitRepository(checkout.top));
  TS_ASSIGN_OR_RETURN(const CommitInfo committed, repository->Commit(head));
  if (!committed.parents.empty()) checkout.parent = committed.parents[0].ToHex();
  TS_ASSIGN_OR_RETURN(const CommitInfo present, repository->Commit(snapshot));
  TS_ASSIGN_OR_RETURN(const auto changes, repository->DiffTrees(committed.tree, present.tree));
  for (const FileChange& change : *changes) {
    if (change.old_path.empty()) {
      checkout.added.push_back(change.new_path);
    } else {
      checkout.changed.push_back(change.old_path);
    }
  }
  return checkout;
}

}  // namespace testselect::client
