// AnchoredWalks: walks over ancestors that end where an earlier one goes on.
//
// Who only wants to know what all walks together come across need not walk the same way twice: a
// walk that meets, on its line of first parents, a commit that an earlier walk began at would go on
// as that one did, as long as that one never left the line of first parents itself.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "server/git/repository.h"

namespace testselect {

// All but WalkAncestors is the given repository's. Not thread-safe.
class AnchoredWalks final : public GitRepository {
 public:
  // `git` must outlive it. All walks over one object must ask for the same.
  explicit AnchoredWalks(const GitRepository& git) : git_(git) {}

  absl::Status WalkAncestors(const ObjectId& from,
                             std::function<bool(const CommitInfo&, uint32_t distance)> visit,
                             bool* shallow_end) const override;
  uint64_t visited() const { return visited_; }  // commits, in all walks

  absl::StatusOr<CommitInfo> Commit(const ObjectId& id) const override { return git_.Commit(id); }
  absl::StatusOr<bool> IsAncestor(const ObjectId& ancestor, const ObjectId& of) const override {
    return git_.IsAncestor(ancestor, of);
  }
  absl::StatusOr<std::shared_ptr<const std::vector<FileChange>>> DiffTrees(
      const ObjectId& old_tree, const ObjectId& new_tree) const override {
    return git_.DiffTrees(old_tree, new_tree);
  }
  absl::StatusOr<std::shared_ptr<const BlobDiff>> DiffBlobs(
      const ObjectId& old_blob, const ObjectId& new_blob) const override {
    return git_.DiffBlobs(old_blob, new_blob);
  }
  absl::StatusOr<std::string> ReadBlob(const ObjectId& blob) const override {
    return git_.ReadBlob(blob);
  }
  absl::StatusOr<std::shared_ptr<const std::vector<TreeEntry>>> ListTree(
      const ObjectId& tree) const override {
    return git_.ListTree(tree);
  }
  absl::StatusOr<std::optional<TreeEntry>> FindInTree(const ObjectId& tree,
                                                      absl::string_view path) const override {
    return git_.FindInTree(tree, path);
  }
  bool IsShallow() const override { return git_.IsShallow(); }

 private:
  const GitRepository& git_;
  mutable absl::flat_hash_set<ObjectId> anchors_;
  mutable uint64_t visited_ = 0;
};

}  // namespace testselect
