#include "server/selection/evidence_view.h"

#include <algorithm>
#include <utility>

#include "storage/model/status_macros.h"

namespace testselect {

absl::StatusOr<DenseLabelSet> OpaqueLabels(const Segment& segment) {
  TS_ASSIGN_OR_RETURN(const auto outcomes, segment.Outcomes());
  DenseLabelSet labels;
  for (size_t n = 0; n < outcomes->size(); ++n) {
    if ((*outcomes)[n].opaque) labels.Add(static_cast<LabelNumber>(n));
  }
  return labels;
}

EvidenceView::EvidenceView(std::vector<LiveEvidence> segments, const LabelUniverse* universe)
    : segments_(std::move(segments)), universe_(*universe) {
  observes_fixtures_ = !segments_.empty();
  for (const LiveEvidence& s : segments_) {
    universe_.Translate(*s.labels, s.live, &live_);
    const SegmentInfo& info = s.segment->info();
    if (info.header.isolation != Isolation::kProcessPerLabel) {
      universe_.Translate(*s.labels, s.live, &shared_process_);
    }
    if (info.header.completeness == Completeness::kAdded) continue;  // a part of another's
    observes_imports_ |= info.Holds(EvidenceKind::kImportedFile);
    observes_fixtures_ &= info.Holds(EvidenceKind::kUsedFixture);
  }
}

void EvidenceView::AddLive(size_t i, DenseLabelSet labels, DenseLabelSet* out) const {
  labels &= segments_[i].live;
  if (!labels.Empty()) universe_.Translate(*segments_[i].labels, labels, out);
}

EvidenceView::File& EvidenceView::Find(const std::string& path) {
  std::unique_ptr<File>& file = files_[path];
  if (file != nullptr) return *file;
  file = std::make_unique<File>();
  for (size_t i = 0; i < segments_.size(); ++i) {
    auto evidence = segments_[i].segment->FindFile(path);
    if (!evidence.ok()) {
      status_.Update(evidence.status());
      file->by_segment.push_back(nullptr);
      continue;
    }
    file->by_segment.push_back(*evidence);
    if (*evidence == nullptr) continue;
    DenseLabelSet labels;
    status_.Update(LabelsTouching(**evidence, {1, kMaxLine}, segments_[i].labels->size(), &labels));
    AddLive(i, std::move(labels), &file->labels);
  }
  return *file;
}

const DenseLabelSet& EvidenceView::LabelsOf(const std::string& path) { return Find(path).labels; }

const DenseLabelSet& EvidenceView::Ran(const std::string& path, LineRange lines) {
  File& file = Find(path);
  const auto [it, added] =
      file.ran.try_emplace(static_cast<uint64_t>(lines.first) << 32 | lines.last);
  if (!added) return it->second;
  for (size_t i = 0; i < segments_.size(); ++i) {
    if (file.by_segment[i] == nullptr) continue;
    DenseLabelSet labels;
    status_.Update(
        LabelsTouching(*file.by_segment[i], lines, segments_[i].labels->size(), &labels));
    AddLive(i, std::move(labels), &it->second);
  }
  return it->second;
}

bool EvidenceView::RanWhileImporting(const std::string& path, LineRange lines) {
  const File& file = Find(path);
  return std::any_of(file.by_segment.begin(), file.by_segment.end(), [&](const auto& evidence) {
    return evidence != nullptr && HasGlobalLine(*evidence, lines);
  });
}

DenseLabelSet EvidenceView::TookRareBranch(const std::string& path, LineRange lines) {
  const DenseLabelSet everybody = Ran(path, lines);
  DenseLabelSet rare;
  for (uint32_t line = lines.first; line <= lines.last; ++line) {
    const DenseLabelSet& who = Ran(path, {line, line});
    if (!who.Empty() && !(who == everybody)) rare |= who;
  }
  return rare.Empty() ? everybody : rare;
}

bool EvidenceView::JobSaw(const File& file, size_t i, const std::vector<LineRange>& lines) const {
  const JobKey& job = segments_[i].segment->info().header.job;
  for (size_t s = 0; s < segments_.size(); ++s) {
    if (file.by_segment[s] == nullptr || segments_[s].segment->info().header.job != job) continue;
    for (const LineRange range : lines) {
      if (HasGlobalLine(*file.by_segment[s], range)) return true;
      for (const EvidenceSection& section : file.by_segment[s]->sections) {
        if (section.kind != EvidenceKind::kLine) continue;
        for (const EvidenceRun& run : section.runs) {
          if (run.first <= range.last && run.last >= range.first) return true;
        }
      }
    }
  }
  return false;
}

std::vector<DenseLabelSet> EvidenceView::CameTo(const std::string& path,
                                                const std::vector<StatementEdit::Sign>& signs,
                                                LineRange body) {
  const File& file = Find(path);
  std::vector<DenseLabelSet> came(signs.size() + 1);
  for (size_t i = 0; i < segments_.size(); ++i) {
    if (file.by_segment[i] == nullptr) continue;
    size_t first = 0;
    while (first < signs.size() && !JobSaw(file, i, signs[first].seen)) ++first;
    DenseLabelSet labels;
    for (const LineRange lines :
         first < signs.size() ? signs[first].lines : std::vector<LineRange>{body}) {
      status_.Update(
          LabelsTouching(*file.by_segment[i], lines, segments_[i].labels->size(), &labels));
    }
    AddLive(i, std::move(labels), &came[first]);
  }
  return came;
}

DenseLabelSet EvidenceView::RanOutside(const std::string& path,
                                       const std::vector<LineRange>& bodies) {
  const File& file = Find(path);
  const auto in_a_body = [&](uint32_t line) {
    return std::any_of(bodies.begin(), bodies.end(),
                       [&](LineRange b) { return b.first <= line && line <= b.last; });
  };
  DenseLabelSet outside;
  for (size_t i = 0; i < segments_.size(); ++i) {
    if (file.by_segment[i] == nullptr) continue;
    const FileEvidence& evidence = *file.by_segment[i];
    DenseLabelSet labels;
    for (const EvidenceSection& section : evidence.sections) {
      if (section.kind != EvidenceKind::kLine || section.phase != Phase::kRun) continue;
      for (const EvidenceRun& run : section.runs) {
        bool any = false;
        for (uint32_t line = run.first; line <= run.last && !any; ++line) any = !in_a_body(line);
        if (any) {
          status_.Update(
              UnionLabelSet(evidence.sets[run.set], segments_[i].labels->size(), &labels));
        }
      }
    }
    AddLive(i, std::move(labels), &outside);
  }
  return outside;
}

DenseLabelSet EvidenceView::OfKind(const std::string& path, EvidenceKind kind, LineRange lines) {
  const File& file = Find(path);
  DenseLabelSet found;
  for (size_t i = 0; i < segments_.size(); ++i) {
    if (file.by_segment[i] == nullptr) continue;
    DenseLabelSet labels;
    for (const EvidenceSection& section : file.by_segment[i]->sections) {
      if (section.kind != kind) continue;
      for (const EvidenceRun& run : section.runs) {
        if (run.first > lines.last || run.last < lines.first) continue;
        status_.Update(
            UnionLabelSet(file.by_segment[i]->sets[run.set], segments_[i].labels->size(), &labels));
      }
    }
    AddLive(i, std::move(labels), &found);
  }
  return found;
}

std::optional<DenseLabelSet> EvidenceView::FixtureUsers(const std::string& path, LineRange lines) {
  if (!observes_fixtures_) return std::nullopt;
  DenseLabelSet users = OfKind(path, EvidenceKind::kUsedFixture, lines);
  if (users.Empty()) return std::nullopt;
  return users;
}

const DenseLabelSet& EvidenceView::Opaque() {
  if (opaque_.has_value()) return *opaque_;
  opaque_.emplace();
  for (size_t i = 0; i < segments_.size(); ++i) {
    auto labels = OpaqueLabels(*segments_[i].segment);
    status_.Update(labels.status());
    if (labels.ok()) AddLive(i, *std::move(labels), &*opaque_);
    AddLive(i, segments_[i].opaque, &*opaque_);
  }
  return *opaque_;
}

}  // namespace testselect
