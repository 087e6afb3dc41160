// Baseline: what a baseline suite executed, taken off the evidence of all other labels
// (granularity DIFFED_PACKAGE).
//
// A suite that only starts the program up executes what every other one executes too. What is left
// of the others is their own; a change of the rest selects the baseline suite alone, which is less
// safe and smaller.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/index_store.h"

namespace testselect {

// A segment without what the baseline executed. Lines are taken off by lines that ran, functions by
// functions that were entered; other evidence (opened files, keys) stays, and so does the
// baseline's own. Immutable and thread-safe; the errors of its readers are those of the segments.
class DiffedSegment final : public Segment {
 public:
  // `others`: the segments of the same tree, this one included; the baseline's labels are looked
  // for in all of them.
  DiffedSegment(std::shared_ptr<const Segment> segment,
                absl::Span<const std::shared_ptr<const Segment>> others,
                absl::Span<const std::string> baseline_labels);

  // Whether any of the segments ran a label of the baseline: else nothing is taken off.
  bool has_baseline() const { return !baselines_.empty(); }
  // Labels that executed something, and nothing but what the baseline executed too. Cost: reads all
  // files.
  absl::StatusOr<DenseLabelSet> WithoutOwnCode() const;

  const SegmentInfo& info() const override { return segment_->info(); }
  std::shared_ptr<const LabelDictionary> labels() const override { return segment_->labels(); }
  const DenseLabelSet& ran() const override { return segment_->ran(); }
  absl::StatusOr<std::shared_ptr<const FileEvidence>> FindFile(
      absl::string_view path) const override;
  absl::Status ForEachFile(std::function<bool(const FileEvidence&)> f) const override;
  absl::StatusOr<std::shared_ptr<const std::vector<LabelOutcome>>> Outcomes() const override {
    return segment_->Outcomes();
  }
  absl::StatusOr<std::shared_ptr<const DenseLabelSet>> EmptyEvidence() const override {
    return segment_->EmptyEvidence();
  }

 private:
  struct OfBaseline {
    std::shared_ptr<const Segment> segment;
    DenseLabelSet labels;  // its numbers
  };

  // Lines and functions of a file that the baseline executed.
  struct Executed {
    std::vector<LineRange> lines;      // ascending, disjoint
    std::vector<LineRange> functions;  // ascending
  };
  absl::StatusOr<Executed> ExecutedIn(absl::string_view path) const;
  absl::StatusOr<FileEvidence> Diff(const FileEvidence& file) const;

  const std::shared_ptr<const Segment> segment_;
  DenseLabelSet own_;  // the baseline's labels in this segment
  std::vector<OfBaseline> baselines_;
};

}  // namespace testselect
