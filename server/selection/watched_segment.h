// WatchedSegment: a segment that tells whether any of it could not be had.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "storage/index_store.h"
#include "storage/model/mutex.h"

namespace testselect {

// The first error of a kind that passes: evidence that is elsewhere and cannot be fetched now. What
// was made without it is no answer that may be kept. Thread-safe.
class ReadWatch {
 public:
  void Note(const absl::Status& status) {
    if (!absl::IsUnavailable(status)) return;
    MutexLock lock(&mutex_);
    away_.Update(status);
  }
  absl::Status away() const {  // kUnavailable, or Ok: everything was had, or is damaged for good
    MutexLock lock(&mutex_);
    return away_;
  }

 private:
  mutable Mutex mutex_;
  absl::Status away_ ABSL_GUARDED_BY(mutex_);
};

// `segment` as it is; what its readers fail with is noted.
class WatchedSegment final : public Segment {
 public:
  WatchedSegment(std::shared_ptr<const Segment> segment, std::shared_ptr<ReadWatch> watch)
      : segment_(std::move(segment)), watch_(std::move(watch)) {}

  const SegmentInfo& info() const override { return segment_->info(); }
  std::shared_ptr<const LabelDictionary> labels() const override { return segment_->labels(); }
  const DenseLabelSet& ran() const override { return segment_->ran(); }
  absl::StatusOr<std::shared_ptr<const FileEvidence>> FindFile(
      absl::string_view path) const override {
    return Noted(segment_->FindFile(path));
  }
  absl::Status ForEachFile(std::function<bool(const FileEvidence&)> f) const override {
    const absl::Status walked = segment_->ForEachFile(std::move(f));
    watch_->Note(walked);
    return walked;
  }
  absl::StatusOr<std::shared_ptr<const std::vector<LabelOutcome>>> Outcomes() const override {
    return Noted(segment_->Outcomes());
  }
  absl::StatusOr<std::shared_ptr<const DenseLabelSet>> EmptyEvidence() const override {
    return Noted(segment_->EmptyEvidence());
  }

 private:
  template <typename T>
  absl::StatusOr<T> Noted(absl::StatusOr<T> read) const {
    watch_->Note(read.status());
    return read;
  }

  const std::shared_ptr<const Segment> segment_;
  const std::shared_ptr<ReadWatch> watch_;
};

}  // namespace testselect
