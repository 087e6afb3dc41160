#include "server/selection/anchored_walks.h"

#include "storage/model/status_macros.h"

namespace testselect {

absl::Status AnchoredWalks::WalkAncestors(const ObjectId& from,
                                          std::function<bool(const CommitInfo&, uint32_t)> visit,
                                          bool* shallow_end) const {
  ObjectId next = from;  // on the line of first parents
  bool on_line = true, ended = false;
  TS_RETURN_IF_ERROR(git_.WalkAncestors(
      from,
      [&](const CommitInfo& commit, uint32_t distance) {
        on_line = on_line && commit.id == next;
        next = commit.parents.empty() ? ObjectId() : commit.parents.front();
        const bool known = on_line && anchors_.contains(commit.id);
        if (!known) ++visited_;
        ended = known || !visit(commit, distance);
        return !ended;
      },
      shallow_end));
  if (on_line && ended) anchors_.insert(from);
  return absl::OkStatus();
}

}  // namespace testselect
