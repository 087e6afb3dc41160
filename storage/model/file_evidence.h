// FileEvidence: which labels executed which lines of one file, as one segment observed it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "storage/model/evidence.h"
#include "storage/model/label_set.h"

namespace testselect {

// Lines `first`..`last` were executed by exactly the labels of `sets[set]`.
struct EvidenceRun {
  uint32_t first = 0;
  uint32_t last = 0;
  uint32_t set = 0;
  friend bool operator==(const EvidenceRun&, const EvidenceRun&) = default;
};

// All runs of one kind and phase. Line runs do not overlap and ascend; function runs may nest, and
// ascend by (first, last).
struct EvidenceSection {
  EvidenceKind kind = EvidenceKind::kLine;
  Phase phase = Phase::kRun;
  std::vector<EvidenceRun> runs;
  friend bool operator==(const EvidenceSection&, const EvidenceSection&) = default;
};

// A plain value, decoded from its record. The numbers are those of the segment's label dictionary.
struct FileEvidence {
  std::string path;                       // repository path, '/'-separated
  std::vector<EvidenceSection> sections;  // sorted by (kind, phase), no empty ones
  std::vector<std::string> sets;          // gap runs (label_set.h), each used by some run
  std::vector<LineRange> global_lines;    // executed outside any test; ascending, disjoint
  friend bool operator==(const FileEvidence&, const FileEvidence&) = default;
};

// Adds to `out` every label that executed a line of `range`, or entered a function that overlaps
// it, in any phase. kDataLoss as UnionLabelSet. Cost: a scan of the runs of the file.
absl::Status LabelsTouching(const FileEvidence& file, LineRange range, size_t universe,
                            DenseLabelSet* out);
// Adds to `out` every label with any evidence in the file.
absl::Status LabelsOfFile(const FileEvidence& file, size_t universe, DenseLabelSet* out);
// Whether a global line lies in `range`.
bool HasGlobalLine(const FileEvidence& file, LineRange range);

}  // namespace testselect
