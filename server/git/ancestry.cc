#include "server/git/ancestry.h"

#include <algorithm>
#include <queue>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

// Commits waiting for their turn, newest first; equal times by id, so that walks repeat exactly.
struct Waiting {
  CommitInfo commit;
  friend bool operator<(const Waiting& a, const Waiting& b) {
    return std::tie(a.commit.committed, a.commit.id) < std::tie(b.commit.committed, b.commit.id);
  }
};

class AncestorWalk {
 public:
  AncestorWalk(const CommitGraph& graph,
               const std::function<bool(const CommitInfo&, uint32_t)>& visit, bool* shallow_end)
      : graph_(graph), visit_(visit), shallow_end_(shallow_end) {}

  absl::Status Run(const ObjectId& from) {
    TS_RETURN_IF_ERROR(FirstParentLine(from));
    return stopped_ ? absl::OkStatus() : OtherParents();
  }

 private:
  // Parents as far as the clone has them.
  const std::vector<ObjectId>& Parents(const CommitInfo& commit) {
    static const std::vector<ObjectId>* const kNone = new std::vector<ObjectId>();
    if (commit.parents.empty() || !graph_.is_border(commit.id)) return commit.parents;
    if (shallow_end_ != nullptr) *shallow_end_ = true;
    return *kNone;
  }

  absl::Status FirstParentLine(const ObjectId& from) {
    ObjectId next = from;
    for (uint32_t distance = 0;; ++distance) {
      TS_ASSIGN_OR_RETURN(CommitInfo commit, graph_.commit(next));
      seen_.emplace(commit.id, distance);
      if (!visit_(commit, distance)) {
        stopped_ = true;
        return absl::OkStatus();
      }
      const std::vector<ObjectId>& parents = Parents(commit);
      for (size_t i = 1; i < parents.size(); ++i) side_.emplace_back(parents[i], distance + 1);
      if (parents.empty()) return absl::OkStatus();
      next = parents[0];
    }
  }

  absl::Status OtherParents() {
    for (const auto& [id, distance] : side_) TS_RETURN_IF_ERROR(Queue(id, distance));
    while (!queue_.empty()) {
      const CommitInfo commit = queue_.top().commit;
      queue_.pop();
      const uint32_t distance = seen_[commit.id];
      if (!visit_(commit, distance)) return absl::OkStatus();
      for (const ObjectId& parent : Parents(commit)) {
        TS_RETURN_IF_ERROR(Queue(parent, distance + 1));
      }
    }
    return absl::OkStatus();
  }

  // Queues a commit that was not seen yet; for one that was, only a shorter way is remembered.
  absl::Status Queue(const ObjectId& id, uint32_t distance) {
    auto [it, is_new] = seen_.emplace(id, distance);
    it->second = std::min(it->second, distance);
    if (!is_new) return absl::OkStatus();
    TS_ASSIGN_OR_RETURN(CommitInfo commit, graph_.commit(id));
    queue_.push({std::move(commit)});
    return absl::OkStatus();
  }

  const CommitGraph& graph_;
  const std::function<bool(const CommitInfo&, uint32_t)>& visit_;
  bool* const shallow_end_;
  bool stopped_ = false;
  std::vector<std::pair<ObjectId, uint32_t>> side_;  // other parents of the first-parent line
  absl::flat_hash_map<ObjectId, uint32_t> seen_;     // distance by commit
  std::priority_queue<Waiting> queue_;
};

}  // namespace

absl::Status WalkAncestorsOf(const CommitGraph& graph, const ObjectId& from,
                             const std::function<bool(const CommitInfo&, uint32_t)>& visit,
                             bool* shallow_end) {
  if (shallow_end != nullptr) *shallow_end = false;
  return AncestorWalk(graph, visit, shallow_end).Run(from);
}

absl::StatusOr<bool> FindsAncestor(const CommitGraph& graph, const ObjectId& ancestor,
                                   const ObjectId& of) {
  std::priority_queue<Waiting> queue;
  absl::flat_hash_set<ObjectId> seen = {of};
  TS_ASSIGN_OR_RETURN(CommitInfo first, graph.commit(of));
  queue.push({std::move(first)});
  while (!queue.empty()) {
    const CommitInfo commit = queue.top().commit;
    queue.pop();
    if (commit.id == ancestor) return true;
    if (graph.is_border(commit.id)) continue;
    for (const ObjectId& parent : commit.parents) {
      if (!seen.insert(parent).second) continue;
      if (parent == ancestor) return true;
      TS_ASSIGN_OR_RETURN(CommitInfo next, graph.commit(parent));
      queue.push({std::move(next)});
    }
  }
  return false;
}

}  // namespace testselect
