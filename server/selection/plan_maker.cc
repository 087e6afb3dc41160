#include "server/selection/plan_maker.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/selection/confirmed_misses.h"
#include "server/selection/head_policy.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

// Leaves the evidence of one job.
void RestrictTo(const JobKey& job, Resolution* resolution) {
  std::erase_if(resolution->chains, [&](const JobChain& c) { return c.use.job != job; });
  resolution->missing_jobs.clear();
  resolution->fingerprint =
      Digest::Of(absl::StrCat("only ", job.ToString(), "\n", resolution->fingerprint.bytes()));
}

std::string NoIndexMessage(const SelectionRequest& request, const Resolution& resolution) {
  std::string jobs;
  for (const JobKey& job : resolution.missing_jobs) {
    absl::StrAppend(&jobs, jobs.empty() ? "" : ", ", "'", job.ToString(), "'");
  }
  return absl::StrCat("No commit at or before base ", request.base.ToHex(), " has usable evidence",
                      jobs.empty() ? "" : absl::StrCat(" of job ", jobs),
                      resolution.shallow_end
                          ? "; the repository is a shallow clone, fetch more of its history"
                          : "",
                      "; everything runs.");
}

std::shared_ptr<const SelectionPlan> RunAll(FallbackCode code, absl::string_view what,
                                            const absl::Status& why) {
  return MakeFallbackPlan({code, absl::StrCat(what, why.message(), "; everything runs.")});
}

// Whether what `plan` rests on is what `inputs` rest on; `plan` also has what was remembered.
bool RestsOnTheSame(const SelectionPlan& plan, const Resolution& resolution,
                    const PlanInputs& inputs) {
  return plan.fingerprint == resolution.fingerprint &&
         plan.basis->segments == inputs.basis->segments &&
         plan.basis->rule_file == inputs.basis->rule_file &&
         plan.basis->missed == inputs.basis->missed &&
         (plan.remembered_version.empty() ||
          plan.remembered_version == inputs.remembered.version());
}

}  // namespace

bool IsPassing(const SelectionPlan& plan) {
  if (!plan.fallback.has_value()) return false;
  const FallbackCode code = plan.fallback->code;
  return code == FallbackCode::kDeadline || code == FallbackCode::kMissingObject ||
         code == FallbackCode::kUnknownBase || code == FallbackCode::kDataLoss ||
         code == FallbackCode::kUnavailable;
}

ResolutionQuery PlanMaker::QueryOf(const std::vector<JobKey>& jobs,
                                   const std::string& branch) const {
  ResolutionQuery query;
  query.jobs = jobs;
  query.branch = branch;
  query.trust = parts_.trust;
  query.max_commits = parts_.max_walk_commits;
  return query;
}

absl::StatusOr<CommitInfo> PlanMaker::FindCommit(absl::string_view field,
                                                 const std::string& repository, const ObjectId& id,
                                                 absl::Time deadline, const GitRepository& git) {
  const auto explain = [&](const absl::Status& s) {
    return absl::Status(s.code(), absl::StrCat(field, ": '", id.ToHex(), "': ", s.message()));
  };
  if (absl::Status s = parts_.repositories->EnsureCommit(repository, id, deadline); !s.ok()) {
    return explain(s);
  }
  auto commit = git.Commit(id);
  if (!commit.ok()) return explain(commit.status());
  return commit;
}

absl::StatusOr<std::shared_ptr<const RepositoryIndex>> PlanMaker::FindIndex(
    const std::string& repository) {
  {
    MutexLock lock(&mutex_);
    const auto it = indexes_.find(repository);
    if (it != indexes_.end() && it->second->generation == parts_.store->generation()) {
      return it->second;
    }
  }
  TS_ASSIGN_OR_RETURN(auto index, LoadRepositoryIndex(*parts_.store, repository));
  MutexLock lock(&mutex_);
  indexes_[repository] = index;
  return index;
}

absl::StatusOr<PlanMaker::Made> PlanMaker::Compute(const SelectionRequest& request,
                                                   const PlanScope& scope, const PlanPtr& previous,
                                                   const SelectionBasis* replayed,
                                                   MarkObserver* observer) {
  const absl::Time begin = absl::Now();
  if (request.base == request.head) {
    return absl::InvalidArgumentError(
        absl::StrCat("head: '", request.head.ToHex(),
                     "' equals base; a selection compares two different commits"));
  }
  TS_ASSIGN_OR_RETURN(const auto git, parts_.repositories->Find(request.repository));
  PlanInputs inputs;
  inputs.store = parts_.store;
  inputs.forest = parts_.forest;
  inputs.repository = request.repository;
  inputs.git = git;
  inputs.environment_digest = request.environment_digest;
  inputs.deadline = request.deadline;
  TS_ASSIGN_OR_RETURN(inputs.head,
                      FindCommit("head", request.repository, request.head, request.deadline, *git));
  const auto base = FindCommit("base", request.repository, request.base, request.deadline, *git);
  if (!base.ok()) return Made{RunAll(FallbackCode::kUnknownBase, "", base.status()), {}};
  if (!request.unheard.empty()) {
    return Made{MakeFallbackPlan({FallbackCode::kUnavailable,
                                  absl::StrCat("Nothing is known of the index, which is shared: ",
                                               request.unheard, "; everything runs.")}),
                {}};
  }
  TS_ASSIGN_OR_RETURN(auto index, FindIndex(request.repository));
  if (replayed != nullptr) index = OnlySegments(*index, replayed->segments);
  ResolutionQuery query = QueryOf(request.jobs, request.branch);
  query.include_building = request.include_building;
  auto resolution = ResolveIndex(*index, *git, *base, query);
  if (resolution.ok() && request.granularity == Granularity::kDiffedPackage) {
    inputs.baseline_labels = request.baseline_labels;
    inputs.baseline_segments = SegmentsOf(*resolution);
  }
  if (resolution.ok() && scope.only_job.has_value()) RestrictTo(*scope.only_job, &*resolution);
  const absl::Duration resolve_time = absl::Now() - begin;
  if (!resolution.ok()) {
    return Made{RunAll(FallbackCode::kMissingObject,
                       "The history of base cannot be walked: ", resolution.status()),
                resolve_time};
  }
  return Made{Finish(request, *resolution, previous, replayed, observer, std::move(inputs)),
              resolve_time};
}

PlanMaker::PlanPtr PlanMaker::Finish(const SelectionRequest& request, const Resolution& resolution,
                                     const PlanPtr& previous, const SelectionBasis* replayed,
                                     MarkObserver* observer, PlanInputs inputs) {
  if (resolution.chains.empty() || !resolution.missing_jobs.empty()) {
    return MakeFallbackPlan({FallbackCode::kNoIndex, NoIndexMessage(request, resolution)});
  }
  auto basis = BasisOf(resolution, replayed, inputs);
  if (!basis.ok()) {
    return RunAll(FallbackCode::kDataLoss,
                  "What the selection rests on cannot be read: ", basis.status());
  }
  inputs.basis = std::make_shared<const SelectionBasis>(*std::move(basis));
  inputs.remembered = Remember(request.repository, resolution, replayed);
  if (previous != nullptr && RestsOnTheSame(*previous, resolution, inputs)) return previous;
  auto policy = ReadHeadPolicy(*inputs.git, inputs.head, request.branch, *parts_.rules);
  if (!policy.ok()) {
    return RunAll(FallbackCode::kMissingObject,
                  "The rules of head cannot be read: ", policy.status());
  }
  inputs.policy = *std::move(policy);
  const bool unknown_selects_all = request.unknown_change_selects_all.value_or(
      inputs.policy.rules->unknown_change_selects_all().value_or(true));
  inputs.options = {request.granularity, unknown_selects_all, /*names_explain=*/false};
  return MakePlan(inputs, resolution, observer);
}

absl::StatusOr<SelectionBasis> PlanMaker::BasisOf(const Resolution& resolution,
                                                  const SelectionBasis* replayed,
                                                  const PlanInputs& inputs) const {
  SelectionBasis basis;
  for (const SegmentInfo& segment : SegmentsOf(resolution)) basis.segments.push_back(segment.id);
  // Where it cannot be read, the policy cannot either, which says so.
  const auto rules = inputs.git->FindInTree(inputs.head.tree, kRuleFileName);
  if (rules.ok() && rules->has_value()) basis.rule_file = (*rules)->blob;
  if (replayed != nullptr) {
    basis.missed = replayed->missed;
  } else {
    TS_ASSIGN_OR_RETURN(const ConfirmedMisses misses,
                        ListConfirmedMisses(*parts_.store, inputs.repository));
    basis.missed = LabelsOf(misses);
  }
  return basis;
}

RememberedFailures PlanMaker::Remember(const std::string& repository, const Resolution& resolution,
                                       const SelectionBasis* replayed) const {
  if (replayed != nullptr) return RememberedFailures(replayed->failed, replayed->unreadable);
  RememberedFailures remembered;
  if (parts_.history == nullptr) return remembered;
  for (const JobChain& chain : resolution.chains) {
    remembered.Add(chain.use.job, parts_.history->Of(repository, chain.use.job));
  }
  return remembered;
}

}  // namespace testselect
