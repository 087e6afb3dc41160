#include "server/selection/selector.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/selection/answer_maker.h"
#include "server/selection/commit_worker.h"
#include "server/selection/explanation.h"
#include "server/selection/index_keeper.h"
#include "server/selection/path_collector.h"
#include "server/selection/plan_maker.h"
#include "server/selection/rule_cache.h"
#include "server/selection/source_forest.h"
#include "server/selection/source_pack.h"
#include "server/selection/turn.h"
#include "server/selection/unstable_bodies.h"
#include "storage/model/lru_map.h"
#include "storage/model/mutex.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect {
namespace {

// A plan that is being made or was made: equal requests wait for one computation. Of who has the
// turn.
struct PlanSlot {
  Turn turn;
  uint64_t generation = 0;
  std::shared_ptr<const SelectionPlan> plan;
};

std::string PlanKey(const SelectionRequest& request, const PlanScope& scope) {
  std::string key = absl::StrCat(request.repository, "\n", request.base.bytes(),
                                 request.head.bytes(), static_cast<int>(request.granularity),
                                 request.unknown_change_selects_all.has_value()
                                     ? static_cast<int>(*request.unknown_change_selects_all)
                                     : 2,
                                 request.include_building, "\n", request.branch.size(), ":",
                                 request.branch, request.environment_digest, "\n");
  for (const JobKey& job : request.jobs) absl::StrAppend(&key, job.ToString(), "\n");
  for (const std::string& label : request.baseline_labels) {
    absl::StrAppend(&key, "\nwithout ", label.size(), ":", label);
  }
  if (scope.only_job.has_value()) absl::StrAppend(&key, "\nonly ", scope.only_job->ToString());
  return key;
}

class CachingSelector final : public Selector {
 public:
  CachingSelector(IndexStore* store, RepositorySource* repositories, const SelectorOptions& options)
      : store_(*store),
        repositories_(*repositories),
        options_(options),
        packs_(store->IsShared() && options.keep_sources ? std::make_unique<PackShelf>(store)
                                                         : nullptr),
        forest_(store, {.keep = options.keep_sources,
                        .shelf = packs_ != nullptr ? packs_.get() : options.shelf,
                        .on_fetched = options.on_fetched}),
        plans_(options.plan_cache_entries),
        lists_(options.answer_cache_bytes / 2),
        answers_(options.history, options.answer_cache_bytes / 8 * 5) {}

  ~CachingSelector() override { forest_.Stop(); }

  absl::StatusOr<SelectionResult> Select(const SelectionRequest& request) override {
    SelectionResult result;
    const absl::Time begin = absl::Now();
    const bool labels_requested = request.requested != nullptr;
    const std::string plan_key = PlanKey(request, PlanScope());
    TS_ASSIGN_OR_RETURN(const auto plan, FindPlan(request, PlanScope(), plan_key, &result.times));
    const AnswerQuestion question{&request, labels_requested, plan_key, plan.get()};
    TS_ASSIGN_OR_RETURN(result.selection, FindAnswer(question, &result.times));
    result.labels = labels_requested ? request.requested : result.selection->known_labels;
    if (request.shard_count > 1 || request.budget_seconds > 0) {
      result.part = answers_.Part(question, *result.labels, *result.selection);
    }
    if (request.per_job) TS_RETURN_IF_ERROR(SelectPerJob(request, labels_requested, &result));
    result.times.total = absl::Now() - begin;
    return result;
  }

  absl::StatusOr<SelectionResult> Replay(const SelectionRequest& request,
                                         const SelectionBasis& basis) override {
    SelectionResult result;
    const absl::Time begin = absl::Now();
    TS_ASSIGN_OR_RETURN(const PlanMaker::Made made, planner_.MakeAgain(request, basis));
    result.times.resolve = made.resolve_time;
    result.labels = request.requested;
    if (result.labels == nullptr) {
      TS_ASSIGN_OR_RETURN(result.labels, KnownLabels(*made.plan));
    }
    result.selection = answers_.MakeAgain(
        {&request, request.requested != nullptr, PlanKey(request, PlanScope()), made.plan.get()},
        *result.labels);
    result.times.total = absl::Now() - begin;
    return result;
  }

  absl::StatusOr<Explanation> Explain(const SelectionRequest& request,
                                      absl::string_view label) override {
    ExplanationCollector collector(label);
    TS_ASSIGN_OR_RETURN(const PlanMaker::Made made,
                        planner_.Make(request, PlanScope(), nullptr, &collector));
    const auto columns = answers_.FindColumns(request.repository, *made.plan);
    const bool forced = std::find(request.force_labels.begin(), request.force_labels.end(),
                                  label) != request.force_labels.end();
    return std::move(collector).Finish(*made.plan, forced, request.run_all, columns.get());
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
    TS_ASSIGN_OR_RETURN(const auto index, planner_.FindIndex(question.repository));
    TS_ASSIGN_OR_RETURN(const auto resolution,
                        ResolveIndex(*index, *place.git, place.commit,
                                     planner_.QueryOf(question.jobs, /*branch=*/"")));
    return LabelsOf({&store_, &forest_, place.git, place.commit.tree}, question, resolution);
  }

  absl::StatusOr<std::vector<NamedBody>> FindBodies(const std::string& repository,
                                                    const ObjectId& commit, const std::string& path,
                                                    absl::Time deadline) override {
    TS_ASSIGN_OR_RETURN(const Place place, FindPlace(repository, commit, deadline));
    TS_ASSIGN_OR_RETURN(const auto tree,
                        forest_.Tree(repository, place.git, place.commit.tree, deadline));
    std::vector<NamedBody> bodies;
    for (const Unit* body : BodiesOf(*tree, path)) {
      bodies.push_back({std::string(tree->names().Name(body->key)), body->lines});
    }
    return bodies;
  }

  const IndexKeeper& keeper() const override { return keeper_; }

  void Prepare(const std::string& repository, const ObjectId& commit) override {
    warmer_.Add(repository, commit);
  }
  void WaitPrepared() override { warmer_.WaitIdle(); }
  absl::StatusOr<KeptSources> FindSources(absl::Span<const std::string> keys,
                                          size_t most_bytes) const override {
    KeptSources kept;
    size_t bytes = 0;
    for (; kept.answered < keys.size() && bytes < most_bytes; ++kept.answered) {
      const std::string& key = keys[kept.answered];
      if (!SourceForest::IsKey(key)) {
        return absl::InvalidArgumentError(
            absl::StrCat("keys[", kept.answered, "]='", Shorten(key),
                         "' is no name of a cut source: LANGUAGE.SUFFIX.VERSION.FORM:BLOB"));
      }
      absl::StatusOr<std::string> record = store_.GetDerived(key);
      if (!record.ok()) continue;  // cut by who asked, as if it had never been kept
      bytes += record->size();
      kept.sources.push_back({key, *std::move(record)});
    }
    return kept;
  }
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

  // A selection of its own for each job that the index has, over the labels of the whole one.
  absl::Status SelectPerJob(const SelectionRequest& request, bool labels_requested,
                            SelectionResult* result) {
    SelectionRequest one = request;
    one.requested = result->labels;
    for (const IndexUse& use : result->selection->index) {
      const PlanScope scope{.only_job = use.job};
      const std::string plan_key = PlanKey(one, scope);
      StageTimes times;
      TS_ASSIGN_OR_RETURN(const auto plan, FindPlan(one, scope, plan_key, &times));
      TS_ASSIGN_OR_RETURN(auto selection,
                          FindAnswer({&one, labels_requested, plan_key, plan.get()}, &times));
      result->jobs.push_back({use.job, std::move(selection), {}});
      if (request.triggering_paths) {
        PathCollector collector;
        TS_ASSIGN_OR_RETURN(const PlanMaker::Made again,
                            planner_.Make(one, scope, nullptr, &collector));
        result->jobs.back().paths = collector.PathsOf(*again.plan, *result->labels);
      }
      result->times.diff += times.diff;
      result->times.lookup += times.lookup;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::shared_ptr<const Selection>> FindAnswer(const AnswerQuestion& question,
                                                              StageTimes* times) {
    const absl::Time begin = absl::Now();
    TS_ASSIGN_OR_RETURN(AnswerMaker::Made made, answers_.Find(question));
    times->cached = times->cached && made.cached;
    if (!made.cached) times->lookup += absl::Now() - begin;
    return std::move(made.answer);
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
    TS_ASSIGN_OR_RETURN(place.commit,
                        planner_.FindCommit("commit", repository, commit, deadline, *place.git));
    return place;
  }

  void Warm(const std::string& repository, const ObjectId& commit) {
    const auto git = repositories_.Find(repository);
    if (!git.ok()) return;
    const auto info = (*git)->Commit(commit);
    if (!info.ok()) return;
    const auto tree = forest_.Tree(repository, *git, info->tree);
    if (!tree.ok()) return;
    forest_.Names(info->tree, **tree);
    if (packs_ == nullptr) return;
    const auto packed = packs_->Offer(repository, SourceForest::KeysOf(**tree));
    if (options_.on_shared) options_.on_shared(repository, packed);
  }

  // The plan from the cache if the index has not changed since, else a new one.
  absl::StatusOr<PlanPtr> FindPlan(const SelectionRequest& request, const PlanScope& scope,
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
    TS_ASSIGN_OR_RETURN(const PlanMaker::Made made,
                        planner_.Make(request, scope, slot->plan, nullptr));
    times->resolve = made.resolve_time;
    times->diff = made.plan->diff_time;
    times->lookup = made.plan->lookup_time;
    slot->generation = generation;
    slot->plan = IsPassing(*made.plan) ? nullptr : made.plan;
    return made.plan;
  }

  IndexStore& store_;
  RepositorySource& repositories_;
  const SelectorOptions options_;
  RuleCache rules_;
  const std::unique_ptr<PackShelf> packs_;  // null: the store is this machine's alone
  SourceForest forest_;
  PlanMaker planner_{{.store = &store_,
                      .repositories = &repositories_,
                      .forest = &forest_,
                      .rules = &rules_,
                      .trust = &options_.trust,
                      .history = options_.history,
                      .max_walk_commits = options_.max_walk_commits}};
  mutable Mutex mutex_;
  LruMap<std::string, PlanSlot> plans_ ABSL_GUARDED_BY(mutex_);
  mutable LruMap<Digest, const LabelList> lists_ ABSL_GUARDED_BY(mutex_);
  AnswerMaker answers_;
  const IndexKeeper keeper_{{.store = &store_,
                             .repositories = &repositories_,
                             .forest = &forest_,
                             .rules = &rules_,
                             .trust = &options_.trust,
                             .max_walk_commits = options_.max_walk_commits,
                             .consolidate_after = options_.consolidate_after,
                             .find_index = [this](const std::string& repository) {
                               return planner_.FindIndex(repository);
                             }}};
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
