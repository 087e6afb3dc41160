// What includes bring along, in languages that include text (LanguageTraits::includes_text).
#include <algorithm>
#include <vector>

#include "server/selection/name_walk.h"

namespace testselect {

// All that stands in `path` is read in another light: with other macros, after other declarations.
// Where the file is compiled by itself, that is as far as it goes.
void NameWalk::SurroundingsChanged(PathId path, const Trail& trail) {
  const SourceModule* module = context_.ModuleBefore(path);
  const bool alone = context_.LanguageAt(path)->CompiledAlone(context_.Path(path)) &&
                     module != nullptr && !context_.HasImporters(path);
  if (in_hands_ || !alone) return Reach(path, trail);
  if (!Once(Verb::kText, 2, path, trail.shared_only)) return;
  for (uint32_t i = 0; i < module->units.size(); ++i) {
    const UnitRef ref{context_.Before(path), i, 0};
    const Unit& unit = module->units[i];
    const Trail here = Extend(trail, Verb::kUsedIn, unit.key, path);
    if (unit.kind == UnitKind::kBody) {
      BodyChanged(ref, /*now=*/nullptr, here);
    } else if (unit.Has(kEffects) && unit.kind != UnitKind::kImport) {
      Reach(path, here);
    } else if (unit.kind == UnitKind::kStatement || unit.kind == UnitKind::kClass) {
      Bound(ref, here);
    }
  }
}

void NameWalk::ImportChanged(const UnitRef& ref, const Trail& trail) {
  const PathId path = context_.PathOf(ref);
  if (!context_.LanguageAt(path)->traits().includes_text || BringsEffects(ref)) {
    Reach(path, trail);
  } else if (!came_or_went_) {
    SurroundingsChanged(path, trail);
  }
}

// Whether what an include brings along does something by being there: another static object.
bool NameWalk::BringsEffects(const UnitRef& import) const {
  const SourceTree& tree = context_.Tree(import);
  std::vector<FileId> todo =
      tree.LayerAt(import.file).Resolve(import.file, context_.At(import).source);
  std::vector<bool> seen(tree.size(), false);
  while (!todo.empty()) {
    const FileId file = todo.back();
    todo.pop_back();
    if (seen[file]) continue;
    seen[file] = true;
    if (!tree.IsCode(file)) return true;
    const SourceModule& module = tree.Module(file);
    if (!module.parsed) return true;
    for (const Unit& unit : module.units) {
      if (unit.Has(kEffects) && unit.kind != UnitKind::kImport) return true;
    }
    for (FileId imported : tree.Imports(file)) todo.push_back(imported);
  }
  return false;
}

// An include that was there before and still is means another file, now that `path` came or went:
// what it brought along may be gone, the absence of a macro included.
void NameWalk::MeantAnew(PathId path, const Trail& trail) {
  for (const bool after : {false, true}) {
    const FileId target = after ? context_.After(path) : context_.Before(path);
    if (target == kNoFile) continue;
    const SourceTree& tree = context_.Tree(UnitRef{0, 0, after});
    for (FileId importer : tree.Importers(target)) {
      const PathId here = context_.PathOf(UnitRef{importer, 0, after});
      const SourceModule* other = after ? context_.ModuleBefore(here) : context_.ModuleAfter(here);
      if (other == nullptr) continue;
      for (const ImportSource& source : tree.Module(importer).imports) {
        const auto& known = other->imports;
        if (std::find(known.begin(), known.end(), source) == known.end()) continue;
        const auto found = tree.LayerAt(importer).Resolve(importer, source);
        if (std::find(found.begin(), found.end(), target) == found.end()) continue;
        code_changed_ = true;
        SurroundingsChanged(
            here, Extend(trail, Verb::kText, kNoName, path, "an include means another file"));
        break;
      }
    }
  }
}

}  // namespace testselect
