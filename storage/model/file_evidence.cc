#include "storage/model/file_evidence.h"

#include "storage/model/status_macros.h"

namespace testselect {

absl::Status LabelsTouching(const FileEvidence& file, LineRange range, size_t universe,
                            DenseLabelSet* out) {
  for (const EvidenceSection& section : file.sections) {
    if (!IsExecution(section.kind)) continue;
    for (const EvidenceRun& run : section.runs) {
      if (run.first > range.last) break;  // both kinds of runs ascend by their first line
      if (run.last < range.first) continue;
      if (run.set >= file.sets.size()) return absl::DataLossError("a run names an unknown set");
      TS_RETURN_IF_ERROR(UnionLabelSet(file.sets[run.set], universe, out));
    }
  }
  return absl::OkStatus();
}

absl::Status LabelsOfFile(const FileEvidence& file, size_t universe, DenseLabelSet* out) {
  for (const std::string& set : file.sets) {
    TS_RETURN_IF_ERROR(UnionLabelSet(set, universe, out));
  }
  return absl::OkStatus();
}

bool HasGlobalLine(const FileEvidence& file, LineRange range) {
  for (const LineRange& g : file.global_lines) {
    if (g.first > range.last) return false;
    if (g.last >= range.first) return true;
  }
  return false;
}

}  // namespace testselect
