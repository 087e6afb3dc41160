// Which segments a selection rests on (design: "How a selection is made", steps 1 and 2).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "server/git/repository.h"
#include "server/selection/branch_trust.h"
#include "server/selection/carried_note.h"
#include "server/selection/selector.h"
#include "storage/index_store.h"

namespace testselect {

// The segments of one repository as they were at one generation of the store. Immutable.
struct RepositoryIndex {
  uint64_t generation = 0;
  absl::flat_hash_map<ObjectId, std::vector<SegmentInfo>> by_commit;
  absl::flat_hash_map<Digest, CarriedNote> carried;  // by segment; those that can be read
  absl::flat_hash_map<ObjectId, std::vector<ObjectId>> commits_by_tree;
  std::vector<JobKey> jobs;                                         // sorted, each once
  absl::flat_hash_map<Digest, std::pair<ObjectId, size_t>> places;  // in by_commit, by segment

  const SegmentInfo* FindSegment(const Digest& id) const;  // nullptr if unknown
};

// Reads all segment headers of `repository`. Cost: linear in them.
absl::StatusOr<std::shared_ptr<const RepositoryIndex>> LoadRepositoryIndex(
    const IndexStore& store, absl::string_view repository);

// What `index` would be if the store had no segments but `segments`, all of them usable.
std::shared_ptr<const RepositoryIndex> OnlySegments(const RepositoryIndex& index,
                                                    const std::vector<Digest>& segments);

// Segments that are equally new: of one commit and one attempt. A label that a newer layer ran is
// superseded in all older ones.
struct Layer {
  ObjectId commit;
  ObjectId tree;  // null where the upload did not know it
  std::vector<SegmentInfo> segments;
};

// The evidence of one job, newest layer first, back to a full one where there is one.
struct JobChain {
  IndexUse use;
  std::vector<Layer> layers;
  bool complete = false;  // reaches a full run of all shards: every label of the job is known
};

struct Resolution {
  std::vector<JobChain> chains;      // by job; empty: no index
  std::vector<JobKey> missing_jobs;  // asked for by name, and without any usable segment
  bool shallow_end = false;          // the walk ended at the border of a shallow clone
  // Equal resolutions have equal fingerprints.
  Digest fingerprint;
};

// By job, newest first.
std::vector<SegmentInfo> SegmentsOf(const Resolution& resolution);

struct ResolutionQuery {
  std::vector<JobKey> jobs;  // empty: all; a job without flavor stands for all its flavors
  bool include_building = false;
  std::string branch;                                 // that asks; empty: not known
  const BranchTrust* trust = nullptr;                 // null: every branch is trusted
  uint32_t max_commits = 100'000;                     // how far back to walk
  std::function<bool(const SegmentInfo&)> leave_out;  // empty: none
};

// Finds, for every job in question, the nearest commits at or before `base` with usable segments,
// and the chain from there back to a full run. A commit counts as each indexed one of the same
// tree. Errors: those of `git`.
absl::StatusOr<Resolution> ResolveIndex(const RepositoryIndex& index, const GitRepository& git,
                                        const CommitInfo& base, const ResolutionQuery& query);

}  // namespace testselect
