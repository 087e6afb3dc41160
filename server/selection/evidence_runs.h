// EvidenceRuns: who executed which lines of one file, over several segments, in one numbering.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "server/selection/label_universe.h"
#include "storage/index_store.h"
#include "storage/model/file_evidence.h"

namespace testselect {

// Lines that one set of labels executed.
struct LabelRun {
  LineRange lines;
  DenseLabelSet labels;  // the universe's numbers
};

// The runs of `file`, evidence of `segment`, of one kind in all phases, as far as their labels are
// among `of`; runs without such a label are left out. kDataLoss for a malformed set. Cost: decodes
// each set once.
absl::StatusOr<std::vector<LabelRun>> RunsOf(const Segment& segment, const FileEvidence& file,
                                             EvidenceKind kind, const LabelUniverse& universe,
                                             const DenseLabelSet& of);

// The labels of all runs that touch `lines`.
DenseLabelSet LabelsAt(absl::Span<const LabelRun> runs, LineRange lines);

// Lines where two bodies of evidence differ.
struct RunDifference {
  LineRange lines;
  DenseLabelSet before_only, after_only;
};
// By line ascending. Cost: n log n in the runs, and a set operation for each border of them.
std::vector<RunDifference> DifferencesOf(absl::Span<const LabelRun> before,
                                         absl::Span<const LabelRun> after);

}  // namespace testselect
