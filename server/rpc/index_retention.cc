#include "server/rpc/index_retention.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "server/rpc/decision_recorder.h"
#include "server/rpc/shared_index.h"
#include "server/rpc/upload_spec.h"
#include "server/selection/carried_note.h"
#include "server/selection/index_keeper.h"
#include "storage/model/status_macros.h"
#include "testselect/v1/ingest.pb.h"

namespace testselect {
namespace {

constexpr absl::Duration kFetchTime = absl::Minutes(5);

absl::StatusOr<uint64_t> StoreBytes(const IndexStore& store) {
  TS_ASSIGN_OR_RETURN(const StoreStats stats, store.Stats());
  return stats.bytes_on_disk;
}

// Counts what a plan decided.
void CountVerdicts(RetentionReport* report) {
  for (const RetentionVerdict& v : report->plan.verdicts)
    ++(v.keep() ? report->kept : report->dropped);
}

// Jobs of a commit with segments that wait for shards, and when the last one came.
std::map<JobKey, absl::Time> BuildingJobs(const IndexedCommit& commit) {
  std::map<JobKey, absl::Time> jobs;
  for (const SegmentInfo& s : commit.segments) {
    if (s.state == SegmentState::kBuilding) jobs.emplace(s.header.job, absl::InfinitePast());
  }
  for (const SegmentInfo& s : commit.segments) {
    const auto job = jobs.find(s.header.job);
    if (job != jobs.end()) job->second = std::max(job->second, s.created);
  }
  return jobs;
}

}  // namespace

BranchTrust TrustOf(const ServerConfig& config) {
  return BranchTrust(absl::StrSplit(config.trusted_branches, ',', absl::SkipWhitespace()));
}

RetentionPolicy RetentionOf(const ServerConfig& config) {
  RetentionPolicy policy;
  if (config.retain_age > absl::ZeroDuration()) policy.max_age = config.retain_age;
  policy.commits_per_branch = config.retain_commits;
  policy.commits_in_all = config.retain_total;
  return policy;
}

absl::StatusOr<std::vector<SegmentInfo>> SealShards(const ServiceEnvironment& environment,
                                                    const std::string& repository,
                                                    const ObjectId& commit, const JobKey& job,
                                                    bool include_quarantined) {
  HearOthers(environment, repository, absl::InfiniteFuture());
  TS_ASSIGN_OR_RETURN(const auto segments, environment.store->SegmentsAt(repository, commit));
  const bool will_seal = std::any_of(segments.begin(), segments.end(), [&](const SegmentInfo& s) {
    return s.header.job == job && (s.state == SegmentState::kBuilding ||
                                   (include_quarantined && s.state == SegmentState::kQuarantined));
  });
  if (will_seal) {
    UploadHeader header;
    header.repository = repository;
    header.commit = commit;
    header.job = job;
    const absl::Status told = environment.selector->keeper().BeforeUpload(header);
    // Nothing was moved past a commit that git does not know.
    if (!told.ok() && !absl::IsNotFound(told)) return told;
  }
  return environment.store->Seal(repository, commit, job, include_quarantined);
}

absl::StatusOr<RetentionReport> IndexRetention::Apply(const std::string& repository,
                                                      const RetentionPolicy& policy, bool dry_run,
                                                      const Cancelled& cancelled) {
  if (busy_.test_and_set()) {
    return absl::UnavailableError("retention is at work already; try again when it has ended");
  }
  absl::StatusOr<RetentionReport> report = ApplyAlone(repository, policy, dry_run, cancelled);
  busy_.clear();
  if (!report.ok()) {
    environment_.metrics->retention.failed.Add();
    environment_.log->Warning("retention failed",
                              {{"repository", repository}, {"error", report.status()}});
  } else if (!dry_run) {
    Tell(repository, *report);
  }
  return report;
}

void IndexRetention::ApplyToAll(const Cancelled& cancelled) {
  const RetentionPolicy policy = RetentionOf(*environment_.config);
  if (!policy.HasLimits()) return;
  uint64_t kept[4] = {0, 0, 0, 0};  // by KeptBy
  for (const std::string& repository : environment_.repositories->Names()) {
    if (cancelled()) return;
    const auto report = Apply(repository, policy, /*dry_run=*/false, cancelled);
    if (!report.ok()) continue;  // Apply has told
    for (const RetentionVerdict& v : report->plan.verdicts) ++kept[static_cast<size_t>(v.kept_by)];
  }
  const absl::Status collected = environment_.store->CollectGarbage();
  if (!collected.ok()) {
    environment_.log->Warning("what nothing needs was not taken out of the object store",
                              {{"error", collected}});
  }
  const RetentionMetrics& metrics = environment_.metrics->retention;
  const auto count = [&](KeptBy why) {
    return static_cast<double>(kept[static_cast<size_t>(why)]);
  };
  metrics.kept_by_limits.Set(count(KeptBy::kLimits));
  metrics.kept_as_newest.Set(count(KeptBy::kNewestOfJob));
  metrics.kept_by_chain.Set(count(KeptBy::kChain));
}

absl::StatusOr<RetentionPlan> IndexRetention::Plan(const std::string& repository,
                                                   const RetentionPolicy& policy,
                                                   const Cancelled& cancelled) const {
  TS_ASSIGN_OR_RETURN(const auto git, environment_.repositories->Find(repository));
  const IndexStore::Freshness news = HearOthers(environment_, repository, absl::InfiniteFuture());
  if (!news.usable) return news.heard;
  TS_ASSIGN_OR_RETURN(const auto index, LoadRepositoryIndex(*environment_.store, repository));
  const BranchTrust trust = TrustOf(*environment_.config);
  RetentionInputs inputs;
  inputs.index = index.get();
  inputs.git = git.get();
  inputs.policy = policy;
  inputs.trust = &trust;
  inputs.max_walk_commits = SelectorOptions().max_walk_commits;
  inputs.now = absl::Now();
  inputs.cancelled = cancelled;
  TS_ASSIGN_OR_RETURN(RetentionPlan plan, PlanRetention(inputs));
  if (plan.unknown_commits.empty()) return plan;
  // A mirror may just not have fetched them. That they are gone is an answer; that nobody answers
  // is none.
  const absl::Status fetched = environment_.repositories->EnsureCommit(
      repository, plan.unknown_commits.front(), absl::Now() + kFetchTime);
  if (!fetched.ok() && !absl::IsNotFound(fetched)) return fetched;
  return PlanRetention(inputs);
}

absl::StatusOr<RetentionReport> IndexRetention::ApplyAlone(const std::string& repository,
                                                           const RetentionPolicy& policy,
                                                           bool dry_run,
                                                           const Cancelled& cancelled) const {
  RetentionReport report;
  TS_ASSIGN_OR_RETURN(report.plan, Plan(repository, policy, cancelled));
  CountVerdicts(&report);
  TS_ASSIGN_OR_RETURN(report.bytes_before, StoreBytes(*environment_.store));
  report.bytes_after = report.bytes_before;
  if (!dry_run) TS_RETURN_IF_ERROR(Drop(repository, cancelled, &report));
  if (policy.max_age < absl::InfiniteDuration()) {
    const DecisionLimits limits{.since = absl::Now() - policy.max_age};
    TS_ASSIGN_OR_RETURN(report.decisions,
                        environment_.decisions->Prune(repository, limits, dry_run));
  }
  if (dry_run || report.dropped + report.decisions == 0) return report;
  if (cancelled()) return absl::CancelledError("retention was interrupted before compacting");
  TS_RETURN_IF_ERROR(environment_.store->Compact());
  TS_ASSIGN_OR_RETURN(report.bytes_after, StoreBytes(*environment_.store));
  return report;
}

absl::Status IndexRetention::Drop(const std::string& repository, const Cancelled& cancelled,
                                  RetentionReport* report) const {
  const std::vector<RetentionVerdict>& verdicts = report->plan.verdicts;
  for (size_t i = 0; i < verdicts.size();) {
    if (cancelled()) return absl::CancelledError("retention was interrupted while it deleted");
    const ObjectId commit = verdicts[i].segment.header.commit;
    std::vector<const RetentionVerdict*> dropped;
    for (; i < verdicts.size() && verdicts[i].segment.header.commit == commit; ++i) {
      if (!verdicts[i].keep()) dropped.push_back(&verdicts[i]);
    }
    if (!dropped.empty()) TS_RETURN_IF_ERROR(DropCommit(repository, dropped, report));
  }
  return absl::OkStatus();
}

// The notes go first: without one, a segment is only stored or moved once more. The other way round
// a crash would leave notes that nobody finds again.
absl::Status IndexRetention::DropCommit(const std::string& repository,
                                        const std::vector<const RetentionVerdict*>& dropped,
                                        RetentionReport* report) const {
  IndexStore& store = *environment_.store;
  std::vector<Digest> segments;
  absl::flat_hash_set<std::string> ids;
  std::vector<std::string> notes;
  for (const RetentionVerdict* verdict : dropped) {
    const SegmentInfo& s = verdict->segment;
    segments.push_back(s.id);
    ids.insert(s.id.ToHex());
    if (s.header.completeness == Completeness::kCarried) {
      notes.push_back(CarriedNoteKey(repository, s.id));
    }
  }
  const ObjectId& commit = dropped.front()->segment.header.commit;
  TS_ASSIGN_OR_RETURN(const auto uploads,
                      store.NotesWithPrefix(UploadNotePrefix(repository, commit)));
  for (const auto& [key, value] : uploads) {
    v1::UploadCoverageResponse response;
    if (!response.ParseFromString(value) || ids.contains(response.segment_id())) {
      notes.push_back(key);
    }
  }
  for (const std::string& key : notes) {
    TS_RETURN_IF_ERROR(DropNote(key, report));
  }
  TS_ASSIGN_OR_RETURN(const uint64_t deleted, store.DeleteSegments(segments));
  environment_.metrics->retention.dropped_segments.Add(static_cast<double>(deleted));
  return absl::OkStatus();
}

absl::Status IndexRetention::DropNote(const std::string& key, RetentionReport* report) const {
  TS_RETURN_IF_ERROR(environment_.store->DeleteNote(key));
  environment_.metrics->retention.dropped_notes.Add();
  ++report->notes;
  return absl::OkStatus();
}

void IndexRetention::Tell(const std::string& repository, const RetentionReport& report) const {
  const RetentionMetrics& metrics = environment_.metrics->retention;
  if (report.bytes_after < report.bytes_before) {
    metrics.freed_bytes.Add(static_cast<double>(report.bytes_before - report.bytes_after));
  }
  environment_.log->Info("retention applied", {{"repository", repository},
                                               {"segments_kept", report.kept},
                                               {"segments_dropped", report.dropped},
                                               {"notes_dropped", report.notes},
                                               {"decisions_dropped", report.decisions},
                                               {"bytes_before", report.bytes_before},
                                               {"bytes_after", report.bytes_after}});
  for (const RetentionVerdict& v : report.plan.verdicts) {
    environment_.log->Debug(v.keep() ? "segment kept" : "segment dropped",
                            {{"repository", repository},
                             {"commit", v.segment.header.commit.ToHex()},
                             {"job", v.segment.header.job.ToString()},
                             {"segment", v.segment.id.ToHex()},
                             {"reason", v.reason}});
  }
}

void IndexRetention::SealOverdue(absl::Time now, const Cancelled& cancelled) const {
  const absl::Duration timeout = environment_.config->building_timeout;
  if (timeout == absl::ZeroDuration()) return;
  const auto stats = environment_.store->Stats();
  if (!stats.ok()) return;  // told by who watches the store
  if (stats->segments_by_state[static_cast<size_t>(SegmentState::kBuilding)] == 0) return;
  for (const std::string& repository : environment_.store->Repositories()) {
    const auto commits = environment_.store->ListCommits(repository);
    if (!commits.ok()) return;
    for (const IndexedCommit& commit : *commits) {
      for (const auto& [job, last] : BuildingJobs(commit)) {
        if (cancelled()) return;
        if (now - last >= timeout) SealOne(repository, commit.commit, job);
      }
    }
  }
}

void IndexRetention::SealOne(const std::string& repository, const ObjectId& commit,
                             const JobKey& job) const {
  const auto sealed =
      SealShards(environment_, repository, commit, job, /*include_quarantined=*/false);
  if (!sealed.ok()) {
    environment_.log->Warning("a job whose shards are overdue was not sealed",
                              {{"repository", repository},
                               {"commit", commit.ToHex()},
                               {"job", job.ToString()},
                               {"error", sealed.status()}});
    return;
  }
  environment_.metrics->retention.overdue_sealed.Add(static_cast<double>(sealed->size()));
  environment_.log->Warning("a job is used without the shards that never came",
                            {{"repository", repository},
                             {"commit", commit.ToHex()},
                             {"job", job.ToString()},
                             {"segments", uint64_t{sealed->size()}}});
}

}  // namespace testselect
