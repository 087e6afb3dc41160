#include "server/selection/selector.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "server/selection/answer.h"
#include "server/selection/commit_worker.h"
#include "server/selection/explanation.h"
#include "server/selection/head_policy.h"
#include "server/selection/history_columns.h"
#include "server/selection/index_keeper.h"
#include "server/selection/index_resolution.h"
#include "server/selection/rule_cache.h"
#include "server/selection/selection_plan.h"
#include "server/selection/source_forest.h"
#include "server/selection/test_history.h"
#include "server/selection/turn.h"
#include "storage/model/lru_map.h"
#include "storage/model/mutex.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

// A plan that is being made or was made: equal requests wait for one computation. Of who has the
// turn.
struct PlanSlot {
  Turn turn;
  uint64_t generation = 0;
  std::shared_ptr<const SelectionPlan> plan;
};

// What of a request's evidence is meant.
struct Scope {
  std::optional<JobKey> only_job;  // this one, with exactly this flavor; else as the request says
  bool labels_requested = true;    // request.requested is the client's list
};

std::string PlanKey(const SelectionRequest& request, const Scope& scope) {
  std::string key = absl::StrCat(request.repository, "\n", request.base.bytes(),
                                 request.head.bytes(), static_cast<int>(request.granularity),
                                 request.unknown_change_selects_all.has_value()
                                     ? static_cast<int>(*request.unknown_change_selects_all)
                                     : 2,
                                 request.include_building, "\n", request.branch.size(), ":",
                                 request.branch, request.environment_digest, "\n");
  for (const JobKey& job : request.jobs) absl::StrAppend(&key, job.ToString(), "\n");
  if (scope.only_job.has_value()) absl::StrAppend(&key, "\nonly ", scope.only_job->ToString());
  return key;
}

// What an answer depends on beside plan and list.
std::string AnswerKey(const SelectionRequest& request, const Scope& scope,
                      const std::string& plan_key, const SelectionPlan& plan) {
  const Digest list = scope.labels_requested ? request.requested->digest() : Digest();
  std::string key = absl::StrCat(plan_key, plan.fingerprint.bytes(), list.bytes(), request.run_all,
                                 request.omit_order);
  for (const auto& [job, labels] : plan.basis->missed) {
    absl::StrAppend(&key, "\n", job, "\n", absl::StrJoin(labels, "\n"), "\n");
  }
  if (!plan.remembered.Empty()) absl::StrAppend(&key, "\n", EncodeLabelSet(plan.remembered));
  for (const std::string& label : request.force_labels) absl::StrAppend(&key, "\n", label);
  return key;
}

// Leaves the evidence of one job.
void RestrictTo(const JobKey& job, Resolution* resolution) {
  std::erase_if(resolution->chains, [&](const JobChain& c) { return c.use.job != job; });
  resolution->missing_jobs.clear();
  resolution->fingerprint =
      Digest::Of(absl::StrCat("only ", job.ToString(), "\n", resolution->fingerprint.bytes()));
}

// Answers that would be other ones at the next try must not be kept.
bool Passing(const SelectionPlan& plan) {
  if (!plan.fallback.has_value()) return false;
  const FallbackCode code = plan.fallback->code;
  return code == FallbackCode::kDeadline || code == FallbackCode::kMissingObject ||
         code == FallbackCode::kUnknownBase || code == FallbackCode::kDataLoss;
}

class CachingSelector final : public Selector {
 public:
  CachingSelector(IndexStore* store, RepositorySource* repositories, const SelectorOptions& options)
      : store_(*store),
        repositories_(*repositories),
        options_(options),
        forest_(store, {.keep = options.keep_sources}),
        plans_(options.plan_cache_entries),
        answers_(options.answer_cache_bytes / 4),
        lists_(options.answer_cache_bytes / 2),
        numbers_(options.answer_cache_bytes / 4),
        columns_(options.answer_cache_bytes / 8) {}

  ~CachingSelector() override { forest_.Stop(); }

  absl::StatusOr<SelectionResult> Select(const SelectionRequest& request) override {
    SelectionResult result;
    const absl::Time begin = absl::Now();
    const Scope all{.only_job = std::nullopt, .labels_requested = request.requested != nullptr};
    const std::string plan_key = PlanKey(request, all);
    TS_ASSIGN_OR_RETURN(const auto plan, FindPlan(request, all, plan_key, &result.times));
    TS_ASSIGN_OR_RETURN(result.selection, FindAnswer(request, all, plan_key, *plan, &result.times));
    result.labels = all.labels_requested ? request.requested : result.selection->known_labels;
    if (request.shard_count > 1 || request.budget_seconds > 0) {
      SelectionRequest part = request;
      // Another shard may get another answer: then each runs everything, so that none is lost.
      if (Passing(*plan)) part.shard_index = 0, part.shard_count = 1;
      result.part =
          PartOf(*plan, *result.labels, *FindNumbers(*result.labels, *plan),
                 FindColumns(*plan, HistoriesOf(request, *plan)).get(), *result.selection, part);
    }
    if (request.per_job) TS_RETURN_IF_ERROR(SelectPerJob(request, all, &result));
    result.times.total = absl::Now() - begin;
    return result;
  }

  absl::StatusOr<SelectionResult> Replay(const SelectionRequest& request,
                                         const SelectionBasis& basis) override {
    SelectionResult result;
    const absl::Time begin = absl::Now();
    const Scope all{.only_job = std::nullopt, .labels_requested = request.requested != nullptr};
    TS_ASSIGN_OR_RETURN(const auto plan,
                        Compute(request, all, nullptr, &basis, nullptr, &result.times.resolve));
    result.labels = request.requested;
    if (result.labels == nullptr) {
      TS_ASSIGN_OR_RETURN(result.labels, KnownLabels(*plan));
    }
    const std::string key = AnswerKey(request, all, PlanKey(request, all), *plan);
    const auto columns = FindColumns(*plan, HistoriesOf(request, *plan));
    result.selection =
        MakeAnswer(*plan, *result.labels, ResolveLabels(*result.labels, *plan->labels),
                   OptionsOf(request, all, *plan, key, columns.get()));
    result.times.total = absl::Now() - begin;
    return result;
  }

  absl::StatusOr<Explanation> Explain(const SelectionRequest& request,
                                      absl::string_view label) override {
    ExplanationCollector collector(label);
    absl::Duration resolve_time;
    TS_ASSIGN_OR_RETURN(const auto plan,
                        Compute(request, Scope(), nullptr, nullptr, &collector, &resolve_time));
    const auto columns = FindColumns(*plan, HistoriesOf(request, *plan));
    const bool forced = std::find(request.force_labels.begin(), request.force_labels.end(),
                                  label) != request.force_labels.end();
    return std::move(collector).Finish(*plan, forced, request.run_all, columns.get());
  }

  absl::StatusOr<FileGraph> ReadGraph(const GraphRequest& request) override {
    TS_ASSIGN_OR_RETURN(const Place place,
                        FindPlace(request.repository, request.commit, request.deadline));
    TS_ASSIGN_OR_RETURN(const auto tree, forest_.Tree(request.repository, place.git,
                                                      place.commit.tree, request.deadline));
    return GraphOf(*tree, request.paths);
  }

  absl::StatusOr<LabelAnswer> FindLabels(const LabelQuestion& question) override {
    TS_ASSIGN_OR_RETURN(const Place place,
                        FindPlace(question.repository, question.commit, question.deadline));
    TS_ASSIGN_OR_RETURN(const auto index, FindIndex(question.repository));
    TS_ASSIGN_OR_RETURN(const auto resolution, ResolveIndex(*index, *place.git, place.commit,
                                                            QueryOf(question.jobs, /*branch=*/"")));
    return LabelsOf({&store_, &forest_, place.git, place.commit.tree}, question, resolution);
  }

  const IndexKeeper& keeper() const override { return keeper_; }

  void Prepare(const std::string& repository, const ObjectId& commit) override {
    warmer_.Add(repository, commit);
  }
  void WaitPrepared() override { warmer_.WaitIdle(); }
  void Consolidate(const std::string& repository, const ObjectId& commit) override {
    if (options_.consolidate_after > 0) consolidator_.Add(repository, commit);
  }
  void WaitConsolidated() override { consolidator_.WaitIdle(); }

  std::shared_ptr<const LabelList> FindList(const Digest& digest) const override {
    MutexLock lock(&mutex_);
    return lists_.Find(digest);
  }

  void RememberList(std::shared_ptr<const LabelList> list) override {
    MutexLock lock(&mutex_);
    if (lists_.Find(list->digest()) != nullptr) return;
    const Digest digest = list->digest();
    const size_t weight = list->memory_bytes();
    lists_.Insert(digest, std::move(list), weight);
  }

 private:
  using PlanPtr = std::shared_ptr<const SelectionPlan>;
  using ColumnsPtr = std::shared_ptr<const HistoryColumns>;

  // A selection of its own for each job that the index has, over the labels of the whole one.
  absl::Status SelectPerJob(const SelectionRequest& request, const Scope& all,
                            SelectionResult* result) {
    SelectionRequest one = request;
    one.requested = result->labels;
    for (const IndexUse& use : result->selection->index) {
      const Scope scope{.only_job = use.job, .labels_requested = all.labels_requested};
      const std::string plan_key = PlanKey(one, scope);
      StageTimes times;
      TS_ASSIGN_OR_RETURN(const auto plan, FindPlan(one, scope, plan_key, &times));
      TS_ASSIGN_OR_RETURN(auto selection, FindAnswer(one, scope, plan_key, *plan, &times));
      result->jobs.push_back({use.job, std::move(selection)});
      result->times.diff += times.diff;
      result->times.lookup += times.lookup;
    }
    return absl::OkStatus();
  }

  // The histories of the jobs of a plan that can be read.
  std::vector<std::shared_ptr<const JobHistory>> HistoriesOf(const SelectionRequest& request,
                                                             const SelectionPlan& plan) const {
    std::vector<std::shared_ptr<const JobHistory>> jobs;
    if (options_.history == nullptr) return jobs;
    for (const IndexUse& use : plan.index) {
      // One that cannot be read costs the order only; the plan has seen to the labels.
      auto job = options_.history->Of(request.repository, use.job);
      if (job.ok()) jobs.push_back(*std::move(job));
    }
    return jobs;
  }

  static std::string VersionsOf(const std::vector<std::shared_ptr<const JobHistory>>& jobs) {
    std::string text;
    for (const auto& job : jobs) absl::StrAppend(&text, "\n", job->version());
    return text;
  }

  // They change with every upload, but not from head to head.
  ColumnsPtr FindColumns(const SelectionPlan& plan,
                         const std::vector<std::shared_ptr<const JobHistory>>& jobs) {
    if (jobs.empty() || plan.labels == nullptr) return nullptr;
    const std::string key = absl::StrCat(plan.fingerprint.bytes(), VersionsOf(jobs));
    {
      MutexLock lock(&mutex_);
      if (auto columns = columns_.Find(key); columns != nullptr) return columns;
    }
    ColumnsPtr columns = HistoryColumns::Of(*plan.labels, jobs);
    MutexLock lock(&mutex_);
    columns_.Insert(key, columns, columns->seconds.size() * 2 * sizeof(float));
    return columns;
  }

  ResolutionQuery QueryOf(const std::vector<JobKey>& jobs, const std::string& branch) const {
    ResolutionQuery query;
    query.jobs = jobs;
    query.branch = branch;
    query.trust = &options_.trust;
    query.max_commits = options_.max_walk_commits;
    return query;
  }

  // A repository at one of its commits.
  struct Place {
    std::shared_ptr<const GitRepository> git;
    CommitInfo commit;
  };
  absl::StatusOr<Place> FindPlace(const std::string& repository, const ObjectId& commit,
                                  absl::Time deadline) {
    Place place;
    TS_ASSIGN_OR_RETURN(place.git, repositories_.Find(repository));
    SelectionRequest request;
    request.repository = repository;
    request.deadline = deadline;
    TS_ASSIGN_OR_RETURN(place.commit, FindCommit("commit", request, commit, *place.git));
    return place;
  }

  void Warm(const std::string& repository, const ObjectId& commit) {
    const auto git = repositories_.Find(repository);
    if (!git.ok()) return;
    const auto info = (*git)->Commit(commit);
    if (!info.ok()) return;
    const auto tree = forest_.Tree(repository, *git, info->tree);
    if (tree.ok()) forest_.Names(info->tree, **tree);
  }

  // The plan from the cache if the index has not changed since, else a new one.
  absl::StatusOr<PlanPtr> FindPlan(const SelectionRequest& request, const Scope& scope,
                                   const std::string& key, StageTimes* times) {
    std::shared_ptr<PlanSlot> slot;
    {
      MutexLock lock(&mutex_);
      slot = plans_.Find(key);
      if (slot == nullptr) {
        slot = std::make_shared<PlanSlot>();
        plans_.Insert(key, slot, 1);
      }
    }
    const TurnLock turn(&slot->turn, request.deadline);
    if (!turn) {
      return MakeFallbackPlan({FallbackCode::kDeadline,
                               "There was no time left: the deadline passed while another request "
                               "computed the same answer; everything runs."});
    }
    const uint64_t generation = store_.generation();
    if (slot->plan != nullptr && slot->generation == generation) {
      times->cached = true;
      return slot->plan;
    }
    absl::Duration resolve_time;
    TS_ASSIGN_OR_RETURN(PlanPtr plan,
                        Compute(request, scope, slot->plan, nullptr, nullptr, &resolve_time));
    times->resolve = resolve_time;
    times->diff = plan->diff_time;
    times->lookup = plan->lookup_time;
    slot->generation = generation;
    slot->plan = Passing(*plan) ? nullptr : plan;
    return plan;
  }

  // A plan for the index as it is now, or as far as it is that of `replayed` if that is not null;
  // `previous` is reused where it rests on the same evidence.
  absl::StatusOr<PlanPtr> Compute(const SelectionRequest& request, const Scope& scope,
                                  const PlanPtr& previous, const SelectionBasis* replayed,
                                  MarkObserver* observer, absl::Duration* resolve_time) {
    const absl::Time begin = absl::Now();
    if (request.base == request.head) {
      return absl::InvalidArgumentError(
          absl::StrCat("head: '", request.head.ToHex(),
                       "' equals base; a selection compares two different commits"));
    }
    TS_ASSIGN_OR_RETURN(const auto git, repositories_.Find(request.repository));
    PlanInputs inputs;
    inputs.store = &store_;
    inputs.forest = &forest_;
    inputs.repository = request.repository;
    inputs.git = git;
    inputs.environment_digest = request.environment_digest;
    inputs.deadline = request.deadline;
    TS_ASSIGN_OR_RETURN(inputs.head, FindCommit("head", request, request.head, *git));
    const auto base = FindCommit("base", request, request.base, *git);
    if (!base.ok()) {
      return MakeFallbackPlan({FallbackCode::kUnknownBase,
                               absl::StrCat(base.status().message(), "; everything runs.")});
    }
    TS_ASSIGN_OR_RETURN(auto index, FindIndex(request.repository));
    if (replayed != nullptr) index = OnlySegments(*index, replayed->segments);
    ResolutionQuery query = QueryOf(request.jobs, request.branch);
    query.include_building = request.include_building;
    auto resolution = ResolveIndex(*index, *git, *base, query);
    if (resolution.ok() && scope.only_job.has_value()) RestrictTo(*scope.only_job, &*resolution);
    *resolve_time = absl::Now() - begin;
    if (!resolution.ok()) {
      return MakeFallbackPlan({FallbackCode::kMissingObject,
                               absl::StrCat("The history of base cannot be walked: ",
                                            resolution.status().message(), "; everything runs.")});
    }
    if (resolution->chains.empty() || !resolution->missing_jobs.empty()) {
      return MakeFallbackPlan({FallbackCode::kNoIndex, NoIndexMessage(request, *resolution)});
    }
    const auto basis = BasisOf(*resolution, replayed, inputs);
    if (!basis.ok()) {
      return MakeFallbackPlan(
          {FallbackCode::kDataLoss, absl::StrCat("What the selection rests on cannot be read: ",
                                                 basis.status().message(), "; everything runs.")});
    }
    inputs.basis = *basis;
    if (options_.history != nullptr) {
      for (const JobChain& chain : resolution->chains) {
        inputs.remembered.Add(chain.use.job,
                              options_.history->Of(request.repository, chain.use.job));
      }
    }
    if (previous != nullptr && previous->fingerprint == resolution->fingerprint &&
        *previous->basis == *inputs.basis &&
        (previous->remembered_version.empty() ||
         previous->remembered_version == inputs.remembered.version())) {
      return previous;
    }
    auto policy = ReadHeadPolicy(*git, inputs.head, request.branch, rules_);
    if (!policy.ok()) {
      return MakeFallbackPlan({FallbackCode::kMissingObject,
                               absl::StrCat("The rules of head cannot be read: ",
                                            policy.status().message(), "; everything runs.")});
    }
    inputs.policy = *std::move(policy);
    const bool unknown_selects_all = request.unknown_change_selects_all.value_or(
        inputs.policy.rules->unknown_change_selects_all().value_or(true));
    inputs.options = {request.granularity, unknown_selects_all, /*names_explain=*/false};
    return MakePlan(inputs, *resolution, observer);
  }

  absl::StatusOr<std::shared_ptr<const SelectionBasis>> BasisOf(const Resolution& resolution,
                                                                const SelectionBasis* replayed,
                                                                const PlanInputs& inputs) const {
    auto basis = std::make_shared<SelectionBasis>();
    for (const JobChain& chain : resolution.chains) {
      for (const Layer& layer : chain.layers) {
        for (const SegmentInfo& segment : layer.segments) basis->segments.push_back(segment.id);
      }
    }
    // Where it cannot be read, the policy cannot either, which says so.
    const auto rules = inputs.git->FindInTree(inputs.head.tree, kRuleFileName);
    if (rules.ok() && rules->has_value()) basis->rule_file = (*rules)->blob;
    if (replayed != nullptr) {
      basis->missed = replayed->missed;
    } else {
      TS_ASSIGN_OR_RETURN(const ConfirmedMisses misses,
                          ListConfirmedMisses(store_, inputs.repository));
      basis->missed = AlwaysRunLabelsOf(misses);
    }
    return basis;
  }

  absl::StatusOr<CommitInfo> FindCommit(absl::string_view field, const SelectionRequest& request,
                                        const ObjectId& id, const GitRepository& git) {
    const auto explain = [&](const absl::Status& s) {
      return absl::Status(s.code(), absl::StrCat(field, ": '", id.ToHex(), "': ", s.message()));
    };
    if (absl::Status s = repositories_.EnsureCommit(request.repository, id, request.deadline);
        !s.ok()) {
      return explain(s);
    }
    auto commit = git.Commit(id);
    if (!commit.ok()) return explain(commit.status());
    return commit;
  }

  static std::string NoIndexMessage(const SelectionRequest& request, const Resolution& resolution) {
    std::string jobs;
    for (const JobKey& job : resolution.missing_jobs) {
      absl::StrAppend(&jobs, jobs.empty() ? "" : ", ", "'", job.ToString(), "'");
    }
    return absl::StrCat("No commit at or before base ", request.base.ToHex(),
                        " has usable evidence", jobs.empty() ? "" : absl::StrCat(" of job ", jobs),
                        resolution.shallow_end
                            ? "; the repository is a shallow clone, fetch more of its history"
                            : "",
                        "; everything runs.");
  }

  absl::StatusOr<std::shared_ptr<const RepositoryIndex>> FindIndex(const std::string& repository) {
    {
      MutexLock lock(&mutex_);
      const auto it = indexes_.find(repository);
      if (it != indexes_.end() && it->second->generation == store_.generation()) {
        return it->second;
      }
    }
    TS_ASSIGN_OR_RETURN(auto index, LoadRepositoryIndex(store_, repository));
    MutexLock lock(&mutex_);
    indexes_[repository] = index;
    return index;
  }

  absl::StatusOr<std::shared_ptr<const Selection>> FindAnswer(const SelectionRequest& request,
                                                              const Scope& scope,
                                                              const std::string& plan_key,
                                                              const SelectionPlan& plan,
                                                              StageTimes* times) {
    // The histories change what runs first, but not what runs: they are no part of the id.
    const std::string named = AnswerKey(request, scope, plan_key, plan);
    const ColumnsPtr columns = FindColumns(plan, HistoriesOf(request, plan));
    const std::string key =
        columns == nullptr ? named : absl::StrCat(named, columns->digest.bytes());
    if (!Passing(plan)) {
      MutexLock lock(&mutex_);
      if (auto answer = answers_.Find(key); answer != nullptr) return answer;
    }
    times->cached = false;
    const absl::Time begin = absl::Now();
    std::shared_ptr<const LabelList> list = request.requested;
    if (list == nullptr) {
      TS_ASSIGN_OR_RETURN(list, KnownLabels(plan));
    }
    const auto numbers = FindNumbers(*list, plan);
    const AnswerOptions options = OptionsOf(request, scope, plan, named, columns.get());
    const std::shared_ptr<Selection> answer = MakeAnswer(plan, *list, *numbers, options);
    size_t weight = list->size() / 2 + answer->run.size() * sizeof(uint32_t) + key.size();
    if (answer->shadow.has_value()) weight += answer->shadow->skip.size();
    weight += answer->known_flaky.size();
    if (request.requested == nullptr) {
      answer->known_labels = list;
      weight += list->memory_bytes();
    }
    times->lookup += absl::Now() - begin;
    if (!Passing(plan)) {
      MutexLock lock(&mutex_);
      answers_.Insert(key, answer, weight);
    }
    return answer;
  }

  static AnswerOptions OptionsOf(const SelectionRequest& request, const Scope& scope,
                                 const SelectionPlan& plan, std::string key,
                                 const HistoryColumns* columns) {
    // An answer that would be another one at the next try has a name of its own.
    if (Passing(plan)) absl::StrAppend(&key, "\n", static_cast<int>(plan.fallback->code));
    return {request.run_all,        request.force_labels,    request.omit_order,
            scope.labels_requested, Digest::Of(key).ToHex(), columns};
  }

  // The numbers of a list in a plan's universe. They are the same from head to head while the
  // evidence stays, so they are kept by both names.
  std::shared_ptr<const std::vector<LabelNumber>> FindNumbers(const LabelList& list,
                                                              const SelectionPlan& plan) {
    const std::string key = absl::StrCat(list.digest().bytes(), plan.fingerprint.bytes());
    {
      MutexLock lock(&mutex_);
      if (auto numbers = numbers_.Find(key); numbers != nullptr) return numbers;
    }
    auto numbers =
        std::make_shared<const std::vector<LabelNumber>>(ResolveLabels(list, *plan.labels));
    MutexLock lock(&mutex_);
    numbers_.Insert(key, numbers, numbers->size() * sizeof(LabelNumber));
    return numbers;
  }

  IndexStore& store_;
  RepositorySource& repositories_;
  const SelectorOptions options_;
  RuleCache rules_;
  SourceForest forest_;
  mutable Mutex mutex_;
  LruMap<std::string, PlanSlot> plans_ ABSL_GUARDED_BY(mutex_);
  LruMap<std::string, const Selection> answers_ ABSL_GUARDED_BY(mutex_);
  mutable LruMap<Digest, const LabelList> lists_ ABSL_GUARDED_BY(mutex_);
  LruMap<std::string, const std::vector<LabelNumber>> numbers_ ABSL_GUARDED_BY(mutex_);
  LruMap<std::string, const HistoryColumns> columns_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, std::shared_ptr<const RepositoryIndex>> indexes_
      ABSL_GUARDED_BY(mutex_);
  const IndexKeeper keeper_{
      {.store = &store_,
       .repositories = &repositories_,
       .forest = &forest_,
       .rules = &rules_,
       .trust = &options_.trust,
       .max_walk_commits = options_.max_walk_commits,
       .consolidate_after = options_.consolidate_after,
       .find_index = [this](const std::string& repository) { return FindIndex(repository); }}};
  // Last, so that it ends first: it uses the others.
  CommitWorker warmer_{
      [this](const std::string& repository, const ObjectId& commit) { Warm(repository, commit); }};
  CommitWorker consolidator_{[this](const std::string& repository, const ObjectId& commit) {
    const auto done = keeper_.ConsolidateAt(repository, commit);
    if (options_.on_consolidated) options_.on_consolidated(repository, commit, done);
  }};
};

}  // namespace

std::unique_ptr<Selector> NewSelector(IndexStore* store, RepositorySource* repositories,
                                      const SelectorOptions& options) {
  return std::make_unique<CachingSelector>(store, repositories, options);
}

}  // namespace testselect
