#include "server/selection/evidence_runs.h"

#include <algorithm>
#include <optional>

#include "storage/model/status_macros.h"

namespace testselect {
namespace {

// Where a run begins, or has ended.
struct Border {
  uint32_t line;
  bool begins;
  const LabelRun* run;
};

std::vector<Border> BordersOf(absl::Span<const LabelRun> runs) {
  std::vector<Border> borders;
  borders.reserve(runs.size() * 2);
  for (const LabelRun& run : runs) {
    borders.push_back({run.lines.first, true, &run});
    borders.push_back({run.lines.last + 1, false, &run});
  }
  std::sort(borders.begin(), borders.end(),
            [](const Border& a, const Border& b) { return a.line < b.line; });
  return borders;
}

// The runs that hold at the lines a sweep has come to.
class Active {
 public:
  explicit Active(std::vector<Border> borders) : borders_(std::move(borders)) {}

  uint32_t NextLine() const {
    return next_ < borders_.size() ? borders_[next_].line : kMaxLine + 2;
  }
  void Enter(uint32_t line) {
    for (; next_ < borders_.size() && borders_[next_].line == line; ++next_) {
      const Border& border = borders_[next_];
      if (border.begins) {
        runs_.push_back(border.run);
      } else {
        runs_.erase(std::find(runs_.begin(), runs_.end(), border.run));
      }
    }
  }
  DenseLabelSet Labels() const {
    DenseLabelSet labels;
    for (const LabelRun* run : runs_) labels |= run->labels;
    return labels;
  }

 private:
  const std::vector<Border> borders_;
  size_t next_ = 0;
  std::vector<const LabelRun*> runs_;
};

}  // namespace

absl::StatusOr<std::vector<LabelRun>> RunsOf(const Segment& segment, const FileEvidence& file,
                                             EvidenceKind kind, const LabelUniverse& universe,
                                             const DenseLabelSet& of) {
  std::vector<LabelRun> runs;
  std::vector<std::optional<DenseLabelSet>> sets(file.sets.size());
  const LabelDictionary& dictionary = *segment.labels();
  for (const EvidenceSection& section : file.sections) {
    if (section.kind != kind) continue;
    for (const EvidenceRun& run : section.runs) {
      std::optional<DenseLabelSet>& set = sets[run.set];
      if (!set.has_value()) {
        DenseLabelSet own;
        TS_RETURN_IF_ERROR(UnionLabelSet(file.sets[run.set], dictionary.size(), &own));
        set.emplace();
        universe.Translate(dictionary, own, &*set);
        *set &= of;
      }
      if (!set->Empty()) runs.push_back({{run.first, run.last}, *set});
    }
  }
  return runs;
}

DenseLabelSet LabelsAt(absl::Span<const LabelRun> runs, LineRange lines) {
  DenseLabelSet labels;
  for (const LabelRun& run : runs) {
    if (run.lines.first <= lines.last && run.lines.last >= lines.first) labels |= run.labels;
  }
  return labels;
}

std::vector<RunDifference> DifferencesOf(absl::Span<const LabelRun> before,
                                         absl::Span<const LabelRun> after) {
  std::vector<RunDifference> differences;
  Active then(BordersOf(before)), now(BordersOf(after));
  uint32_t line = std::min(then.NextLine(), now.NextLine());
  while (line <= kMaxLine + 1) {
    then.Enter(line);
    now.Enter(line);
    const uint32_t next = std::min(then.NextLine(), now.NextLine());
    const DenseLabelSet old_labels = then.Labels(), new_labels = now.Labels();
    if (next <= kMaxLine + 1 && !(old_labels == new_labels)) {
      RunDifference difference{{line, next - 1}, old_labels, new_labels};
      difference.before_only -= new_labels;
      difference.after_only -= old_labels;
      differences.push_back(std::move(difference));
    }
    line = next;
  }
  return differences;
}

}  // namespace testselect
