// Retention: which segments of a repository stay, and which may go.
//
// A commit is *wanted* where every limit of the policy holds for it. So is, whatever its age, the
// commit with the newest usable evidence of each job: no job loses its index because nobody
// uploads. With a wanted commit stays everything that a selection from it rests on; so what is
// selected from there is the same before and after. The uploads of one (commit, job) stay or go
// together: a selection from a commit that is not wanted finds all of its evidence or none, never a
// part.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/git/repository.h"
#include "server/selection/branch_trust.h"
#include "server/selection/index_resolution.h"
#include "storage/index_store.h"

namespace testselect {

struct RetentionPolicy {
  absl::Duration max_age = absl::InfiniteDuration();  // of a commit's newest upload
  uint64_t commits_per_branch = 0;                    // by newest upload; 0: any number
  uint64_t commits_in_all = 0;                        // of the repository; 0: any number

  bool HasLimits() const {
    return max_age < absl::InfiniteDuration() || commits_per_branch > 0 || commits_in_all > 0;
  }
};

// Why a segment stays; kNone: it goes.
enum class KeptBy : uint8_t { kNone, kLimits, kNewestOfJob, kChain };

struct RetentionVerdict {
  SegmentInfo segment;
  KeptBy kept_by = KeptBy::kNone;
  std::string reason;  // for a person: "older than 30 days"
  bool keep() const { return kept_by != KeptBy::kNone; }
};

struct RetentionPlan {
  std::vector<RetentionVerdict> verdicts;  // of all segments; those of a commit beside each other,
                                           // newest commit first
  std::vector<ObjectId> unknown_commits;   // wanted, and not known by git
};

struct RetentionInputs {
  const RepositoryIndex* index = nullptr;
  const GitRepository* git = nullptr;
  RetentionPolicy policy;
  const BranchTrust* trust = nullptr;  // null: every branch is trusted
  uint32_t max_walk_commits = 100'000;
  absl::Time now;
  std::function<bool()> cancelled;  // empty: never
};

// A wanted commit that git does not know any more is kept by the limits alone. Errors: those of git
// (then nobody knows what is needed), kCancelled. Cost: linear in the segments and in
// the commits between the wanted ones and the ends of their chains, along first parents.
absl::StatusOr<RetentionPlan> PlanRetention(const RetentionInputs& inputs);

// "30 days", "6h", for sentences.
std::string AgeText(absl::Duration age);

}  // namespace testselect
