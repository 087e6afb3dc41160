#include "server/selection/retention.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/selection/anchored_walks.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr size_t kShortCommit = 12;

std::string Short(const ObjectId& commit) { return commit.ToHex().substr(0, kShortCommit); }

bool IsUsableUpload(const SegmentInfo& s) {
  return IsUpload(s.header.completeness) && s.state == SegmentState::kSealed;
}

// What the limits look at.
struct Commit {
  ObjectId id;
  absl::Time newest = absl::InfinitePast();  // upload
  bool usable = false;                       // has a sealed upload
  std::set<std::string> branches;
  std::vector<std::string> within, beyond;  // the limits, as a person reads them
  KeptBy kept_by = KeptBy::kNone;
  std::string reason;
  bool known = true;  // by git

  bool wanted() const { return kept_by != KeptBy::kNone; }
};

Commit CommitOf(const ObjectId& id, const std::vector<SegmentInfo>& segments) {
  Commit commit;
  commit.id = id;
  const bool uploads = std::any_of(segments.begin(), segments.end(), [](const SegmentInfo& s) {
    return IsUpload(s.header.completeness);
  });
  for (const SegmentInfo& s : segments) {
    if (uploads && !IsUpload(s.header.completeness)) continue;
    commit.newest = std::max(commit.newest, s.created);
    commit.usable |= IsUsableUpload(s);
    commit.branches.insert(s.header.branch);
  }
  return commit;
}

std::string BranchText(const std::string& branch) {
  return branch.empty() ? "uploaded without a branch" : absl::StrCat("of branch ", branch);
}

class Planner {
 public:
  explicit Planner(const RetentionInputs& inputs) : inputs_(inputs) {
    for (const auto& [id, segments] : inputs.index->by_commit) {
      commits_.push_back(CommitOf(id, segments));
    }
    std::sort(commits_.begin(), commits_.end(), [](const Commit& a, const Commit& b) {
      return a.newest != b.newest ? a.newest > b.newest : a.id < b.id;
    });
  }

  absl::StatusOr<RetentionPlan> Plan() {
    ApplyLimits();
    KeepNewestOfJobs();
    if (inputs_.policy.HasLimits()) {
      // The oldest first: the others' walks end at those that were made.
      for (auto commit = commits_.rbegin(); commit != commits_.rend(); ++commit) {
        if (inputs_.cancelled && inputs_.cancelled()) {
          return absl::CancelledError("retention was interrupted while it was being planned");
        }
        if (commit->wanted()) TS_RETURN_IF_ERROR(FollowChains(&*commit));
      }
    }
    for (const Commit& commit : commits_) Judge(commit);
    return std::move(plan_);
  }

 private:
  using Group = std::pair<ObjectId, JobKey>;

  // A commit without usable evidence is as old as its upload, but takes no other's place.
  void ApplyLimits() {
    uint64_t in_all = 0;
    std::map<std::string, uint64_t> on_branch;
    for (Commit& commit : commits_) {
      ApplyAge(&commit);
      ApplyBranchCount(&commit, on_branch);
      ApplyCount(in_all + 1, inputs_.policy.commits_in_all, "in all", &commit);
      if (commit.usable) {
        ++in_all;
        for (const std::string& branch : commit.branches) ++on_branch[branch];
      }
      if (!commit.beyond.empty()) continue;
      commit.kept_by = KeptBy::kLimits;
      commit.reason = commit.within.empty()
                          ? "no limit is set"
                          : absl::StrCat("within the limits: ", absl::StrJoin(commit.within, ", "));
    }
  }

  void ApplyAge(Commit* commit) const {
    const absl::Duration limit = inputs_.policy.max_age;
    if (limit == absl::InfiniteDuration()) return;
    const absl::Duration age = std::max(inputs_.now - commit->newest, absl::ZeroDuration());
    if (age > limit) {
      commit->beyond.push_back(absl::StrCat("older than ", AgeText(limit)));
    } else {
      commit->within.push_back(absl::StrCat(AgeText(age), " old"));
    }
  }

  // A commit that several branches uploaded counts for the one where it stands best.
  void ApplyBranchCount(Commit* commit, const std::map<std::string, uint64_t>& on_branch) const {
    uint64_t best = UINT64_MAX;
    std::string branch;
    for (const std::string& b : commit->branches) {
      const auto newer = on_branch.find(b);
      const uint64_t place = newer == on_branch.end() ? 1 : newer->second + 1;
      if (place < best) std::tie(best, branch) = std::pair(place, b);
    }
    ApplyCount(best, inputs_.policy.commits_per_branch, BranchText(branch), commit);
  }

  static void ApplyCount(uint64_t place, uint64_t limit, const std::string& of, Commit* commit) {
    if (limit == 0) return;
    if (place > limit) {
      commit->beyond.push_back(absl::StrCat("not among the ", limit, " newest ", of));
    } else if (place == 1) {
      commit->within.push_back(absl::StrCat("newest ", of));
    } else {
      commit->within.push_back(absl::StrCat(place, " of ", limit, " ", of));
    }
  }

  // Of each job: the newest upload of all, and the newest that every selection may use.
  void KeepNewestOfJobs() {
    absl::flat_hash_map<ObjectId, Commit*> by_id;
    for (Commit& commit : commits_) by_id[commit.id] = &commit;
    std::map<JobKey, const SegmentInfo*> newest, trusted;
    for (const auto& [id, segments] : inputs_.index->by_commit) {
      for (const SegmentInfo& s : segments) {
        if (!IsUsableUpload(s)) continue;
        TakeNewer(s, &newest[s.header.job]);
        if (Trusted(s.header.branch)) TakeNewer(s, &trusted[s.header.job]);
      }
    }
    for (const auto& found : {newest, trusted}) {
      for (const auto& [job, segment] : found) {
        Commit& commit = *by_id.at(segment->header.commit);
        if (commit.wanted()) continue;
        commit.kept_by = KeptBy::kNewestOfJob;
        commit.reason = absl::StrCat("newest with usable evidence of job ", job.ToString());
      }
    }
  }

  static void TakeNewer(const SegmentInfo& segment, const SegmentInfo** newest) {
    if (*newest == nullptr || segment.created > (*newest)->created) *newest = &segment;
  }

  bool Trusted(const std::string& branch) const {
    return inputs_.trust == nullptr || inputs_.trust->Trusts(branch);
  }

  absl::Status FollowChains(Commit* commit) {
    const absl::StatusOr<CommitInfo> info = inputs_.git->Commit(commit->id);
    if (absl::IsNotFound(info.status())) {
      commit->known = false;
      commit->reason += "; git does not know the commit";
      plan_.unknown_commits.push_back(commit->id);
      return absl::OkStatus();
    }
    TS_RETURN_IF_ERROR(info.status());
    std::set<std::string> askers = {""};
    for (const std::string& branch : commit->branches) {
      if (!Trusted(branch)) askers.insert(branch);
    }
    for (const std::string& branch : askers) {
      for (const JobKey& job : inputs_.index->jobs) {
        TS_RETURN_IF_ERROR(FollowChain(*info, branch, job));
      }
    }
    return absl::OkStatus();
  }

  // Job by job: the walk for one job ends where an earlier one goes on, whatever others need.
  absl::Status FollowChain(const CommitInfo& commit, const std::string& branch, const JobKey& job) {
    ResolutionQuery query;
    query.jobs = {job};
    query.branch = branch;
    query.trust = inputs_.trust;
    query.max_commits = inputs_.max_walk_commits;
    AnchoredWalks& walks = walks_.try_emplace({branch, job}, *inputs_.git).first->second;
    TS_ASSIGN_OR_RETURN(const Resolution resolution,
                        ResolveIndex(*inputs_.index, walks, commit, query));
    for (const JobChain& chain : resolution.chains) Need(chain, commit.id);
    return absl::OkStatus();
  }

  void Need(const JobChain& chain, const ObjectId& from) {
    for (const Layer& layer : chain.layers) {
      for (const SegmentInfo& s : layer.segments) {
        needed_[s.id] = from;
        if (s.header.completeness != Completeness::kCarried) {
          groups_[Group(s.header.commit, s.header.job)] = from;
        }
      }
    }
  }

  void Judge(const Commit& commit) {
    for (const SegmentInfo& s : inputs_.index->by_commit.at(commit.id)) {
      RetentionVerdict& verdict = plan_.verdicts.emplace_back();
      verdict.segment = s;
      if (s.header.completeness == Completeness::kCarried) {
        JudgeCarried(commit, &verdict);
      } else if (commit.wanted()) {
        verdict.kept_by = commit.kept_by;
        verdict.reason = commit.reason;
      } else {
        JudgeUnwanted(commit, &verdict);
      }
    }
  }

  void JudgeCarried(const Commit& commit, RetentionVerdict* verdict) const {
    const auto note = inputs_.index->carried.find(verdict->segment.id);
    const auto needed = needed_.find(verdict->segment.id);
    if (needed != needed_.end()) {
      verdict->kept_by = KeptBy::kChain;
      verdict->reason = absl::StrCat("needed by the chain from ", Short(needed->second));
    } else if (note == inputs_.index->carried.end() || note->second.outdated) {
      verdict->reason = "moved evidence that is out of use";
    } else if (commit.wanted() && (!commit.known || !inputs_.policy.HasLimits())) {
      verdict->kept_by = commit.kept_by;  // its chain was not followed
      verdict->reason = commit.reason;
    } else {
      verdict->reason = "moved evidence that no chain needs";
    }
  }

  void JudgeUnwanted(const Commit& commit, RetentionVerdict* verdict) const {
    const SegmentInfo& s = verdict->segment;
    const auto group = groups_.find(Group(s.header.commit, s.header.job));
    if (group == groups_.end()) {
      verdict->reason = absl::StrJoin(commit.beyond, ", ");
    } else if (s.state == SegmentState::kSuperseded || s.state == SegmentState::kQuarantined) {
      verdict->reason =
          absl::StrCat(SegmentStateName(s.state), "; ", absl::StrJoin(commit.beyond, ", "));
    } else {
      verdict->kept_by = KeptBy::kChain;
      verdict->reason = absl::StrCat(
          needed_.contains(s.id) ? "needed by the chain from " : "belongs to what is needed from ",
          Short(group->second));
    }
  }

  const RetentionInputs& inputs_;
  std::vector<Commit> commits_;                   // newest upload first
  absl::flat_hash_map<Digest, ObjectId> needed_;  // by segment: from where
  std::map<Group, ObjectId> groups_;
  std::map<std::pair<std::string, JobKey>, AnchoredWalks> walks_;  // by branch that asks, and job
  RetentionPlan plan_;
};

}  // namespace

std::string AgeText(absl::Duration age) {
  const int64_t days = age / absl::Hours(24);
  if (days >= 2 || age == absl::Hours(24)) return absl::StrCat(days, days == 1 ? " day" : " days");
  const absl::Duration unit = age >= absl::Hours(1)     ? absl::Hours(1)
                              : age >= absl::Minutes(1) ? absl::Minutes(1)
                                                        : absl::Milliseconds(1);
  return absl::FormatDuration(absl::Trunc(age, unit));
}

absl::StatusOr<RetentionPlan> PlanRetention(const RetentionInputs& inputs) {
  return Planner(inputs).Plan();
}

}  // namespace testselect
