#include "server/selection/unstable_bodies.h"

#include "storage/model/status_macros.h"

namespace testselect {

std::vector<const Unit*> BodiesOf(const SourceTree& tree, absl::string_view path) {
  std::vector<const Unit*> bodies;
  const FileId file = tree.Find(path);
  if (file == kNoFile || !tree.IsCode(file)) return bodies;
  for (const Unit& unit : tree.Module(file).units) {
    if (unit.kind == UnitKind::kBody) bodies.push_back(&unit);
  }
  return bodies;
}

NameId KeyOfBody(const SourceTree& tree, absl::string_view path, LineRange lines) {
  for (const Unit* unit : BodiesOf(tree, path)) {
    if (unit->lines == lines) return unit->key;
  }
  return kNoName;
}

absl::StatusOr<std::shared_ptr<const UnstableBodies>> UnstableBodies::Of(
    const std::vector<const LiveSegment*>& segments, SourceForest* forest,
    absl::string_view repository, const std::shared_ptr<const GitRepository>& git,
    absl::Time deadline) {
  auto out = std::make_shared<UnstableBodies>();
  for (const LiveSegment* segment : segments) {
    if (!segment->segment->info().Holds(EvidenceKind::kCameOrWent)) continue;
    TS_ASSIGN_OR_RETURN(const ObjectId tree_id, TreeOf(*segment, *git));
    TS_ASSIGN_OR_RETURN(const auto tree, forest->Tree(repository, git, tree_id, deadline));
    TS_RETURN_IF_ERROR(segment->segment->ForEachFile([&](const FileEvidence& file) {
      for (const EvidenceSection& section : file.sections) {
        if (section.kind != EvidenceKind::kCameOrWent) continue;
        for (const EvidenceRun& run : section.runs) {
          const NameId key = KeyOfBody(*tree, file.path, {run.first, run.last});
          if (key != kNoName) out->bodies_.emplace(file.path, key);
        }
      }
      return true;
    }));
  }
  return out;
}

}  // namespace testselect
