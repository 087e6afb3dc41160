#include "server/selection/baseline.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "storage/model/status_macros.h"

namespace testselect {
namespace {

DenseLabelSet NumbersOf(const Segment& segment, absl::Span<const std::string> names) {
  DenseLabelSet labels(segment.labels()->size());
  for (const std::string& name : names) {
    const LabelNumber n = segment.labels()->Find(name);
    if (n != kNoLabel && segment.ran().Contains(n)) labels.Add(n);
  }
  return labels;
}

std::vector<LineRange> Joined(std::vector<LineRange> ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const LineRange& a, const LineRange& b) { return a.first < b.first; });
  std::vector<LineRange> joined;
  for (const LineRange& range : ranges) {
    if (!joined.empty() && range.first <= joined.back().last + 1) {
      joined.back().last = std::max(joined.back().last, range.last);
    } else {
      joined.push_back(range);
    }
  }
  return joined;
}

// A part of a run, and whether the baseline executed it.
struct Part {
  LineRange lines;
  bool covered;
};

std::vector<Part> Split(LineRange run, const std::vector<LineRange>& covered) {
  std::vector<Part> parts;
  uint32_t at = run.first;
  auto it = std::lower_bound(covered.begin(), covered.end(), run.first,
                             [](const LineRange& r, uint32_t line) { return r.last < line; });
  for (; it != covered.end() && it->first <= run.last; ++it) {
    if (it->first > at) parts.push_back({{at, it->first - 1}, false});
    const uint32_t first = std::max(at, it->first), last = std::min(run.last, it->last);
    parts.push_back({{first, last}, true});
    at = last + 1;
  }
  if (at <= run.last) parts.push_back({{at, run.last}, false});
  return parts;
}

// Writes a file's sections anew, each set once and none that no run uses.
class Rewriter {
 public:
  Rewriter(const FileEvidence& from, FileEvidence* out) : out_(*out) {
    out_.path = from.path;
    out_.global_lines = from.global_lines;
  }

  void Begin(const EvidenceSection& section) { next_ = {section.kind, section.phase, {}}; }
  void Add(LineRange lines, const std::string& set) {
    if (set.empty()) return;
    const auto [found, added] = numbers_.emplace(set, static_cast<uint32_t>(out_.sets.size()));
    if (added) out_.sets.push_back(set);
    std::vector<EvidenceRun>& runs = next_.runs;
    const bool joins = next_.kind == EvidenceKind::kLine && !runs.empty() &&
                       runs.back().set == found->second && runs.back().last + 1 == lines.first;
    if (joins) {
      runs.back().last = lines.last;
    } else {
      runs.push_back({lines.first, lines.last, found->second});
    }
  }
  void End() {
    if (!next_.runs.empty()) out_.sections.push_back(std::move(next_));
  }

 private:
  FileEvidence& out_;
  EvidenceSection next_;
  std::map<std::string, uint32_t> numbers_;
};

}  // namespace

DiffedSegment::DiffedSegment(std::shared_ptr<const Segment> segment,
                             absl::Span<const std::shared_ptr<const Segment>> others,
                             absl::Span<const std::string> baseline_labels)
    : segment_(std::move(segment)), own_(NumbersOf(*segment_, baseline_labels)) {
  for (const std::shared_ptr<const Segment>& other : others) {
    DenseLabelSet labels = NumbersOf(*other, baseline_labels);
    if (!labels.Empty()) baselines_.push_back({other, std::move(labels)});
  }
}

absl::StatusOr<DiffedSegment::Executed> DiffedSegment::ExecutedIn(absl::string_view path) const {
  Executed executed;
  for (const OfBaseline& baseline : baselines_) {
    TS_ASSIGN_OR_RETURN(const auto file, baseline.segment->FindFile(path));
    if (file == nullptr) continue;
    const size_t universe = baseline.segment->labels()->size();
    std::vector<char> is_baseline(file->sets.size());
    for (size_t i = 0; i < file->sets.size(); ++i) {
      DenseLabelSet set(universe);
      TS_RETURN_IF_ERROR(UnionLabelSet(file->sets[i], universe, &set));
      is_baseline[i] = set.Intersects(baseline.labels);
    }
    for (const EvidenceSection& section : file->sections) {
      if (!IsExecution(section.kind)) continue;
      std::vector<LineRange>& ranges =
          section.kind == EvidenceKind::kLine ? executed.lines : executed.functions;
      for (const EvidenceRun& run : section.runs) {
        if (is_baseline[run.set]) ranges.push_back({run.first, run.last});
      }
    }
  }
  executed.lines = Joined(std::move(executed.lines));
  return executed;
}

absl::StatusOr<FileEvidence> DiffedSegment::Diff(const FileEvidence& file) const {
  TS_ASSIGN_OR_RETURN(const Executed executed, ExecutedIn(file.path));
  const size_t universe = segment_->labels()->size();
  std::vector<std::string> kept(file.sets.size());  // by set, what the baseline has of it
  for (size_t i = 0; i < file.sets.size(); ++i) {
    DenseLabelSet set(universe);
    TS_RETURN_IF_ERROR(UnionLabelSet(file.sets[i], universe, &set));
    set &= own_;
    kept[i] = EncodeLabelSet(set);
  }
  FileEvidence out;
  Rewriter rewriter(file, &out);
  for (const EvidenceSection& section : file.sections) {
    rewriter.Begin(section);
    for (const EvidenceRun& run : section.runs) {
      const LineRange lines{run.first, run.last};
      if (section.kind == EvidenceKind::kLine) {
        for (const Part& part : Split(lines, executed.lines)) {
          rewriter.Add(part.lines, part.covered ? kept[run.set] : file.sets[run.set]);
        }
      } else if (section.kind == EvidenceKind::kFunction) {
        const bool covered = std::find(executed.functions.begin(), executed.functions.end(),
                                       lines) != executed.functions.end();
        rewriter.Add(lines, covered ? kept[run.set] : file.sets[run.set]);
      } else {
        rewriter.Add(lines, file.sets[run.set]);
      }
    }
    rewriter.End();
  }
  return out;
}

absl::StatusOr<std::shared_ptr<const FileEvidence>> DiffedSegment::FindFile(
    absl::string_view path) const {
  TS_ASSIGN_OR_RETURN(auto file, segment_->FindFile(path));
  if (file == nullptr || baselines_.empty()) return file;
  TS_ASSIGN_OR_RETURN(FileEvidence diffed, Diff(*file));
  return std::make_shared<const FileEvidence>(std::move(diffed));
}

absl::Status DiffedSegment::ForEachFile(std::function<bool(const FileEvidence&)> f) const {
  if (baselines_.empty()) return segment_->ForEachFile(std::move(f));
  absl::Status status;
  TS_RETURN_IF_ERROR(segment_->ForEachFile([&](const FileEvidence& file) {
    const absl::StatusOr<FileEvidence> diffed = Diff(file);
    status = diffed.status();
    return status.ok() && f(*diffed);
  }));
  return status;
}

absl::StatusOr<DenseLabelSet> DiffedSegment::WithoutOwnCode() const {
  const size_t universe = segment_->labels()->size();
  DenseLabelSet none = segment_->ran();
  if (baselines_.empty()) return DenseLabelSet(universe);
  absl::Status status;
  TS_RETURN_IF_ERROR(ForEachFile([&](const FileEvidence& file) {
    DenseLabelSet labels(universe);
    status = LabelsOfFile(file, universe, &labels);
    none -= labels;
    return status.ok();
  }));
  TS_RETURN_IF_ERROR(status);
  TS_ASSIGN_OR_RETURN(const auto empty, EmptyEvidence());
  none -= *empty;
  none -= own_;
  return none;
}

}  // namespace testselect
