#include "server/selection/tree_move.h"

#include <algorithm>
#include <utility>

#include "storage/model/status_macros.h"

namespace testselect {
namespace {

// The first line after a hunk's old lines; an insertion stands after its old_start.
uint32_t OldEnd(const Hunk& hunk) {
  return hunk.old_count == 0 ? hunk.old_start + 1 : hunk.old_start + hunk.old_count;
}

uint32_t OldBegin(const Hunk& hunk) {
  return hunk.old_count == 0 ? hunk.old_start + 1 : hunk.old_start;
}

}  // namespace

LineMove::LineMove(const BlobDiff& diff) : binary_(diff.binary), hunks_(diff.hunks) {}

bool LineMove::Touches(LineRange old_lines) const {
  return binary_ || std::any_of(hunks_.begin(), hunks_.end(), [&](const Hunk& hunk) {
           if (hunk.old_count > 0) {
             return hunk.old_start <= old_lines.last && OldEnd(hunk) > old_lines.first;
           }
           return hunk.old_start >= old_lines.first && hunk.old_start < old_lines.last;
         });
}

std::vector<LineRange> LineMove::Move(LineRange old_lines) const {
  std::vector<LineRange> moved;
  if (binary_) return moved;
  int64_t shift = 0;
  uint32_t next = old_lines.first;  // of the old lines, the first that is not moved yet
  const auto take = [&](uint32_t end) {
    if (next >= end) return;
    moved.push_back({static_cast<uint32_t>(next + shift), static_cast<uint32_t>(end - 1 + shift)});
  };
  for (const Hunk& hunk : hunks_) {
    if (OldBegin(hunk) > old_lines.last) break;
    take(OldBegin(hunk));
    next = std::max(next, OldEnd(hunk));
    shift += static_cast<int64_t>(hunk.new_count) - hunk.old_count;
  }
  take(old_lines.last + 1);
  return moved;
}

absl::StatusOr<TreeMove> TreeMove::Make(std::shared_ptr<const GitRepository> git,
                                        const ObjectId& from, const ObjectId& to) {
  TreeMove move;
  move.git_ = std::move(git);
  if (from == to) return move;
  TS_ASSIGN_OR_RETURN(move.changes_, move.git_->DiffTrees(from, to));
  for (const FileChange& change : *move.changes_) {
    if (!change.old_path.empty()) move.change_of_[change.old_path] = &change;
  }
  return move;
}

absl::StatusOr<const TreeMove::File*> TreeMove::Find(const std::string& old_path) {
  const auto [it, added] = files_.try_emplace(old_path);
  if (!added) return it->second.get();
  const auto change = change_of_.find(old_path);
  if (change != change_of_.end() && change->second->new_path.empty()) return nullptr;
  auto file = std::make_unique<File>();
  file->path = old_path;
  if (change != change_of_.end()) {
    const FileChange& c = *change->second;
    file->path = c.new_path;
    file->same_bytes = c.old_blob == c.new_blob;
    if (!file->same_bytes) {
      const auto diff = git_->DiffBlobs(c.old_blob, c.new_blob);
      if (!diff.ok()) {
        files_.erase(old_path);
        return diff.status();
      }
      file->lines = LineMove(**diff);
    }
  }
  return (files_[old_path] = std::move(file)).get();
}

}  // namespace testselect
