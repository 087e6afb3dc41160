#include "server/selection/index_resolution.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

bool Usable(const SegmentInfo& segment, bool include_building) {
  return segment.state == SegmentState::kSealed ||
         (include_building && segment.state == SegmentState::kBuilding);
}

// A job asked for without a flavor stands for all flavors of that name.
bool Asked(const JobKey& job, const std::vector<JobKey>& asked) {
  return asked.empty() || std::any_of(asked.begin(), asked.end(), [&](const JobKey& a) {
           return a.name == job.name && (a.flavor.empty() || a.flavor == job.flavor);
         });
}

// Collects the chain of one job while the walk hands it commit after commit.
class ChainBuilder {
 public:
  ChainBuilder(const JobKey& job, bool include_building) : include_building_(include_building) {
    chain_.use.job = job;
  }

  bool done() const { return done_; }
  bool found() const { return !chain_.layers.empty(); }
  JobChain Take() && { return std::move(chain_); }

  void Visit(const std::vector<SegmentInfo>& segments, uint32_t distance) {
    std::map<uint32_t, Layer, std::greater<>> by_attempt;  // a later attempt is newer
    std::set<uint32_t> full_shards;
    uint32_t shard_count = 0;
    for (const SegmentInfo& s : segments) {
      if (s.header.job != chain_.use.job || !Usable(s, include_building_)) continue;
      Layer& layer = by_attempt[s.header.attempt];
      layer.commit = s.header.commit;
      if (layer.tree.IsNull()) layer.tree = s.header.tree;
      layer.segments.push_back(s);
      shard_count = std::max(shard_count, s.header.shard_count);
      if (s.header.completeness == Completeness::kFull) full_shards.insert(s.header.shard_index);
    }
    if (by_attempt.empty()) return;
    if (!found()) Describe(by_attempt.begin()->second, distance);
    for (auto& [attempt, layer] : by_attempt) {
      chain_.use.segments += static_cast<uint32_t>(layer.segments.size());
      chain_.layers.push_back(std::move(layer));
    }
    chain_.complete = done_ = full_shards.size() >= shard_count;
  }

 private:
  void Describe(const Layer& newest, uint32_t distance) {
    chain_.use.commit = newest.commit;
    chain_.use.distance = distance;
    chain_.use.state = SegmentState::kSealed;
    chain_.use.created = absl::InfinitePast();
    for (const SegmentInfo& s : newest.segments) {
      if (s.state == SegmentState::kBuilding) chain_.use.state = SegmentState::kBuilding;
      chain_.use.created = std::max(chain_.use.created, s.created);
    }
  }

  JobChain chain_;
  const bool include_building_;
  bool done_ = false;
};

Digest FingerprintOf(const std::vector<JobChain>& chains) {
  std::string text;
  for (const JobChain& chain : chains) {
    absl::StrAppend(&text, chain.use.job.ToString(), "\n", chain.use.distance, "\n");
    for (const Layer& layer : chain.layers) {
      for (const SegmentInfo& s : layer.segments) {
        absl::StrAppend(&text, s.id.ToHex(), SegmentStateName(s.state), "\n");
      }
    }
  }
  return Digest::Of(text);
}

void NoteMissingJobs(const std::vector<JobKey>& asked, Resolution* resolution) {
  for (const JobKey& job : asked) {
    const bool found =
        std::any_of(resolution->chains.begin(), resolution->chains.end(),
                    [&](const JobChain& c) { return Asked(c.use.job, std::vector<JobKey>{job}); });
    if (!found) resolution->missing_jobs.push_back(job);
  }
}

}  // namespace

absl::StatusOr<std::shared_ptr<const RepositoryIndex>> LoadRepositoryIndex(
    const IndexStore& store, absl::string_view repository) {
  auto index = std::make_shared<RepositoryIndex>();
  // Read before the contents: a change in between then only costs one more load.
  index->generation = store.generation();
  TS_ASSIGN_OR_RETURN(std::vector<IndexedCommit> commits, store.ListCommits(repository));
  std::set<JobKey> jobs;
  for (IndexedCommit& commit : commits) {
    for (const SegmentInfo& s : commit.segments) jobs.insert(s.header.job);
    if (!commit.tree.IsNull()) index->commits_by_tree[commit.tree].push_back(commit.commit);
    index->by_commit[commit.commit] = std::move(commit.segments);
  }
  index->jobs.assign(jobs.begin(), jobs.end());
  return index;
}

absl::StatusOr<Resolution> ResolveIndex(const RepositoryIndex& index, const GitRepository& git,
                                        const CommitInfo& base, const std::vector<JobKey>& jobs,
                                        bool include_building, uint32_t max_commits) {
  std::vector<ChainBuilder> builders;
  for (const JobKey& job : index.jobs) {
    if (Asked(job, jobs)) builders.emplace_back(job, include_building);
  }
  const auto all_done = [&] {
    return std::all_of(builders.begin(), builders.end(), [](const auto& b) { return b.done(); });
  };
  absl::flat_hash_set<ObjectId> seen;
  const auto visit = [&](const ObjectId& commit, uint32_t distance) {
    const auto it = index.by_commit.find(commit);
    if (it == index.by_commit.end() || !seen.insert(commit).second) return;
    for (ChainBuilder& b : builders) {
      if (!b.done()) b.Visit(it->second, distance);
    }
  };
  visit(base.id, 0);
  if (const auto it = index.commits_by_tree.find(base.tree); it != index.commits_by_tree.end()) {
    for (const ObjectId& twin : it->second) visit(twin, 0);
  }
  Resolution resolution;
  if (!all_done()) {
    uint32_t walked = 0;
    TS_RETURN_IF_ERROR(git.WalkAncestors(
        base.id,
        [&](const CommitInfo& commit, uint32_t distance) {
          visit(commit.id, distance);
          return ++walked < max_commits && !all_done();
        },
        &resolution.shallow_end));
  }
  for (ChainBuilder& b : builders) {
    if (b.found()) resolution.chains.push_back(std::move(b).Take());
  }
  NoteMissingJobs(jobs, &resolution);
  resolution.fingerprint = FingerprintOf(resolution.chains);
  return resolution;
}

}  // namespace testselect
