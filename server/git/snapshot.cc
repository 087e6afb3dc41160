// SnapshotCommit: the index or the work tree as a commit.

#include <git2/sys/repository.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/git/git_handle.h"
#include "server/git/git_status.h"
#include "server/git/open_repository.h"
#include "server/git/snapshot_commit.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr int kMaxSubmoduleDepth = 20;

// Where the client keeps its own index; never part of what is tested.
constexpr absl::string_view kOwnFolder = ".testselect/";

// A repository whose index is changed in memory only, until it says what is to be committed.
class Snapshot {
 public:
  static absl::StatusOr<Snapshot> Open(const std::string& path, bool exact, int depth) {
    Snapshot s;
    s.depth_ = depth;
    const unsigned flags = exact ? GIT_REPOSITORY_OPEN_NO_SEARCH : GIT_REPOSITORY_OPEN_CROSS_FS;
    if (int rc = git_repository_open_ext(Out(s.repository_), path.c_str(), flags, nullptr);
        rc < 0) {
      return GitError(rc, absl::StrCat("no git repository at '", path, "'"));
    }
    const char* top = git_repository_workdir(s.repository_.get());
    if (top == nullptr) {
      return absl::FailedPreconditionError(
          absl::StrCat("repository '", path, "' is bare: it has no work tree and no index"));
    }
    s.top_ = top;
    TS_RETURN_IF_ERROR(s.LoadIndex(depth == 0));
    return s;
  }

  absl::StatusOr<git_oid> StagedTree() {
    if (git_index_has_conflicts(index_.get()) != 0) {
      return absl::FailedPreconditionError(
          "the index has unmerged paths: resolve them, or ask for the work tree");
    }
    return WriteTree();
  }

  absl::StatusOr<git_oid> WorkTree() {
    TS_RETURN_IF_ERROR(DropConflicts());
    git_diff_options options;
    git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
    options.flags =
        GIT_DIFF_INCLUDE_UNTRACKED | GIT_DIFF_RECURSE_UNTRACKED_DIRS | GIT_DIFF_INCLUDE_TYPECHANGE;
    DiffHandle diff;
    if (int rc = git_diff_index_to_workdir(Out(diff), repository_.get(), index_.get(), &options);
        rc < 0) {
      return GitError(rc, "cannot compare the work tree with the index");
    }
    for (size_t i = 0; i < git_diff_num_deltas(diff.get()); ++i) {
      TS_RETURN_IF_ERROR(Apply(*git_diff_get_delta(diff.get(), i)));
    }
    return WriteTree();
  }

  absl::StatusOr<git_oid> Commit(const git_oid& tree) {
    TS_ASSIGN_OR_RETURN(CommitHandle head, Head());
    return WriteSnapshotCommit(repository_.get(), head.get(), tree);
  }

 private:
  Snapshot() = default;

  // A git command that runs a hook may use another index file ("git commit -a"); it says so.
  absl::Status LoadIndex(bool follow_environment) {
    const char* other = follow_environment ? std::getenv("GIT_INDEX_FILE") : nullptr;
    if (other != nullptr && *other != '\0') {
      const std::string file = *other == '/' ? other : top_ + other;
      if (absl::StartsWith(file, git_repository_path(repository_.get())) ||
          absl::StartsWith(file, top_)) {
        IndexHandle index;
        if (int rc = git_index_open(Out(index), file.c_str()); rc < 0) {
          return GitError(rc, "cannot read the index that GIT_INDEX_FILE names");
        }
        if (int rc = git_repository_set_index(repository_.get(), index.get()); rc < 0) {
          return GitError(rc, "cannot use the index that GIT_INDEX_FILE names");
        }
      }
    }
    if (int rc = git_repository_index(Out(index_), repository_.get()); rc < 0) {
      return GitError(rc, "cannot read the index");
    }
    return DropIntentToAdd();
  }

  // "git add -N" announces a file without its content: it is not staged yet.
  absl::Status DropIntentToAdd() {
    std::vector<std::string> announced;
    for (size_t i = 0; i < git_index_entrycount(index_.get()); ++i) {
      const git_index_entry* entry = git_index_get_byindex(index_.get(), i);
      if ((entry->flags_extended & GIT_INDEX_ENTRY_INTENT_TO_ADD) != 0) {
        announced.emplace_back(entry->path);
      }
    }
    for (const std::string& path : announced) TS_RETURN_IF_ERROR(Remove(path));
    return absl::OkStatus();
  }

  // In the middle of a merge the files count as they are in the work tree.
  absl::Status DropConflicts() {
    if (git_index_has_conflicts(index_.get()) == 0) return absl::OkStatus();
    if (int rc = git_index_conflict_cleanup(index_.get()); rc < 0) return GitError(rc, "conflicts");
    return absl::OkStatus();
  }

  absl::Status Apply(const git_diff_delta& delta) {
    if (delta.status == GIT_DELTA_UNREADABLE) {
      return absl::PermissionDeniedError(
          absl::StrCat("'", delta.new_file.path, "' in the work tree is not readable"));
    }
    const bool tracked = delta.status != GIT_DELTA_UNTRACKED;
    const std::string path =
        delta.status == GIT_DELTA_DELETED ? delta.old_file.path : delta.new_file.path;
    if (!tracked && absl::StartsWith(path, kOwnFolder)) return absl::OkStatus();
    if (delta.status == GIT_DELTA_DELETED) return IsSkipped(path) ? absl::OkStatus() : Remove(path);
    if (absl::EndsWith(path, "/") || delta.new_file.mode == GIT_FILEMODE_COMMIT ||
        delta.new_file.mode == GIT_FILEMODE_TREE) {
      return AddRepository(path, tracked);
    }
    git_index_entry entry{};
    entry.path = path.c_str();
    entry.mode = delta.new_file.mode;
    if (int rc = git_blob_create_from_workdir(&entry.id, repository_.get(), path.c_str()); rc < 0) {
      return GitError(rc, absl::StrCat("cannot read '", path, "' in the work tree"));
    }
    return Add(entry);
  }

  // Sparse checkouts leave tracked files out of the work tree.
  bool IsSkipped(const std::string& path) {
    const git_index_entry* entry = git_index_get_bypath(index_.get(), path.c_str(), 0);
    return entry != nullptr && (entry->flags_extended & GIT_INDEX_ENTRY_SKIP_WORKTREE) != 0;
  }

  // A submodule, or another repository inside the work tree: what it has checked out. Where its own
  // work tree has changes, a snapshot of it, so that they change our tree as well.
  absl::Status AddRepository(std::string path, bool tracked) {
    while (absl::EndsWith(path, "/")) path.pop_back();
    if (depth_ >= kMaxSubmoduleDepth) {
      return absl::ResourceExhaustedError(
          absl::StrCat("submodules nest deeper than ", kMaxSubmoduleDepth, " at '", path, "'"));
    }
    absl::StatusOr<Snapshot> inner = Open(top_ + path, /*exact=*/true, depth_ + 1);
    if (absl::IsNotFound(inner.status())) {
      return absl::OkStatus();  // not checked out: stays as the index has it
    }
    TS_RETURN_IF_ERROR(inner.status());
    TS_ASSIGN_OR_RETURN(CommitHandle head, inner->Head());
    if (head == nullptr && !tracked) return absl::OkStatus();  // an empty repository
    TS_ASSIGN_OR_RETURN(git_oid tree, inner->WorkTree());
    git_index_entry entry{};
    entry.path = path.c_str();
    entry.mode = GIT_FILEMODE_COMMIT;
    if (head != nullptr && git_oid_equal(&tree, git_commit_tree_id(head.get()))) {
      entry.id = *git_commit_id(head.get());
    } else {
      TS_ASSIGN_OR_RETURN(entry.id, inner->Commit(tree));
    }
    return Add(entry);
  }

  absl::Status Add(const git_index_entry& entry) {
    if (int rc = git_index_add(index_.get(), &entry); rc < 0) {
      return GitError(rc, absl::StrCat("cannot add '", entry.path, "' to the snapshot"));
    }
    return absl::OkStatus();
  }

  absl::Status Remove(const std::string& path) {
    if (int rc = git_index_remove(index_.get(), path.c_str(), 0); rc < 0) {
      return GitError(rc, absl::StrCat("cannot leave '", path, "' out of the snapshot"));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<git_oid> WriteTree() {
    git_oid tree;
    if (int rc = git_index_write_tree_to(&tree, index_.get(), repository_.get()); rc < 0) {
      return GitError(rc, "cannot write the snapshot's tree");
    }
    return tree;
  }

  // Null on a branch without commits.
  absl::StatusOr<CommitHandle> Head() {
    git_oid id;
    CommitHandle head;
    int rc = git_reference_name_to_id(&id, repository_.get(), "HEAD");
    if (rc == GIT_ENOTFOUND || rc == GIT_EUNBORNBRANCH) return head;
    if (rc == 0) rc = git_commit_lookup(Out(head), repository_.get(), &id);
    if (rc < 0) return GitError(rc, "HEAD");
    return head;
  }

  RepositoryHandle repository_;
  IndexHandle index_;
  std::string top_;  // ends in '/'
  int depth_ = 0;    // of submodules
};

}  // namespace

absl::StatusOr<ObjectId> SnapshotCommit(const std::string& path, bool staged) {
  StartLibgit2();
  TS_ASSIGN_OR_RETURN(Snapshot snapshot, Snapshot::Open(path, /*exact=*/false, 0));
  TS_ASSIGN_OR_RETURN(git_oid tree, staged ? snapshot.StagedTree() : snapshot.WorkTree());
  TS_ASSIGN_OR_RETURN(git_oid commit, snapshot.Commit(tree));
  return FromOid(&commit);
}

absl::StatusOr<ObjectId> SnapshotTree(const std::string& path, bool staged) {
  StartLibgit2();
  TS_ASSIGN_OR_RETURN(Snapshot snapshot, Snapshot::Open(path, /*exact=*/false, 0));
  TS_ASSIGN_OR_RETURN(git_oid tree, staged ? snapshot.StagedTree() : snapshot.WorkTree());
  return FromOid(&tree);
}

absl::StatusOr<ObjectId> CommitSnapshot(const std::string& path, const ObjectId& tree,
                                        const ObjectId& parent) {
  StartLibgit2();
  RepositoryHandle repository;
  if (int rc = git_repository_open_ext(Out(repository), path.c_str(), GIT_REPOSITORY_OPEN_CROSS_FS,
                                       nullptr);
      rc < 0) {
    return GitError(rc, absl::StrCat("no git repository at '", path, "'"));
  }
  const git_oid parent_id = ToOid(parent), tree_id = ToOid(tree);
  CommitHandle on;
  if (int rc = git_commit_lookup(Out(on), repository.get(), &parent_id); rc < 0) {
    return GitError(rc, absl::StrCat("commit ", parent.ToHex()));
  }
  TS_ASSIGN_OR_RETURN(const git_oid id, WriteSnapshotCommit(repository.get(), on.get(), tree_id));
  return FromOid(&id);
}

}  // namespace testselect
