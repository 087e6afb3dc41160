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

bool Usable(const SegmentInfo& segment, const ResolutionQuery& query) {
  const bool settled = segment.state == SegmentState::kSealed ||
                       (query.include_building && segment.state == SegmentState::kBuilding);
  const bool trusted =
      query.trust == nullptr || query.trust->MayUse(segment.header.branch, query.branch);
  return settled && trusted && !(query.leave_out && query.leave_out(segment));
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
  ChainBuilder(const JobKey& job, const RepositoryIndex& index, const ResolutionQuery& query)
      : index_(index), query_(query) {
    chain_.use.job = job;
  }

  bool done() const { return done_; }
  bool found() const { return !chain_.layers.empty(); }
  JobChain Take() && { return std::move(chain_); }

  void Visit(const std::vector<SegmentInfo>& segments, uint32_t distance) {
    std::map<uint32_t, Layer, std::greater<>> by_attempt;  // a later attempt is newer
    std::set<uint32_t> full_shards;
    uint32_t shard_count = 0;
    std::vector<const SegmentInfo*> carried;
    for (const SegmentInfo& s : segments) {
      if (s.header.job != chain_.use.job || !Usable(s, query_)) continue;
      if (s.header.completeness == Completeness::kCarried) {
        carried.push_back(&s);
        continue;
      }
      AddTo(&by_attempt[s.header.attempt], s);
      shard_count = std::max(shard_count, s.header.shard_count);
      if (s.header.completeness == Completeness::kFull) full_shards.insert(s.header.shard_index);
    }
    for (auto& [attempt, layer] : by_attempt) Push(std::move(layer), distance);
    chain_.complete = done_ = shard_count > 0 && full_shards.size() >= shard_count;
    if (!done_ && !query_.include_building) FollowCarried(carried, distance);
  }

 private:
  static void AddTo(Layer* layer, const SegmentInfo& segment) {
    layer->commit = segment.header.commit;
    if (layer->tree.IsNull()) layer->tree = segment.header.tree;
    layer->segments.push_back(segment);
  }

  void Push(Layer layer, uint32_t distance) {
    if (!found()) Describe(layer, distance);
    chain_.use.segments += static_cast<uint32_t>(layer.segments.size());
    chain_.layers.push_back(std::move(layer));
  }

  // Evidence that was moved here stands for all older layers but the ones its note names.
  void FollowCarried(const std::vector<const SegmentInfo*>& carried, uint32_t distance) {
    const SegmentInfo* newest = nullptr;
    for (const SegmentInfo* s : carried) {
      const auto note = index_.carried.find(s->id);
      if (note == index_.carried.end() || note->second.outdated) continue;
      if (newest == nullptr || s->created > newest->created) newest = s;
    }
    if (newest == nullptr) return;
    const CarriedNote& note = index_.carried.at(newest->id);
    Layer moved;
    AddTo(&moved, *newest);
    Push(std::move(moved), distance);
    done_ = true;
    chain_.complete = note.complete;
    Layer layer;
    for (const Digest& id : note.rest) {
      const SegmentInfo* s = index_.FindSegment(id);
      if (s == nullptr) {
        chain_.complete = false;  // it was deleted since: its labels are not known any more
        continue;
      }
      const bool next =
          !layer.segments.empty() && (layer.commit != s->header.commit ||
                                      layer.segments[0].header.attempt != s->header.attempt);
      if (next) Push(std::exchange(layer, Layer()), distance);
      AddTo(&layer, *s);
    }
    if (!layer.segments.empty()) Push(std::move(layer), distance);
  }

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

  const RepositoryIndex& index_;
  const ResolutionQuery& query_;
  JobChain chain_;
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

const SegmentInfo* RepositoryIndex::FindSegment(const Digest& id) const {
  const auto place = places.find(id);
  if (place == places.end()) return nullptr;
  return &by_commit.at(place->second.first)[place->second.second];
}

absl::StatusOr<std::shared_ptr<const RepositoryIndex>> LoadRepositoryIndex(
    const IndexStore& store, absl::string_view repository) {
  auto index = std::make_shared<RepositoryIndex>();
  // Read before the contents: a change in between then only costs one more load.
  index->generation = store.generation();
  TS_ASSIGN_OR_RETURN(std::vector<IndexedCommit> commits, store.ListCommits(repository));
  std::set<JobKey> jobs;
  for (IndexedCommit& commit : commits) {
    for (size_t i = 0; i < commit.segments.size(); ++i) {
      jobs.insert(commit.segments[i].header.job);
      index->places[commit.segments[i].id] = {commit.commit, i};
    }
    if (!commit.tree.IsNull()) index->commits_by_tree[commit.tree].push_back(commit.commit);
    index->by_commit[commit.commit] = std::move(commit.segments);
  }
  index->jobs.assign(jobs.begin(), jobs.end());
  const std::string prefix = CarriedNotePrefix(repository);
  const auto notes = store.NotesWithPrefix(prefix);
  if (absl::IsDataLoss(notes.status())) return index;  // as without any note, see below
  TS_RETURN_IF_ERROR(notes.status());
  for (const auto& [key, value] : *notes) {
    const auto segment = Digest::FromHex("segment", absl::string_view(key).substr(prefix.size()));
    auto note = DecodeCarriedNote(value);
    // Without its note the segment is not used, and the evidence it was made from is.
    if (segment.ok() && note.ok()) index->carried[*segment] = *std::move(note);
  }
  return index;
}

std::shared_ptr<const RepositoryIndex> OnlySegments(const RepositoryIndex& index,
                                                    const std::vector<Digest>& segments) {
  const absl::flat_hash_set<Digest> wanted(segments.begin(), segments.end());
  auto only = std::make_shared<RepositoryIndex>();
  only->generation = index.generation;
  only->commits_by_tree = index.commits_by_tree;
  std::set<JobKey> jobs;
  for (const auto& [commit, infos] : index.by_commit) {
    for (SegmentInfo info : infos) {
      if (!wanted.contains(info.id)) continue;
      // What was superseded or sealed since was usable then.
      if (info.state != SegmentState::kBuilding) info.state = SegmentState::kSealed;
      jobs.insert(info.header.job);
      if (const auto note = index.carried.find(info.id); note != index.carried.end()) {
        only->carried[info.id] = note->second;
        only->carried[info.id].outdated = false;
      }
      std::vector<SegmentInfo>& here = only->by_commit[commit];
      only->places[info.id] = {commit, here.size()};
      here.push_back(std::move(info));
    }
  }
  only->jobs.assign(jobs.begin(), jobs.end());
  return only;
}

std::vector<SegmentInfo> SegmentsOf(const Resolution& resolution) {
  std::vector<SegmentInfo> segments;
  for (const JobChain& chain : resolution.chains) {
    for (const Layer& layer : chain.layers) {
      segments.insert(segments.end(), layer.segments.begin(), layer.segments.end());
    }
  }
  return segments;
}

absl::StatusOr<Resolution> ResolveIndex(const RepositoryIndex& index, const GitRepository& git,
                                        const CommitInfo& base, const ResolutionQuery& query) {
  std::vector<ChainBuilder> builders;
  for (const JobKey& job : index.jobs) {
    if (Asked(job, query.jobs)) builders.emplace_back(job, index, query);
  }
  const auto all_done = [&] {
    return std::all_of(builders.begin(), builders.end(), [](const auto& b) { return b.done(); });
  };
  absl::flat_hash_set<ObjectId> seen;
  const auto visit_indexed = [&](const ObjectId& commit, uint32_t distance) {
    const auto it = index.by_commit.find(commit);
    if (it == index.by_commit.end() || !seen.insert(commit).second) return;
    for (ChainBuilder& b : builders) {
      if (!b.done()) b.Visit(it->second, distance);
    }
  };
  const auto visit = [&](const CommitInfo& commit, uint32_t distance) {
    visit_indexed(commit.id, distance);
    const auto twins = index.commits_by_tree.find(commit.tree);
    if (twins == index.commits_by_tree.end()) return;
    for (const ObjectId& twin : twins->second) visit_indexed(twin, distance);
  };
  visit(base, 0);
  Resolution resolution;
  if (!all_done()) {
    uint32_t walked = 0;
    TS_RETURN_IF_ERROR(git.WalkAncestors(
        base.id,
        [&](const CommitInfo& commit, uint32_t distance) {
          visit(commit, distance);
          return ++walked < query.max_commits && !all_done();
        },
        &resolution.shallow_end));
  }
  for (ChainBuilder& b : builders) {
    if (b.found()) resolution.chains.push_back(std::move(b).Take());
  }
  NoteMissingJobs(query.jobs, &resolution);
  resolution.fingerprint = FingerprintOf(resolution.chains);
  return resolution;
}

}  // namespace testselect
