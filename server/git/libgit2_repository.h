// Libgit2Repository: GitRepository over libgit2. Private to server/git; others use
// open_repository.h.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/git/ancestry.h"
#include "server/git/handle_pool.h"
#include "server/git/repository.h"
#include "server/git/shallow_border.h"
#include "storage/model/lru_map.h"

namespace testselect {

// Thread-safe. Every error begins with the repository's name; a missing object's error says whether
// the clone is shallow or partial.
class Libgit2Repository : public GitRepository {
 public:
  enum class Search { kExact, kParents };  // whether `path` may lie inside the repository

  // `name` is what errors call the repository. Objects are looked for in `more_objects` too.
  // Errors as OpenGitRepository.
  static absl::StatusOr<std::shared_ptr<GitRepository>> Open(const std::string& path,
                                                             const std::string& name, Search search,
                                                             const std::string& more_objects = "");

  absl::StatusOr<CommitInfo> Commit(const ObjectId& id) const override;
  absl::Status WalkAncestors(const ObjectId& from,
                             std::function<bool(const CommitInfo&, uint32_t)> visit,
                             bool* shallow_end) const override;
  absl::StatusOr<bool> IsAncestor(const ObjectId& ancestor, const ObjectId& of) const override;
  absl::StatusOr<std::shared_ptr<const std::vector<FileChange>>> DiffTrees(
      const ObjectId& old_tree, const ObjectId& new_tree) const override;
  absl::StatusOr<std::shared_ptr<const BlobDiff>> DiffBlobs(
      const ObjectId& old_blob, const ObjectId& new_blob) const override;
  absl::StatusOr<std::string> ReadBlob(const ObjectId& blob) const override;
  absl::StatusOr<std::shared_ptr<const std::vector<TreeEntry>>> ListTree(
      const ObjectId& tree) const override;
  absl::StatusOr<std::optional<TreeEntry>> FindInTree(const ObjectId& tree,
                                                      absl::string_view path) const override;
  bool IsShallow() const override { return !border_.Now()->empty(); }

 private:
  using IdPair = std::pair<ObjectId, ObjectId>;

  Libgit2Repository(std::string name, const std::string& git_dir, const std::string& common_dir,
                    const std::string& more_objects, bool partial);

  // Calls `f(lease)`, which returns a StatusOr. What is missing or unreadable is looked for once
  // more with a fresh handle, because packs may have been rewritten under the one we held.
  template <typename F>
  auto WithHandle(F f) const -> decltype(f(std::declval<const HandlePool::Lease&>()));
  absl::Status Explain(const absl::Status& status) const;
  CommitGraph Graph() const;

  const std::string name_;
  const std::string git_dir_, common_dir_;  // end in '/'; differ for a linked work tree
  const bool partial_;                      // a partial clone: objects may be left out on purpose
  const ShallowBorder border_;
  mutable HandlePool pool_;
  mutable SharedLruMap<IdPair, const std::vector<FileChange>> tree_diffs_;  // cost: changes
  mutable SharedLruMap<IdPair, const BlobDiff> blob_diffs_;             // cost: entries and hunks
  mutable SharedLruMap<ObjectId, const std::vector<TreeEntry>> trees_;  // cost: files
};

}  // namespace testselect
