#include "server/git/libgit2_repository.h"

#include <unistd.h>

#include <cerrno>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "server/git/blob_diff.h"
#include "server/git/git_status.h"
#include "server/git/object_reader.h"
#include "server/git/tree_diff.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

// Bounds of the caches, in their units; each some 50 to 200 MB when full.
constexpr size_t kCachedChanges = 500'000;
constexpr size_t kCachedHunks = 500'000;
constexpr size_t kCachedFiles = 2'000'000;

absl::StatusOr<CommitInfo> LookUpCommit(git_repository* repository, const ObjectId& id) {
  const git_oid oid = ToOid(id);
  ObjectHandle object;
  if (int rc = git_object_lookup(Out(object), repository, &oid, GIT_OBJECT_ANY); rc < 0) {
    if (rc == GIT_ENOTFOUND) return NoSuchObject(id, GIT_OBJECT_COMMIT);
    return GitError(rc, absl::StrCat("commit ", id.ToHex()));
  }
  if (const git_object_t type = git_object_type(object.get()); type != GIT_OBJECT_COMMIT) {
    return WrongType(id, type, GIT_OBJECT_COMMIT);
  }
  auto* commit = reinterpret_cast<git_commit*>(object.get());
  CommitInfo info;
  info.id = id;
  info.tree = FromOid(git_commit_tree_id(commit));
  for (unsigned i = 0; i < git_commit_parentcount(commit); ++i) {
    info.parents.push_back(FromOid(git_commit_parent_id(commit, i)));
  }
  info.committed = absl::FromUnixSeconds(git_commit_time(commit));
  info.message = git_commit_message(commit);
  return info;
}

int NotePromisor(const git_config_entry* entry, void* found) {
  const absl::string_view name(entry->name);
  if (name == "extensions.partialclone" ||
      (absl::StartsWith(name, "remote.") && absl::EndsWith(name, ".promisor"))) {
    *static_cast<bool*>(found) = true;
  }
  return 0;
}

// Whether a remote promises objects that were not fetched; newer gits mark the remote, older ones
// the repository.
bool IsPartialClone(git_repository* repository) {
  ConfigHandle config;
  bool found = false;
  if (git_repository_config_snapshot(Out(config), repository) < 0) return false;
  // Not git_config_foreach_match: libgit2 1.5 leaks 20 KB for every name that does not match.
  git_config_foreach(config.get(), NotePromisor, &found);
  return found;
}

}  // namespace

absl::StatusOr<std::shared_ptr<GitRepository>> Libgit2Repository::Open(
    const std::string& path, const std::string& name, Search search,
    const std::string& more_objects) {
  StartLibgit2();
  const unsigned flags =
      search == Search::kExact ? GIT_REPOSITORY_OPEN_NO_SEARCH : GIT_REPOSITORY_OPEN_CROSS_FS;
  RepositoryHandle repository;
  if (int rc = git_repository_open_ext(Out(repository), path.c_str(), flags, nullptr); rc < 0) {
    const absl::Status status = GitError(rc, absl::StrCat("repository '", name, "'"));
    if (access(path.c_str(), R_OK | X_OK) != 0 && errno == EACCES) {
      return absl::PermissionDeniedError(absl::StrCat("repository '", name, "': not readable"));
    }
    return status;
  }
  return std::shared_ptr<GitRepository>(new Libgit2Repository(
      name, git_repository_path(repository.get()), git_repository_commondir(repository.get()),
      more_objects, IsPartialClone(repository.get())));
}

Libgit2Repository::Libgit2Repository(std::string name, const std::string& git_dir,
                                     const std::string& common_dir, const std::string& more_objects,
                                     bool partial)
    : name_(std::move(name)),
      git_dir_(git_dir),
      common_dir_(common_dir),
      partial_(partial),
      border_(absl::StrCat(common_dir, "shallow")),
      pool_(git_dir, more_objects),
      tree_diffs_(kCachedChanges),
      blob_diffs_(kCachedHunks),
      trees_(kCachedFiles) {}

absl::Status Libgit2Repository::Explain(const absl::Status& status) const {
  if (status.ok()) return status;
  // Where the repository lies is nobody's business who asks by its configured name.
  std::string text = absl::StrCat(
      "repository '", name_,
      "': ", absl::StrReplaceAll(status.message(), {{git_dir_, ""}, {common_dir_, ""}}));
  if (absl::IsNotFound(status) && IsShallow()) {
    absl::StrAppend(&text,
                    "; the clone is shallow: fetch its history (git fetch --unshallow; in CI"
                    " a greater fetch-depth, 0 for all)");
  } else if (absl::IsNotFound(status) && partial_) {
    absl::StrAppend(&text,
                    "; the clone is partial (--filter): TestSelect needs one with all objects");
  }
  return absl::Status(status.code(), text);
}

template <typename F>
auto Libgit2Repository::WithHandle(F f) const
    -> decltype(f(std::declval<const HandlePool::Lease&>())) {
  for (bool again = false;; again = true) {
    absl::StatusOr<HandlePool::Lease> lease = pool_.Borrow();
    if (!lease.ok()) return Explain(lease.status());
    auto result = f(*lease);
    if (result.ok()) return result;
    if (again || absl::IsInvalidArgument(result.status())) return Explain(result.status());
    pool_.DropIdle();
    lease->Discard();
  }
}

absl::StatusOr<CommitInfo> Libgit2Repository::Commit(const ObjectId& id) const {
  return WithHandle(
      [&](const HandlePool::Lease& lease) { return LookUpCommit(lease.repository(), id); });
}

CommitGraph Libgit2Repository::Graph() const {
  auto border = border_.Now();
  return {[this](const ObjectId& id) { return Commit(id); },
          [border](const ObjectId& id) { return border->contains(id); }};
}

absl::Status Libgit2Repository::WalkAncestors(
    const ObjectId& from, std::function<bool(const CommitInfo&, uint32_t)> visit,
    bool* shallow_end) const {
  return WalkAncestorsOf(Graph(), from, visit, shallow_end);
}

absl::StatusOr<bool> Libgit2Repository::IsAncestor(const ObjectId& ancestor,
                                                   const ObjectId& of) const {
  TS_RETURN_IF_ERROR(Commit(ancestor).status());
  TS_RETURN_IF_ERROR(Commit(of).status());
  if (ancestor == of) return true;
  // libgit2's own search stops sooner, but does not know the border of a shallow clone.
  if (IsShallow()) return FindsAncestor(Graph(), ancestor, of);
  return WithHandle([&](const HandlePool::Lease& lease) -> absl::StatusOr<bool> {
    const git_oid commit = ToOid(of), candidate = ToOid(ancestor);
    const int rc = git_graph_descendant_of(lease.repository(), &commit, &candidate);
    if (rc < 0) return GitError(rc, absl::StrCat("ancestors of ", of.ToHex()));
    return rc == 1;
  });
}

absl::StatusOr<std::shared_ptr<const std::vector<FileChange>>> Libgit2Repository::DiffTrees(
    const ObjectId& old_tree, const ObjectId& new_tree) const {
  using Changes = std::shared_ptr<const std::vector<FileChange>>;
  const IdPair key(old_tree, new_tree);
  if (Changes known = tree_diffs_.Find(key); known != nullptr) return known;
  return WithHandle([&](const HandlePool::Lease& lease) -> absl::StatusOr<Changes> {
    TS_ASSIGN_OR_RETURN(auto changes, DiffTreePair(lease.odb(), old_tree, new_tree));
    TS_RETURN_IF_ERROR(FindRenames(lease.odb(), &changes));
    const size_t cost = 1 + changes.size();
    Changes result = std::make_shared<const std::vector<FileChange>>(std::move(changes));
    tree_diffs_.Insert(key, result, cost);
    return result;
  });
}

absl::StatusOr<std::shared_ptr<const BlobDiff>> Libgit2Repository::DiffBlobs(
    const ObjectId& old_blob, const ObjectId& new_blob) const {
  const IdPair key(old_blob, new_blob);
  if (auto known = blob_diffs_.Find(key); known != nullptr) return known;
  return WithHandle(
      [&](const HandlePool::Lease& lease) -> absl::StatusOr<std::shared_ptr<const BlobDiff>> {
        TS_ASSIGN_OR_RETURN(BlobDiff diff, DiffBlobPair(lease.odb(), old_blob, new_blob));
        const size_t cost = 8 + diff.hunks.size();
        auto result = std::make_shared<const BlobDiff>(std::move(diff));
        blob_diffs_.Insert(key, result, cost);
        return result;
      });
}

absl::StatusOr<std::string> Libgit2Repository::ReadBlob(const ObjectId& blob) const {
  return WithHandle([&](const HandlePool::Lease& lease) -> absl::StatusOr<std::string> {
    TS_ASSIGN_OR_RETURN(OdbObjectHandle object, ReadObject(lease.odb(), blob, GIT_OBJECT_BLOB));
    return std::string(static_cast<const char*>(git_odb_object_data(object.get())),
                       git_odb_object_size(object.get()));
  });
}

absl::StatusOr<std::shared_ptr<const std::vector<TreeEntry>>> Libgit2Repository::ListTree(
    const ObjectId& tree) const {
  using Files = std::shared_ptr<const std::vector<TreeEntry>>;
  if (Files known = trees_.Find(tree); known != nullptr) return known;
  return WithHandle([&](const HandlePool::Lease& lease) -> absl::StatusOr<Files> {
    TS_ASSIGN_OR_RETURN(auto files, ListTreeFiles(lease.odb(), tree));
    const size_t cost = 1 + files.size();
    Files result = std::make_shared<const std::vector<TreeEntry>>(std::move(files));
    trees_.Insert(tree, result, cost);
    return result;
  });
}

absl::StatusOr<std::optional<TreeEntry>> Libgit2Repository::FindInTree(
    const ObjectId& tree, absl::string_view path) const {
  return WithHandle(
      [&](const HandlePool::Lease& lease) { return FindTreeFile(lease.odb(), tree, path); });
}

}  // namespace testselect
