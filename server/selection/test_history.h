// TestHistory: how the labels of each (repository, job) ended and how long they took, over time.
//
// Every stored upload is recorded once, whatever its branch. It tells the order of a run list,
// which labels are flaky, and which failed and were not seen to pass since; it is not evidence of
// what a label executes. Kept in notes of the index store (KEYS.md, "Histories"), bounded in size.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/selection/branch_trust.h"
#include "storage/history_codec.h"
#include "storage/index_store.h"
#include "storage/label_history.h"
#include "storage/model/mutex.h"

namespace testselect {

// The labels of one job at one time. Immutable and thread-safe.
class JobHistory {
 public:
  // A label that no full run has seen for so many of them leaves.
  static constexpr uint64_t kFullRun = 1'000'000, kFullRunsKept = 50;
  static constexpr size_t kMaxLabels = 2'000'000;  // beyond, those not seen for longest leave

  // nullptr: never seen, or forgotten, or its record is damaged.
  const LabelHistory* Find(absl::string_view label) const;
  // Whether the record that would have the label cannot be read: it may have failed.
  bool IsDamaged(absl::string_view label) const;
  bool AnyDamaged() const { return damaged_ > 0; }
  // Calls f(label, history) for each.
  void ForEach(const std::function<void(absl::string_view, const LabelHistory&)>& f) const;
  // Whether the upload was counted. One older than all that are remembered was.
  bool HasCounted(const SegmentInfo& upload) const;
  size_t size() const { return size_; }
  // Differs between any two histories of one process that differ.
  uint64_t version() const { return version_; }
  // The same for what Find(...)->failed and IsDamaged answer, which change less often.
  uint64_t failing_version() const { return failing_version_; }

 private:
  friend class TestHistory;
  friend class HistoryUpdate;
  struct Bucket {
    std::vector<HistoryEntry> entries;  // by (hash, label)
    bool damaged = false;
  };

  HistoryHead head_;
  std::vector<std::shared_ptr<const Bucket>> buckets_;  // 1 << head_.bits
  size_t size_ = 0, damaged_ = 0;
  uint64_t version_ = 0, failing_version_ = 0;
};

// Thread-safe. Errors of all: kUnavailable (I/O; retry), kResourceExhausted (the disk is full). A
// record that is damaged is no error: see JobHistory::IsDamaged.
class TestHistory {
 public:
  // `store` must outlive this; nothing else may write its history notes.
  explicit TestHistory(IndexStore* store, BranchTrust trust = BranchTrust())
      : store_(*store), trust_(std::move(trust)) {}

  // Never null; empty where nothing was recorded. Cost: the first call reads the job's notes, later
  // ones share what it read.
  absl::StatusOr<std::shared_ptr<const JobHistory>> Of(absl::string_view repository,
                                                       const JobKey& job) const;

  // Where machines share the index: counts the uploads that others took. Beyond kCaughtUp of them
  // it begins with what another machine counted. Until it succeeds, Of ends with its error. Cost:
  // nothing where the index did not change since; else the outcomes of those uploads are read.
  static constexpr size_t kCaughtUp = 4;
  absl::Status CatchUp(const std::string& repository);
  // After Record: now and then lets others begin with what is counted here. Errors: those of the
  // shared store; then a new machine only has more to read.
  absl::Status OfferStart(const SegmentInfo& segment);

  // Counts the outcomes of a stored upload, durably; one that was counted before (SegmentInfo's
  // `created` names it) changes nothing. Cost: the buckets of the labels that ran are rewritten.
  absl::Status Record(const SegmentInfo& segment, const SegmentContent& content);

  // Whether the label is known to fail and pass at the same sources (LabelHistory::IsKnownFlaky).
  // False where that cannot be read.
  bool IsKnownFlaky(absl::string_view repository, const JobKey& job, absl::string_view label) const;

 private:
  using JobPtr = std::shared_ptr<const JobHistory>;

  using Run = std::pair<SegmentInfo, const SegmentContent*>;

  absl::StatusOr<JobPtr> Find(const std::string& prefix) const;
  // Uploads of one job, oldest first, in one write.
  absl::Status RecordAll(const std::string& prefix, const std::vector<Run>& runs);
  absl::StatusOr<std::vector<SegmentInfo>> Uncounted(const std::string& prefix,
                                                     std::vector<SegmentInfo> uploads) const;
  absl::Status CatchUpJob(const std::string& repository, const JobKey& job,
                          const std::vector<SegmentInfo>& uploads);
  absl::Status BeginWith(const std::string& repository, const JobKey& job);

  IndexStore& store_;
  const BranchTrust trust_;
  Mutex writing_;  // held by Record throughout
  mutable Mutex mutex_;
  mutable absl::flat_hash_map<std::string, JobPtr> jobs_ ABSL_GUARDED_BY(mutex_);  // by note prefix
  // By note prefix: why the uploads of others could not be counted.
  absl::flat_hash_map<std::string, absl::Status> behind_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, uint64_t> offered_ ABSL_GUARDED_BY(mutex_);  // counted since
  Mutex catching_up_ ABSL_ACQUIRED_BEFORE(writing_);
  // By repository: the store's generation that was caught up with.
  absl::flat_hash_map<std::string, uint64_t> caught_up_ ABSL_GUARDED_BY(catching_up_);
};

}  // namespace testselect
