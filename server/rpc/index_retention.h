// IndexRetention: deletes what the retention policy does not keep, and makes jobs usable whose last
// shards never come.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/rpc/service_environment.h"
#include "server/selection/retention.h"

namespace testselect {

// Whose evidence everybody may use, by the settings.
BranchTrust TrustOf(const ServerConfig& config);
// The policy of the settings.
RetentionPolicy RetentionOf(const ServerConfig& config);

struct RetentionReport {
  RetentionPlan plan;
  uint64_t kept = 0, dropped = 0;              // segments
  uint64_t decisions = 0;                      // that go by the policy's max_age
  uint64_t notes = 0;                          // about segments, that were deleted
  uint64_t bytes_before = 0, bytes_after = 0;  // of the store; the same in a dry run
};

// Thread-safe. What happens is logged and counted.
class IndexRetention {
 public:
  using Cancelled = std::function<bool()>;

  // `environment` must outlive it.
  explicit IndexRetention(const ServiceEnvironment& environment) : environment_(environment) {}

  // Plans, deletes segments with the notes about them and decisions with their evaluations, and
  // compacts the store if anything went. A
  // commit that git lacks is fetched first. Errors: kNotFound (the repository), kUnavailable
  // (another Apply is at work; git), kCancelled (what was deleted is), those of the store. An
  // interrupted one leaves nothing half: deletion goes commit by commit.
  absl::StatusOr<RetentionReport> Apply(const std::string& repository,
                                        const RetentionPolicy& policy, bool dry_run,
                                        const Cancelled& cancelled);
  // Applies the settings' policy to every repository, if it has limits.
  void ApplyToAll(const Cancelled& cancelled);

  // Seals what is there of every (commit, job) whose shards have not all come within
  // building-timeout of the last one that did.
  void SealOverdue(absl::Time now, const Cancelled& cancelled) const;

 private:
  absl::StatusOr<RetentionPlan> Plan(const std::string& repository, const RetentionPolicy& policy,
                                     const Cancelled& cancelled) const;
  absl::StatusOr<RetentionReport> ApplyAlone(const std::string& repository,
                                             const RetentionPolicy& policy, bool dry_run,
                                             const Cancelled& cancelled) const;
  absl::Status Drop(const std::string& repository, const Cancelled& cancelled,
                    RetentionReport* report) const;
  absl::Status DropCommit(const std::string& repository,
                          const std::vector<const RetentionVerdict*>& dropped,
                          RetentionReport* report) const;
  absl::Status DropNote(const std::string& key, RetentionReport* report) const;
  void SealOne(const std::string& repository, const ObjectId& commit, const JobKey& job) const;
  void Tell(const std::string& repository, const RetentionReport& report) const;

  const ServiceEnvironment& environment_;
  std::atomic_flag busy_;
};

// Seals what is there of a (commit, job). Evidence that was moved past the commit is put out of use
// first: it does not hold what becomes usable now. Errors: kNotFound, those of git and the store.
absl::StatusOr<std::vector<SegmentInfo>> SealShards(const ServiceEnvironment& environment,
                                                    const std::string& repository,
                                                    const ObjectId& commit, const JobKey& job,
                                                    bool include_quarantined);

}  // namespace testselect
