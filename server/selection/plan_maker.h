// PlanMaker: from a request to the plan that answers it: its evidence is resolved, the policy of
// head is read, and both go into a SelectionPlan.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/git/repository.h"
#include "server/selection/branch_trust.h"
#include "server/selection/index_resolution.h"
#include "server/selection/rule_cache.h"
#include "server/selection/selection_plan.h"
#include "server/selection/selector.h"
#include "server/selection/source_forest.h"
#include "server/selection/test_history.h"
#include "storage/index_store.h"
#include "storage/model/mutex.h"
#include "storage/model/upload.h"

namespace testselect {

// What of a request's evidence is meant.
struct PlanScope {
  std::optional<JobKey> only_job;  // this one, with exactly this flavor; else as the request says
};

// Whether a plan would be another one at the next try, so that nothing of it may be kept.
bool IsPassing(const SelectionPlan& plan);

// Thread-safe. Everything it is given must outlive it.
class PlanMaker {
 public:
  struct Parts {
    IndexStore* store = nullptr;
    RepositorySource* repositories = nullptr;
    SourceForest* forest = nullptr;
    RuleCache* rules = nullptr;
    const BranchTrust* trust = nullptr;
    const TestHistory* history = nullptr;  // may be null
    uint32_t max_walk_commits = 100'000;
  };
  explicit PlanMaker(const Parts& parts) : parts_(parts) {}

  using PlanPtr = std::shared_ptr<const SelectionPlan>;
  struct Made {
    PlanPtr plan;  // never null
    absl::Duration resolve_time;
  };
  // A plan for the index as it is now; `previous` itself where that rests on the same evidence.
  // `previous` and `observer` may be null. Errors: kInvalidArgument (base equals head), kNotFound
  // (repository, head), the store's; what else keeps a plan from being made is its fallback.
  absl::StatusOr<Made> Make(const SelectionRequest& request, const PlanScope& scope,
                            const PlanPtr& previous, MarkObserver* observer) {
    return Compute(request, scope, previous, nullptr, observer);
  }
  // As Make, but resting on no segment that `basis` does not name.
  absl::StatusOr<Made> MakeAgain(const SelectionRequest& request, const SelectionBasis& basis) {
    return Compute(request, PlanScope(), nullptr, &basis, nullptr);
  }

  // The index of a repository as it is now, shared by all who ask. Errors: the store's.
  absl::StatusOr<std::shared_ptr<const RepositoryIndex>> FindIndex(const std::string& repository);

  ResolutionQuery QueryOf(const std::vector<JobKey>& jobs, const std::string& branch) const;

  // `field` names the commit in errors, which are git's.
  absl::StatusOr<CommitInfo> FindCommit(absl::string_view field, const std::string& repository,
                                        const ObjectId& id, absl::Time deadline,
                                        const GitRepository& git);

 private:
  absl::StatusOr<Made> Compute(const SelectionRequest& request, const PlanScope& scope,
                               const PlanPtr& previous, const SelectionBasis* replayed,
                               MarkObserver* observer);
  PlanPtr Finish(const SelectionRequest& request, const Resolution& resolution,
                 const PlanPtr& previous, const SelectionBasis* replayed, MarkObserver* observer,
                 PlanInputs inputs);
  absl::StatusOr<SelectionBasis> BasisOf(const Resolution& resolution,
                                         const SelectionBasis* replayed,
                                         const PlanInputs& inputs) const;
  RememberedFailures Remember(const std::string& repository, const Resolution& resolution,
                              const SelectionBasis* replayed) const;

  const Parts parts_;
  Mutex mutex_;
  absl::flat_hash_map<std::string, std::shared_ptr<const RepositoryIndex>> indexes_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace testselect
