#include "server/selection/unstable_evidence.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "server/selection/evidence_runs.h"
#include "server/selection/tree_move.h"
#include "server/selection/unstable_bodies.h"
#include "storage/model/status_macros.h"
#include "storage/segment_builder.h"

namespace testselect {
namespace {

bool HasLines(const SegmentInfo& info) {
  return info.kinds == 0 || info.Holds(EvidenceKind::kLine);
}

// Whether both were recorded by the same means, as far as is known: other tools, and other
// environments, see other things.
bool Comparable(const SegmentInfo& a, const SegmentInfo& b) {
  const std::string& environment = a.header.environment_digest;
  const std::string& other = b.header.environment_digest;
  if (!environment.empty() && !other.empty() && environment != other) return false;
  if (a.Holds(EvidenceKind::kIndexKey) || b.Holds(EvidenceKind::kIndexKey)) return false;
  return HasLines(a) == HasLines(b) &&
         a.Holds(EvidenceKind::kFunction) == b.Holds(EvidenceKind::kFunction);
}

// Whether the upload's tool tells which files tests opened.
bool TellsOpenings(const SegmentInfo& info) {
  return info.Holds(EvidenceKind::kOpenedFile) || info.Holds(EvidenceKind::kImportedFile);
}

class Finder {
 public:
  explicit Finder(const UnstableInputs& inputs)
      : in_(inputs), upload_(*inputs.upload), builder_(inputs.dictionary) {}

  absl::StatusOr<std::optional<UnstableEvidence>> Find() && {
    TS_RETURN_IF_ERROR(FindCompared());
    TS_RETURN_IF_ERROR(FindPaths());
    for (const auto& [path, places] : paths_) TS_RETURN_IF_ERROR(CompareFile(path, places));
    if (!any_) return std::nullopt;
    UnstableEvidence found;
    found.labels = labels_.Count();
    found.functions = marked_.size();
    TS_ASSIGN_OR_RETURN(found.content, std::move(builder_).Finish());
    return found;
  }

 private:
  // A segment of the evidence before, its labels in the common numbering.
  struct Old {
    const LiveSegment* live = nullptr;
    DenseLabelSet labels;
    TreeMove* move = nullptr;
  };
  // Where older segments have evidence of a file.
  struct Place {
    size_t old;
    const TreeMove::File* file;
    std::string old_path;
  };

  absl::Status FindCompared() {
    std::vector<std::shared_ptr<const LabelDictionary>> dictionaries{upload_.labels()};
    for (const LiveSegment& s : in_.before->segments) dictionaries.push_back(s.labels);
    universe_ = LabelUniverse::Of(dictionaries);
    universe_->Translate(*upload_.labels(), upload_.ran(), &ran_);
    DenseLabelSet left_out;
    TS_RETURN_IF_ERROR(AddFailed(upload_, &left_out));
    for (const LiveSegment& s : in_.before->segments) {
      Old& old = old_.emplace_back();
      old.live = &s;
      universe_->Translate(*s.labels, s.live, &old.labels);
      const bool added = s.segment->info().header.completeness == Completeness::kAdded;
      if (!added && !Comparable(s.segment->info(), upload_.info())) left_out |= old.labels;
      TS_RETURN_IF_ERROR(AddFailed(*s.segment, &left_out));
      TS_ASSIGN_OR_RETURN(const ObjectId tree, TreeOf(s, *in_.git));
      auto& move = moves_[tree];
      if (move == nullptr) {
        TS_ASSIGN_OR_RETURN(TreeMove made, TreeMove::Make(in_.git, tree, in_.tree));
        move = std::make_unique<TreeMove>(std::move(made));
      }
      old.move = move.get();
    }
    for (const Old& old : old_) compared_ |= old.labels;
    compared_ &= ran_;
    rerun_ = compared_;
    compared_ -= left_out;
    rerun_ -= compared_;
    return absl::OkStatus();
  }

  void LeaveOutAffected() {
    affected_known_ = true;
    DenseLabelSet affected;
    in_.affected().ForEach([&](LabelNumber n) {
      const LabelNumber here = universe_->Find(in_.before->labels->Name(n));
      if (here != kNoLabel) affected.Add(here);
    });
    affected &= compared_;
    compared_ -= affected;
    rerun_ |= affected;
  }

  // A label that failed stopped half-way: what it did not come to says nothing.
  absl::Status AddFailed(const Segment& segment, DenseLabelSet* out) const {
    TS_ASSIGN_OR_RETURN(const auto outcomes, segment.Outcomes());
    for (LabelNumber n = 0; n < outcomes->size(); ++n) {
      if (MustRerun((*outcomes)[n].outcome)) out->Add(universe_->Number(*segment.labels(), n));
    }
    return absl::OkStatus();
  }

  absl::Status FindPaths() {
    TS_RETURN_IF_ERROR(upload_.ForEachFile([&](const FileEvidence& file) {
      paths_[file.path];
      return true;
    }));
    for (size_t i = 0; i < old_.size(); ++i) {
      absl::Status status;
      TS_RETURN_IF_ERROR(old_[i].live->segment->ForEachFile([&](const FileEvidence& file) {
        const auto now = old_[i].move->Find(file.path);
        status = now.status();
        if (now.ok() && *now != nullptr) paths_[(*now)->path].push_back({i, *now, file.path});
        return status.ok();
      }));
      TS_RETURN_IF_ERROR(status);
    }
    return absl::OkStatus();
  }

  absl::Status CompareFile(const std::string& path, const std::vector<Place>& places) {
    TS_ASSIGN_OR_RETURN(const auto now, upload_.FindFile(path));
    std::vector<LabelRun> before, after, functions_before, functions_after;
    DenseLabelSet opened_before, opened_after;
    for (const Place& place : places) {
      const Old& old = old_[place.old];
      TS_ASSIGN_OR_RETURN(const auto then, old.live->segment->FindFile(place.old_path));
      if (then == nullptr) continue;
      TS_RETURN_IF_ERROR(CarryAdded(path, place, *then));
      if (places.size() == 1 && now != nullptr && SameEvidence(place, *then, *now))
        return absl::OkStatus();
      DenseLabelSet of = old.labels;
      of &= compared_;
      TS_RETURN_IF_ERROR(AddMoved(place, *then, EvidenceKind::kLine, of, &before));
      TS_RETURN_IF_ERROR(AddMoved(place, *then, EvidenceKind::kFunction, of, &functions_before));
      TS_RETURN_IF_ERROR(AddOpened(*old.live->segment, *then, of, &opened_before));
    }
    if (now != nullptr) {
      const auto runs = [&](EvidenceKind kind) {
        return RunsOf(upload_, *now, kind, *universe_, compared_);
      };
      TS_ASSIGN_OR_RETURN(after, runs(EvidenceKind::kLine));
      TS_ASSIGN_OR_RETURN(functions_after, runs(EvidenceKind::kFunction));
      TS_RETURN_IF_ERROR(AddOpened(upload_, *now, compared_, &opened_after));
    }
    if (!affected_known_ &&
        (!(opened_before == opened_after) || !DifferencesOf(before, after).empty() ||
         !DifferencesOf(functions_before, functions_after).empty())) {
      LeaveOutAffected();
      return CompareFile(path, places);
    }
    TS_RETURN_IF_ERROR(KeepDifferences(path, EvidenceKind::kLine, before, after));
    TS_RETURN_IF_ERROR(
        KeepDifferences(path, EvidenceKind::kFunction, functions_before, functions_after));
    opened_before -= opened_after;
    if (TellsOpenings(upload_.info())) {
      Emit(opened_before,
           [&](ContextId context) { builder_.AddOpened(builder_.File(path), context); });
    }
    return absl::OkStatus();
  }

  // The same text and the same record with the same label numbers.
  bool SameEvidence(const Place& place, const FileEvidence& then, const FileEvidence& now) const {
    return place.file->same_bytes && old_[place.old].live->labels->id() == upload_.labels()->id() &&
           then.sections == now.sections && then.sets == now.sets;
  }

  absl::Status AddMoved(const Place& place, const FileEvidence& then, EvidenceKind kind,
                        const DenseLabelSet& of, std::vector<LabelRun>* out) const {
    TS_ASSIGN_OR_RETURN(const std::vector<LabelRun> runs,
                        RunsOf(*old_[place.old].live->segment, then, kind, *universe_, of));
    for (const LabelRun& run : runs) {
      if (kind == EvidenceKind::kFunction && place.file->lines.Touches(run.lines)) continue;
      for (const LineRange lines : place.file->lines.Move(run.lines)) {
        out->push_back({lines, run.labels});
      }
    }
    return absl::OkStatus();
  }

  absl::Status AddOpened(const Segment& segment, const FileEvidence& file, const DenseLabelSet& of,
                         DenseLabelSet* out) const {
    TS_ASSIGN_OR_RETURN(const auto runs,
                        RunsOf(segment, file, EvidenceKind::kOpenedFile, *universe_, of));
    for (const LabelRun& run : runs) *out |= run.labels;
    return absl::OkStatus();
  }

  // What was added before to labels that ran again, and are not compared, is added to them again;
  // and a full run, which ends the chain, takes over the marks of what came or went.
  absl::Status CarryAdded(const std::string& path, const Place& place, const FileEvidence& then) {
    const LiveSegment& live = *old_[place.old].live;
    if (live.segment->info().header.completeness == Completeness::kAdded) {
      DenseLabelSet of = old_[place.old].labels;
      of &= rerun_;
      for (const EvidenceKind kind : {EvidenceKind::kLine, EvidenceKind::kFunction}) {
        std::vector<LabelRun> runs;
        TS_RETURN_IF_ERROR(AddMoved(place, then, kind, of, &runs));
        for (const LabelRun& run : runs) Add(path, kind, run.lines, run.labels);
      }
    }
    const UploadHeader& header = upload_.info().header;
    if (header.completeness != Completeness::kFull || header.shard_index != 0) {
      return absl::OkStatus();
    }
    for (const EvidenceSection& section : then.sections) {
      if (section.kind != EvidenceKind::kCameOrWent) continue;
      for (const EvidenceRun& run : section.runs) {
        TS_RETURN_IF_ERROR(CarryMark(path, place, {run.first, run.last}));
      }
    }
    return absl::OkStatus();
  }

  absl::Status CarryMark(const std::string& path, const Place& place, LineRange range) {
    DenseLabelSet someone;
    someone.Add(ran_.ToVector().front());
    if (!place.file->lines.Touches(range)) {
      const std::vector<LineRange> moved = place.file->lines.Move(range);
      if (moved.size() == 1) Mark(path, moved[0], someone);
      return absl::OkStatus();
    }
    TS_ASSIGN_OR_RETURN(const ObjectId tree, TreeOf(*old_[place.old].live, *in_.git));
    TS_ASSIGN_OR_RETURN(const auto old_tree, in_.forest->Tree(in_.repository, in_.git, tree));
    TS_ASSIGN_OR_RETURN(const auto new_tree, in_.forest->Tree(in_.repository, in_.git, in_.tree));
    const NameId key = KeyOfBody(*old_tree, place.old_path, range);
    for (const Unit* unit : BodiesOf(*new_tree, path)) {
      if (key != kNoName && unit->key == key) Mark(path, unit->lines, someone);
    }
    return absl::OkStatus();
  }

  // Within a body it counts whether a label executed any of it; elsewhere every line does.
  absl::Status KeepDifferences(const std::string& path, EvidenceKind kind,
                               const std::vector<LabelRun>& before,
                               const std::vector<LabelRun>& after) {
    const std::vector<RunDifference> differences = DifferencesOf(before, after);
    if (differences.empty()) return absl::OkStatus();
    TS_ASSIGN_OR_RETURN(const auto tree, in_.forest->Tree(in_.repository, in_.git, in_.tree));
    const std::vector<const Unit*> bodies = BodiesOf(*tree, path);
    for (const RunDifference& difference : differences) {
      bool in_body = false;
      for (const Unit* body : bodies) {
        if (body->lines.first > difference.lines.last ||
            body->lines.last < difference.lines.first) {
          continue;
        }
        in_body = true;
        DenseLabelSet went = LabelsAt(before, body->lines), came = LabelsAt(after, body->lines);
        const DenseLabelSet had = went;
        went -= came;
        came -= had;
        DenseLabelSet lost = difference.before_only;
        lost &= went;
        Add(path, kind, difference.lines, lost);
        went |= came;
        Mark(path, body->lines, went);
      }
      if (!in_body) Add(path, kind, difference.lines, difference.before_only);
    }
    return absl::OkStatus();
  }

  template <typename F>
  void Emit(const DenseLabelSet& labels, F f) {
    labels.ForEach([&](LabelNumber n) {
      any_ = true;
      labels_.Add(n);
      f(builder_.Context(universe_->Name(n), Phase::kRun));
    });
  }

  void Add(const std::string& path, EvidenceKind kind, LineRange lines,
           const DenseLabelSet& labels) {
    if (labels.Empty()) return;
    if (kind == EvidenceKind::kFunction) {
      return Emit(labels, [&](ContextId context) {
        builder_.AddFunction(builder_.File(path), context, lines);
      });
    }
    std::vector<ContextId> contexts;
    Emit(labels, [&](ContextId context) { contexts.push_back(context); });
    for (uint32_t line = lines.first; line <= lines.last; ++line) {
      builder_.AddLine(builder_.File(path), line, contexts);
    }
  }

  void Mark(const std::string& path, LineRange body, const DenseLabelSet& labels) {
    if (labels.Empty() || !marked_.emplace(path, body.first).second) return;
    Emit(labels,
         [&](ContextId context) { builder_.AddCameOrWent(builder_.File(path), context, body); });
  }

  const UnstableInputs& in_;
  const Segment& upload_;
  SegmentBuilder builder_;
  std::shared_ptr<const LabelUniverse> universe_;
  std::vector<Old> old_;
  std::map<ObjectId, std::unique_ptr<TreeMove>> moves_;  // by the tree that is moved from
  std::map<std::string, std::vector<Place>> paths_;      // by path at the upload's commit
  DenseLabelSet ran_;
  DenseLabelSet compared_;  // what nothing should have changed for
  DenseLabelSet rerun_;     // known before, ran again, and not compared
  DenseLabelSet labels_;
  absl::flat_hash_set<std::pair<std::string, uint32_t>> marked_;
  bool affected_known_ = false;
  bool any_ = false;
};

}  // namespace

absl::StatusOr<std::optional<UnstableEvidence>> FindUnstable(const UnstableInputs& inputs) {
  return Finder(inputs).Find();
}

}  // namespace testselect
