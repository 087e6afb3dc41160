// IndexKeeper: what keeps the index exact while uploads layer upon each other.
//
// Beside each upload it stores what earlier ones saw of the same labels and this one did not
// (unstable_evidence.h); and it shortens chains that have grown long (consolidation.h).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/git/repository.h"
#include "server/selection/index_resolution.h"
#include "server/selection/live_evidence.h"
#include "server/selection/rule_cache.h"
#include "server/selection/selector.h"
#include "server/selection/source_forest.h"
#include "storage/index_store.h"

namespace testselect {

// Thread-safe. Everything it is given must outlive it.
class IndexKeeper {
 public:
  using FindIndex = std::function<absl::StatusOr<std::shared_ptr<const RepositoryIndex>>(
      const std::string& repository)>;

  struct Parts {
    IndexStore* store = nullptr;
    RepositorySource* repositories = nullptr;
    SourceForest* forest = nullptr;
    RuleCache* rules = nullptr;
    const BranchTrust* trust = nullptr;
    uint32_t max_walk_commits = 100'000;
    uint32_t consolidate_after = 16;  // layers
    FindIndex find_index;
  };
  explicit IndexKeeper(Parts parts) : parts_(std::move(parts)) {}

  // The evidence of an upload's job as it is without the upload.
  struct Before {
    std::shared_ptr<const GitRepository> git;
    CommitInfo commit;  // the upload's
    Resolution resolution;
    OpenEvidence evidence;
  };
  // Null where there is none. To be asked for before the upload is stored: it may take the place of
  // an earlier one. Errors: those of git and of the store.
  absl::StatusOr<std::unique_ptr<const Before>> Look(const UploadHeader& header) const {
    return LookWithout(header, Digest());
  }

  // To be told before an upload is stored: evidence that was moved past its commit does not hold
  // it. Errors: those of git and of the store.
  absl::Status BeforeUpload(const UploadHeader& header) const;

  struct Unstable {
    uint64_t labels = 0, functions = 0;
  };
  // Compares a stored upload with what was before, and stores what must be added to it. An upload
  // that was stored before, and compared, is left as it is. Errors: those of git and of the store;
  // the upload itself stays good.
  absl::StatusOr<Unstable> AddUnstable(const Before& before, const SegmentInfo& stored) const;

  // Moves the evidence of the chains that begin at `commit` to it, where they have more layers than
  // they may. Errors: those of git and of the store; what was stored before stays good.
  absl::StatusOr<ConsolidationReport> ConsolidateAt(const std::string& repository,
                                                    const ObjectId& commit) const;

 private:
  absl::StatusOr<std::unique_ptr<const Before>> LookWithout(const UploadHeader& header,
                                                            const Digest& segment) const;
  absl::StatusOr<Unstable> Compare(const Before& before, const SegmentInfo& stored) const;
  absl::StatusOr<std::unique_ptr<const Before>> Resolve(const std::string& repository,
                                                        const ObjectId& commit, const JobKey& job,
                                                        const std::string& branch,
                                                        const Digest& without) const;
  absl::Status ConsolidateChain(const Before& chain, const std::string& repository,
                                ConsolidationReport* report) const;
  absl::Status CheckStillRight(const Before& chain, const std::string& repository,
                               const Digest& carried) const;
  // What a selection of `before.commit` would have run because of changes, in the numbers of the
  // evidence: labels, and groups of which one would have run in case an import fails.
  struct Affected {
    DenseLabelSet labels;
    std::vector<DenseLabelSet> canaries;
  };
  Affected AffectedSince(const Before& before, const std::string& repository) const;

  const Parts parts_;
};

}  // namespace testselect
