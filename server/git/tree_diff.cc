#include "server/git/tree_diff.h"

#include <algorithm>
#include <string>
#include <utility>

#include "server/git/object_reader.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

// Regular and executable files are one kind of thing; a change between kinds is kTypeChanged.
FileType KindOf(FileType type) { return type == FileType::kExecutable ? FileType::kRegular : type; }

class TreePairWalk {
 public:
  explicit TreePairWalk(git_odb* odb) : odb_(odb) {}

  absl::Status Walk(const ObjectId& old_tree, const ObjectId& new_tree, int depth) {
    TS_ASSIGN_OR_RETURN(TreeCursor before, TreeCursor::Open(odb_, old_tree));
    TS_ASSIGN_OR_RETURN(TreeCursor after, TreeCursor::Open(odb_, new_tree));
    while (!before.AtEnd() || !after.AtEnd()) {
      TS_RETURN_IF_ERROR(budget_.Spend(depth, path_));
      const int order = before.AtEnd() ? 1 : after.AtEnd() ? -1 : CompareTreeEntries(before, after);
      const TreeCursor* old_entry = order <= 0 ? &before : nullptr;
      const TreeCursor* new_entry = order >= 0 ? &after : nullptr;
      TS_RETURN_IF_ERROR(Visit(old_entry, new_entry, depth));
      if (old_entry != nullptr) TS_RETURN_IF_ERROR(before.Next());
      if (new_entry != nullptr) TS_RETURN_IF_ERROR(after.Next());
    }
    return absl::OkStatus();
  }

  std::vector<FileChange> Finish() && {
    // Git's order of entries is the order of paths, save for trees that git did not write.
    std::stable_sort(changes_.begin(), changes_.end(),
                     [](const FileChange& a, const FileChange& b) { return Path(a) < Path(b); });
    return std::move(changes_);
  }

 private:
  static const std::string& Path(const FileChange& c) {
    return c.new_path.empty() ? c.old_path : c.new_path;
  }

  // One name; an entry is null on the side that lacks it. Both are folders or none is.
  absl::Status Visit(const TreeCursor* before, const TreeCursor* after, int depth) {
    const TreeCursor& any = before != nullptr ? *before : *after;
    const ObjectId old_id = before != nullptr ? before->id() : ObjectId();
    const ObjectId new_id = after != nullptr ? after->id() : ObjectId();
    const size_t length = path_.size();
    if (any.IsTree()) {
      if (old_id == new_id) return absl::OkStatus();
      path_.append(any.name().data(), any.name().size()).push_back('/');
      TS_RETURN_IF_ERROR(Walk(old_id, new_id, depth + 1));
      path_.resize(length);
      return absl::OkStatus();
    }
    FileChange change;
    if (before != nullptr) change.old_type = FileTypeOfMode(before->mode());
    if (after != nullptr) change.new_type = FileTypeOfMode(after->mode());
    if (old_id == new_id && change.old_type == change.new_type) return absl::OkStatus();
    path_.append(any.name().data(), any.name().size());
    if (before != nullptr) change.old_path = path_;
    if (after != nullptr) change.new_path = path_;
    path_.resize(length);
    change.old_blob = old_id;
    change.new_blob = new_id;
    change.kind = before == nullptr                                    ? ChangeKind::kAdded
                  : after == nullptr                                   ? ChangeKind::kDeleted
                  : KindOf(change.old_type) != KindOf(change.new_type) ? ChangeKind::kTypeChanged
                                                                       : ChangeKind::kModified;
    changes_.push_back(std::move(change));
    return absl::OkStatus();
  }

  git_odb* const odb_;
  std::string path_;  // of the folder that is being walked, ending in '/'
  TreeBudget budget_;
  std::vector<FileChange> changes_;
};

}  // namespace

absl::StatusOr<std::vector<FileChange>> DiffTreePair(git_odb* odb, const ObjectId& old_tree,
                                                     const ObjectId& new_tree) {
  TreePairWalk walk(odb);
  if (old_tree != new_tree) TS_RETURN_IF_ERROR(walk.Walk(old_tree, new_tree, 0));
  return std::move(walk).Finish();
}

}  // namespace testselect
