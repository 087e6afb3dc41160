#include "server/selection/consolidation.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "server/selection/evidence_runs.h"
#include "server/selection/tree_move.h"
#include "server/selection/unstable_bodies.h"
#include "storage/model/status_macros.h"
#include "storage/segment_builder.h"

namespace testselect {
namespace {

constexpr EvidenceKind kKinds[] = {EvidenceKind::kLine,        EvidenceKind::kFunction,
                                   EvidenceKind::kOpenedFile,  EvidenceKind::kImportedFile,
                                   EvidenceKind::kUsedFixture, EvidenceKind::kCameOrWent};

uint64_t LinesIn(const std::vector<LineRange>& ranges) {
  uint64_t lines = 0;
  for (const LineRange& range : ranges) lines += range.last - range.first + 1;
  return lines;
}

// Segments of different makes must not be joined: what one of them does not tell would seem not to
// have happened.
bool SameMake(const SegmentInfo& a, const SegmentInfo& b) {
  const auto ways = [](const SegmentInfo& info) {
    return std::make_tuple(
        info.Holds(EvidenceKind::kFunction), info.Holds(EvidenceKind::kOpenedFile),
        info.Holds(EvidenceKind::kImportedFile), info.Holds(EvidenceKind::kUsedFixture));
  };
  // What was added to an upload holds a part of what the upload's tool tells.
  const bool added = a.header.completeness == Completeness::kAdded ||
                     b.header.completeness == Completeness::kAdded;
  return a.header.environment_digest == b.header.environment_digest &&
         a.header.isolation == b.header.isolation && (added || ways(a) == ways(b));
}
class Mover {
 public:
  explicit Mover(const ConsolidationInputs& inputs)
      : in_(inputs), chain_(*inputs.chain), builder_(inputs.dictionary) {}

  absl::StatusOr<std::optional<Consolidated>> Move() && {
    TS_RETURN_IF_ERROR(FindMovable());
    if (movable_.Empty()) return std::nullopt;
    for (const Old& old : old_) TS_RETURN_IF_ERROR(KeepWhatIsTouched(old));
    if (movable_.Empty()) return std::nullopt;
    for (const Old& old : old_) TS_RETURN_IF_ERROR(MoveEvidence(old));
    TS_RETURN_IF_ERROR(MoveOutcomes());
    Consolidated out;
    out.header = HeaderHere();
    out.labels = movable_.Count();
    out.note.complete = chain_.complete;
    for (const LiveSegment& s : in_.evidence->segments) {
      if (IsHere(s)) continue;
      out.note.moved.push_back(s.segment->info().id);
      DenseLabelSet left = s.live_here;
      left -= movable_;
      if (!left.Empty()) out.note.rest.push_back(s.segment->info().id);
    }
    TS_ASSIGN_OR_RETURN(out.content, std::move(builder_).Finish());
    return out;
  }

 private:
  struct Old {
    const LiveSegment* live;
    ObjectId tree;
    TreeMove* move;
  };

  const Layer& Newest() const { return chain_.layers.front(); }
  bool IsHere(const LiveSegment& s) const {
    return s.commit == Newest().commit &&
           s.segment->info().header.completeness != Completeness::kCarried;
  }

  UploadHeader HeaderHere() const {
    const UploadHeader& upload = Newest().segments.front().header;
    UploadHeader header;
    header.repository = upload.repository;
    header.commit = upload.commit;
    header.tree = tree_;
    header.job = upload.job;
    header.completeness = Completeness::kCarried;
    header.isolation = old_.front().live->segment->info().header.isolation;
    header.environment_digest = old_.front().live->segment->info().header.environment_digest;
    header.branch = upload.branch;
    return header;
  }

  absl::Status FindMovable() {
    for (const LiveSegment& s : in_.evidence->segments) {
      if (!IsHere(s)) continue;
      TS_ASSIGN_OR_RETURN(tree_, TreeOf(s, *in_.git));
      break;
    }
    if (tree_.IsNull()) return absl::OkStatus();
    const LiveSegment* model = nullptr;  // the one with the most to move
    for (const LiveSegment& s : in_.evidence->segments) {
      // The keys of an imported index name no lines that could move.
      if (IsHere(s) || s.segment->info().Holds(EvidenceKind::kIndexKey)) continue;
      if (model == nullptr || s.live_here.Count() > model->live_here.Count()) model = &s;
    }
    for (const LiveSegment& s : in_.evidence->segments) {
      if (IsHere(s) || s.live.Empty() || s.segment->info().Holds(EvidenceKind::kIndexKey) ||
          !SameMake(s.segment->info(), model->segment->info())) {
        continue;
      }
      TS_ASSIGN_OR_RETURN(const ObjectId tree, TreeOf(s, *in_.git));
      auto& move = moves_[tree];
      if (move == nullptr) {
        TS_ASSIGN_OR_RETURN(TreeMove made, TreeMove::Make(in_.git, tree, tree_));
        move = std::make_unique<TreeMove>(std::move(made));
      }
      old_.push_back({&s, tree, move.get()});
      movable_ |= s.live_here;
    }
    for (const LiveSegment& s : in_.evidence->segments) {  // a layer's segments share their labels
      const bool left =
          std::none_of(old_.begin(), old_.end(), [&](const Old& old) { return old.live == &s; });
      if (left) movable_ -= s.live_here;
    }
    movable_ -= in_.affected;
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<LabelRun>> Runs(const Old& old, const FileEvidence& file,
                                             EvidenceKind kind) const {
    DenseLabelSet of = old.live->live_here;
    of &= movable_;
    return RunsOf(*old.live->segment, file, kind, *in_.evidence->labels, of);
  }

  // The lines of a range that means a function, now; nothing where it cannot be found again.
  absl::StatusOr<std::optional<LineRange>> MovedFunction(const Old& old, const FileEvidence& then,
                                                         const TreeMove::File& file,
                                                         LineRange lines) const {
    if (!file.lines.Touches(lines)) {
      const std::vector<LineRange> moved = file.lines.Move(lines);
      if (moved.size() == 1) return moved.front();
    }
    TS_ASSIGN_OR_RETURN(const auto before, in_.forest->Tree(in_.repository, in_.git, old.tree));
    const NameId key = KeyOfBody(*before, then.path, lines);
    if (key == kNoName) return std::nullopt;
    TS_ASSIGN_OR_RETURN(const auto after, in_.forest->Tree(in_.repository, in_.git, tree_));
    for (const Unit* unit : BodiesOf(*after, file.path)) {
      if (unit->key == key) return unit->lines;
    }
    return std::nullopt;
  }

  // Labels that executed a line which is not there any more stay behind.
  absl::Status KeepWhatIsTouched(const Old& old) {
    return ForEachFile(old, [&](const FileEvidence& then, const TreeMove::File* file) {
      if (file != nullptr && file->same_bytes) return absl::OkStatus();
      for (const EvidenceKind kind : kKinds) {
        if (kind == EvidenceKind::kCameOrWent) continue;  // a mark: who had it does not matter
        TS_ASSIGN_OR_RETURN(const auto runs, Runs(old, then, kind));
        for (const LabelRun& run : runs) {
          TS_ASSIGN_OR_RETURN(const bool stays, IsThere(old, then, file, kind, run.lines));
          if (!stays) movable_ -= run.labels;
        }
      }
      return absl::OkStatus();
    });
  }

  absl::StatusOr<bool> IsThere(const Old& old, const FileEvidence& then, const TreeMove::File* file,
                               EvidenceKind kind, LineRange lines) const {
    if (file == nullptr) return false;
    if (IsWholeFile(kind)) return true;
    if (kind == EvidenceKind::kLine) {
      return LinesIn(file->lines.Move(lines)) == lines.last - lines.first + 1;
    }
    TS_ASSIGN_OR_RETURN(const auto moved, MovedFunction(old, then, *file, lines));
    return moved.has_value();
  }

  absl::Status MoveEvidence(const Old& old) {
    old.live->live_here.ForEach([&](LabelNumber n) {
      if (movable_.Contains(n)) builder_.MarkRan(in_.evidence->labels->Name(n));
    });
    return ForEachFile(old, [&](const FileEvidence& then, const TreeMove::File* file) {
      if (file == nullptr) return absl::OkStatus();
      for (const EvidenceSection& section : then.sections) {
        TS_RETURN_IF_ERROR(MoveSection(old, then, *file, section));
      }
      return MoveGlobalLines(old, then, *file);
    });
  }

  absl::Status MoveSection(const Old& old, const FileEvidence& then, const TreeMove::File& file,
                           const EvidenceSection& section) {
    FileEvidence one;
    one.sets = then.sets;
    one.sections = {section};
    TS_ASSIGN_OR_RETURN(const auto runs, Runs(old, one, section.kind));
    const FileId id = builder_.File(file.path);
    for (const LabelRun& run : runs) {
      std::vector<ContextId> contexts;
      run.labels.ForEach([&](LabelNumber n) {
        contexts.push_back(builder_.Context(in_.evidence->labels->Name(n), section.phase));
      });
      if (section.kind == EvidenceKind::kLine) {
        for (const LineRange lines : file.lines.Move(run.lines)) {
          for (uint32_t line = lines.first; line <= lines.last; ++line) {
            builder_.AddLine(id, line, contexts);
          }
        }
        continue;
      }
      LineRange lines = run.lines;
      if (!IsWholeFile(section.kind)) {
        TS_ASSIGN_OR_RETURN(const auto moved, MovedFunction(old, then, file, lines));
        if (!moved.has_value()) continue;
        lines = *moved;
      }
      for (const ContextId context : contexts) Add(section.kind, id, context, lines);
    }
    return absl::OkStatus();
  }

  void Add(EvidenceKind kind, FileId file, ContextId context, LineRange lines) {
    switch (kind) {
      case EvidenceKind::kFunction:
        return builder_.AddFunction(file, context, lines);
      case EvidenceKind::kOpenedFile:
        return builder_.AddOpened(file, context);
      case EvidenceKind::kImportedFile:
        return builder_.AddImported(file, context);
      case EvidenceKind::kUsedFixture:
        return builder_.AddFixtureUse(file, context, lines);
      case EvidenceKind::kCameOrWent:
        return builder_.AddCameOrWent(file, context, lines);
      case EvidenceKind::kIndexKey:
        return builder_.AddKeyed(file, context);
      case EvidenceKind::kLine:
        return builder_.AddLine(file, lines.first, {context});
    }
  }

  // Lines that ran outside tests move as far as they are there; of a body that changed, all of it
  // counts.
  absl::Status MoveGlobalLines(const Old& old, const FileEvidence& then,
                               const TreeMove::File& file) {
    const FileId id = builder_.File(file.path);
    const auto add = [&](LineRange lines) {
      for (uint32_t line = lines.first; line <= lines.last; ++line) {
        builder_.AddLine(id, line, {kGlobalContext});
      }
    };
    bool touched = false;
    for (const LineRange& range : then.global_lines) {
      touched |= file.lines.Touches(range);
      for (const LineRange lines : file.lines.Move(range)) add(lines);
    }
    if (!touched) return absl::OkStatus();
    TS_ASSIGN_OR_RETURN(const auto before, in_.forest->Tree(in_.repository, in_.git, old.tree));
    for (const Unit* unit : BodiesOf(*before, then.path)) {
      if (!HasGlobalLine(then, unit->lines) || !file.lines.Touches(unit->lines)) continue;
      TS_ASSIGN_OR_RETURN(const auto moved, MovedFunction(old, then, file, unit->lines));
      if (moved.has_value()) add(*moved);
    }
    return absl::OkStatus();
  }

  absl::Status MoveOutcomes() {
    std::vector<const LiveSegment*> segments;
    for (const LiveSegment& s : in_.evidence->segments) segments.push_back(&s);
    for (const auto& outcomes : FindLastOutcomes(segments, *in_.evidence->labels)) {
      TS_RETURN_IF_ERROR(outcomes.status());
      for (const LastOutcome& last : *outcomes) {
        if (!movable_.Contains(last.label)) continue;
        builder_.AddOutcome(in_.evidence->labels->Name(last.label), last.outcome);
      }
    }
    for (const Old& old : old_) {
      TS_ASSIGN_OR_RETURN(DenseLabelSet opaque, OpaqueLabels(*old.live->segment));
      opaque &= old.live->live;
      opaque.ForEach([&](LabelNumber n) {
        const LabelNumber here = in_.evidence->labels->Number(*old.live->labels, n);
        if (!movable_.Contains(here)) return;
        LabelOutcome outcome;
        outcome.opaque = true;
        builder_.AddOutcome(in_.evidence->labels->Name(here), outcome);
      });
    }
    return absl::OkStatus();
  }

  template <typename F>
  absl::Status ForEachFile(const Old& old, F f) {
    absl::Status status;
    TS_RETURN_IF_ERROR(old.live->segment->ForEachFile([&](const FileEvidence& then) {
      const auto file = old.move->Find(then.path);
      status = file.ok() ? f(then, *file) : file.status();
      return status.ok();
    }));
    return status;
  }

  const ConsolidationInputs& in_;
  const JobChain& chain_;
  SegmentBuilder builder_;
  ObjectId tree_;  // of the newest layer
  std::vector<Old> old_;
  std::map<ObjectId, std::unique_ptr<TreeMove>> moves_;
  DenseLabelSet movable_;
};

}  // namespace

absl::StatusOr<std::optional<Consolidated>> Consolidate(const ConsolidationInputs& inputs) {
  return Mover(inputs).Move();
}

}  // namespace testselect
