// libgit2 behind GitRepository. git2.h is included in this folder only.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/git/repository.h"

namespace testselect {

// Opens the repository that contains `path` (work tree, its .git, or a bare one). kNotFound if
// there is none; kPermissionDenied.
absl::StatusOr<std::shared_ptr<GitRepository>> OpenGitRepository(const std::string& path);

// The top folder of the work tree that contains `path` (the git directory of a bare one).
absl::StatusOr<std::string> FindRepositoryTop(const std::string& path);

// Writes the state of the index (`staged`) or of the work tree (all tracked and untracked, not
// ignored files, save the client's own .testselect/) as a commit on HEAD in the object database,
// touching no ref, no index and no file, and returns its id. The same state gives the same id,
// which is never HEAD's own. A changed work tree of a submodule changes the snapshot too. Honours
// GIT_INDEX_FILE, so that hooks see what is being committed. kFailedPrecondition: a bare
// repository; unmerged paths (`staged` only).
absl::StatusOr<ObjectId> SnapshotCommit(const std::string& path, bool staged);

// The same in two steps: the tree alone, and a commit of it on any commit.
absl::StatusOr<ObjectId> SnapshotTree(const std::string& path, bool staged);
absl::StatusOr<ObjectId> CommitSnapshot(const std::string& path, const ObjectId& tree,
                                        const ObjectId& parent);

// The nearest commit at or before HEAD, first parents first, that is on a remote's branch as far as
// this clone knows. Nothing where there is none, or no remote.
absl::StatusOr<std::optional<ObjectId>> NewestPushedCommit(const std::string& path);

// The folders of the work tree that git does not ignore, its top first, by their paths as `path`
// leads to them; without git's own and the client's. kFailedPrecondition: a bare repository.
absl::StatusOr<std::vector<std::string>> WorkTreeFolders(const std::string& path);

// The id of the commit that `rev` names: "HEAD~1", a branch, a tag, an id or what begins only one
// id. kNotFound; kInvalidArgument for what is no commit, or begins several.
absl::StatusOr<ObjectId> ResolveRevision(const std::string& path, const std::string& rev);

// The short name of the branch that HEAD is on, also before its first commit; empty where HEAD is
// detached.
absl::StatusOr<std::string> HeadBranch(const std::string& path);

struct RepositorySetOptions {
  // name -> local path, or URL (http, https, ssh, git, file) that is mirrored.
  std::map<std::string, std::string> repositories = {};
  std::string mirror_dir = {};    // where mirrors live; needed if there is a URL
  std::string snapshot_dir = {};  // where PutSnapshot keeps what it is given; empty: it does not
  uint64_t snapshot_max_bytes = 10ull << 30;  // of each repository; the oldest objects go first
};

// A RepositorySource over configured repositories; each is opened on first use and kept. A path is
// the repository itself, never a folder inside one; who owns it does not matter. kInvalidArgument
// naming the repository: a bad name, an unknown scheme, a URL without mirror_dir. Find and
// EnsureCommit answer kUnavailable or kPermissionDenied where a configured repository cannot be
// opened or fetched.
absl::StatusOr<std::unique_ptr<RepositorySource>> NewRepositorySet(RepositorySetOptions options);

}  // namespace testselect
