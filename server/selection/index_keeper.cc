#include "server/selection/index_keeper.h"

#include <algorithm>
#include <set>
#include <utility>

#include "server/selection/consolidation.h"
#include "server/selection/head_policy.h"
#include "server/selection/selection_plan.h"
#include "server/selection/unstable_evidence.h"
#include "storage/model/status_macros.h"
#include "storage/segment_catalog.h"

namespace testselect {
namespace {

// A commit may claim to be older than its parent by this much.
constexpr absl::Duration kClockSkew = absl::Hours(24);

// Whether `segment` is the upload of `header`, or was added to it.
bool IsOf(const SegmentInfo& segment, const UploadHeader& header) {
  const UploadHeader& h = segment.header;
  return h.commit == header.commit && h.shard_index == header.shard_index &&
         h.shard_count == header.shard_count && h.attempt == header.attempt;
}

// Reasons that have nothing to do with what changed.
bool RunsAnyway(ReasonCode code) {
  return code == ReasonCode::kLastFailed || code == ReasonCode::kEmptyEvidence ||
         code == ReasonCode::kNeverRun || code == ReasonCode::kForced ||
         code == ReasonCode::kRuleAlwaysRun;
}

// How many layers a selection goes through before it meets moved evidence.
size_t LayersBeforeCarried(const JobChain& chain) {
  const auto carried = std::find_if(chain.layers.begin(), chain.layers.end(), [](const Layer& l) {
    return l.segments.front().header.completeness == Completeness::kCarried;
  });
  return static_cast<size_t>(carried - chain.layers.begin());
}

// Whether evidence that was moved to `place` may come from before `commit`. A place that git does
// not know any more cannot be told, but still be met as a tree.
absl::StatusOr<bool> MayHavePassed(const GitRepository& git, const ObjectId& place,
                                   const CommitInfo& commit) {
  const auto at = git.Commit(place);
  if (absl::IsNotFound(at.status())) return true;
  TS_RETURN_IF_ERROR(at.status());
  if (at->committed + kClockSkew < commit.committed) return false;
  TS_ASSIGN_OR_RETURN(const bool older, git.IsAncestor(place, commit.id));
  if (older) return false;
  return git.IsAncestor(commit.id, place);
}

}  // namespace

absl::StatusOr<std::unique_ptr<const IndexKeeper::Before>> IndexKeeper::LookWithout(
    const UploadHeader& header, const Digest& segment) const {
  return Resolve(header.repository, header.commit, header.job, header.branch, segment);
}

absl::StatusOr<std::unique_ptr<const IndexKeeper::Before>> IndexKeeper::Resolve(
    const std::string& repository, const ObjectId& commit, const JobKey& job,
    const std::string& branch, const Digest& without) const {
  TS_ASSIGN_OR_RETURN(const auto index, parts_.find_index(repository));
  if (std::find(index->jobs.begin(), index->jobs.end(), job) == index->jobs.end()) return nullptr;
  auto before = std::make_unique<Before>();
  TS_ASSIGN_OR_RETURN(before->git, parts_.repositories->Find(repository));
  TS_ASSIGN_OR_RETURN(before->commit, before->git->Commit(commit));
  ResolutionQuery query;
  query.jobs = {job};
  query.branch = branch;
  query.trust = parts_.trust;
  query.max_commits = parts_.max_walk_commits;
  query.leave_out = [&](const SegmentInfo& s) { return s.header.job != job || s.id == without; };
  TS_ASSIGN_OR_RETURN(before->resolution,
                      ResolveIndex(*index, *before->git, before->commit, query));
  if (before->resolution.chains.empty()) return nullptr;
  TS_ASSIGN_OR_RETURN(before->evidence, OpenLiveEvidence(*parts_.store, before->resolution));
  return before;
}

IndexKeeper::Affected IndexKeeper::AffectedSince(const Before& before,
                                                 const std::string& repository) const {
  const Affected everybody{before.evidence.known, {}};
  PlanInputs inputs;
  inputs.store = parts_.store;
  inputs.forest = parts_.forest;
  inputs.repository = repository;
  inputs.git = before.git;
  inputs.head = before.commit;
  inputs.options = {Granularity::kFunction, /*unknown_change_selects_all=*/true};
  auto policy = ReadHeadPolicy(*before.git, before.commit, /*branch=*/"", *parts_.rules);
  if (!policy.ok()) return everybody;
  inputs.policy = *std::move(policy);
  inputs.policy.run_all.reset();
  const auto plan = MakePlan(inputs, before.resolution, nullptr);
  if (plan->fallback.has_value()) return everybody;
  const auto here = [&](const auto& numbers, DenseLabelSet* out) {
    numbers.ForEach([&](LabelNumber n) {
      const LabelNumber number = before.evidence.labels->Find(plan->labels->Name(n));
      if (number != kNoLabel) out->Add(number);
    });
  };
  Affected affected;
  for (size_t code = 0; code < plan->by_reason.size(); ++code) {
    if (!RunsAnyway(static_cast<ReasonCode>(code))) here(plan->by_reason[code], &affected.labels);
  }
  for (const SelectionPlan::CanaryGroup& group : plan->canaries) {
    DenseLabelSet labels;
    for (const LabelNumber n : group) labels.Add(n);
    here(labels, &affected.canaries.emplace_back());
  }
  return affected;
}

absl::StatusOr<IndexKeeper::Unstable> IndexKeeper::AddUnstable(const Before& before,
                                                               const SegmentInfo& stored) const {
  if (stored.state == SegmentState::kQuarantined) return Unstable{};
  bool stored_before = false, compared_before = false;
  for (const LiveSegment& s : before.evidence.segments) {
    const SegmentInfo& info = s.segment->info();
    stored_before |= info.id == stored.id;
    compared_before |=
        info.header.completeness == Completeness::kAdded && IsOf(info, stored.header);
  }
  if (!stored_before) return Compare(before, stored);
  if (compared_before) return Unstable{};
  // The service ended between the two, or there was nothing to add.
  TS_ASSIGN_OR_RETURN(const auto without, LookWithout(stored.header, stored.id));
  return without == nullptr ? Unstable{} : Compare(*without, stored);
}

absl::StatusOr<IndexKeeper::Unstable> IndexKeeper::Compare(const Before& before,
                                                           const SegmentInfo& stored) const {
  UnstableInputs inputs;
  inputs.forest = parts_.forest;
  inputs.repository = stored.header.repository;
  inputs.git = before.git;
  inputs.tree = before.commit.tree;
  inputs.before = &before.evidence;
  inputs.affected = [&] { return AffectedSince(before, stored.header.repository).labels; };
  TS_ASSIGN_OR_RETURN(inputs.upload, parts_.store->Open(stored.id));
  TS_ASSIGN_OR_RETURN(inputs.dictionary,
                      parts_.store->NewestDictionary(stored.header.repository, stored.header.job));
  TS_ASSIGN_OR_RETURN(const auto found, FindUnstable(inputs));
  if (!found.has_value()) return Unstable{};
  UploadHeader header = stored.header;
  header.completeness = Completeness::kAdded;
  IndexStore::CommitOptions options;
  options.quarantine_below = 0;
  TS_RETURN_IF_ERROR(parts_.store->Commit(header, found->content, options).status());
  return Unstable{found->labels, found->functions};
}

absl::Status IndexKeeper::BeforeUpload(const UploadHeader& header) const {
  TS_ASSIGN_OR_RETURN(const auto index, parts_.find_index(header.repository));
  if (index->carried.empty()) return absl::OkStatus();
  TS_ASSIGN_OR_RETURN(const auto git, parts_.repositories->Find(header.repository));
  TS_ASSIGN_OR_RETURN(const CommitInfo commit, git->Commit(header.commit));
  for (const auto& [id, note] : index->carried) {
    const SegmentInfo* carried = index->FindSegment(id);
    if (note.outdated || carried == nullptr || carried->header.job != header.job ||
        carried->header.commit == header.commit) {
      continue;
    }
    TS_ASSIGN_OR_RETURN(const bool passed, MayHavePassed(*git, carried->header.commit, commit));
    if (!passed) continue;
    CarriedNote outdated = note;
    outdated.outdated = true;
    TS_RETURN_IF_ERROR(
        parts_.store->PutNote(CarriedNoteKey(header.repository, id), EncodeCarriedNote(outdated)));
  }
  return absl::OkStatus();
}

absl::StatusOr<ConsolidationReport> IndexKeeper::ConsolidateAt(const std::string& repository,
                                                               const ObjectId& commit) const {
  ConsolidationReport report;
  TS_ASSIGN_OR_RETURN(const auto index, parts_.find_index(repository));
  const auto segments = index->by_commit.find(commit);
  if (segments == index->by_commit.end()) return report;
  std::set<JobKey> jobs;
  for (const SegmentInfo& s : segments->second) jobs.insert(s.header.job);
  for (const JobKey& job : jobs) {
    TS_ASSIGN_OR_RETURN(const auto chain,
                        Resolve(repository, commit, job, /*branch=*/"", Digest()));
    if (chain == nullptr) continue;
    const JobChain& layers = chain->resolution.chains.front();
    if (layers.layers.front().commit != commit ||
        LayersBeforeCarried(layers) <= parts_.consolidate_after) {
      continue;
    }
    TS_RETURN_IF_ERROR(ConsolidateChain(*chain, repository, &report));
  }
  return report;
}

absl::Status IndexKeeper::ConsolidateChain(const Before& chain, const std::string& repository,
                                           ConsolidationReport* report) const {
  const JobKey& job = chain.resolution.chains.front().use.job;
  ConsolidationInputs inputs;
  inputs.forest = parts_.forest;
  inputs.repository = repository;
  inputs.git = chain.git;
  inputs.chain = &chain.resolution.chains.front();
  inputs.evidence = &chain.evidence;
  Affected affected = AffectedSince(chain, repository);
  inputs.affected = std::move(affected.labels);
  DenseLabelSet ran_here;
  for (const LiveSegment& s : chain.evidence.segments) {
    if (s.commit == chain.commit.id) ran_here |= s.live_here;
  }
  for (const DenseLabelSet& group : affected.canaries) {  // one of them ran: the import works
    if (!group.Intersects(ran_here)) inputs.affected |= group;
  }
  TS_ASSIGN_OR_RETURN(inputs.dictionary, parts_.store->NewestDictionary(repository, job));
  TS_ASSIGN_OR_RETURN(const auto moved, Consolidate(inputs));
  if (!moved.has_value()) return absl::OkStatus();
  // The note comes first: the segment counts from the moment it is stored.
  const Digest id = SegmentId(moved->header, moved->content);
  TS_RETURN_IF_ERROR(
      parts_.store->PutNote(CarriedNoteKey(repository, id), EncodeCarriedNote(moved->note)));
  IndexStore::CommitOptions options;
  options.quarantine_below = 0;
  TS_RETURN_IF_ERROR(parts_.store->Commit(moved->header, moved->content, options).status());
  TS_RETURN_IF_ERROR(CheckStillRight(chain, repository, id));
  ++report->jobs;
  report->labels += moved->labels;
  report->segments += moved->note.moved.size() - moved->note.rest.size();
  return absl::OkStatus();
}

// An upload may have come to an older commit meanwhile, which saw no moved evidence to outdate.
absl::Status IndexKeeper::CheckStillRight(const Before& chain, const std::string& repository,
                                          const Digest& carried) const {
  const JobKey& job = chain.resolution.chains.front().use.job;
  TS_ASSIGN_OR_RETURN(const auto now,
                      Resolve(repository, chain.commit.id, job, /*branch=*/"", carried));
  if (now != nullptr && now->resolution.fingerprint == chain.resolution.fingerprint) {
    return absl::OkStatus();
  }
  return parts_.store->DeleteSegments({carried}).status();
}

}  // namespace testselect
