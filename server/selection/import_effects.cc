// Imports that run more than they name, in languages where an import runs a file
// (LanguageTraits::imports_run).
#include <algorithm>
#include <vector>

#include "server/selection/name_walk.h"

namespace testselect {

// Paths that the file of an import brings along in the other tree. An import that binds nothing
// says of one that was there before whether it is real: its own edge does not count then.
PathSet NameWalk::BroughtAlongOtherwise(const UnitRef& import) const {
  PathSet seen(context_.path_count(), false);
  const PathId path = context_.PathOf(import);
  const FileId first = import.after ? context_.Before(path) : context_.After(path);
  const UnitRef other{first, 0, !import.after};
  if (first == kNoFile || !context_.Tree(other).IsCode(first)) return seen;
  const SourceTree& tree = context_.Tree(other);
  std::vector<FileId> todo{first};
  const Unit& unit = context_.At(import);
  std::vector<FileId> own;
  if (unit.binds.size == 0) own = tree.LayerAt(first).Resolve(first, unit.source);
  while (!todo.empty()) {
    const FileId file = todo.back();
    todo.pop_back();
    const PathId at = context_.PathOf(UnitRef{file, 0, other.after});
    if (seen[at]) continue;
    seen[at] = true;
    if (!tree.IsCode(file)) continue;
    for (FileId next : tree.Imports(file)) {
      if (file == first && std::find(own.begin(), own.end(), next) != own.end()) continue;
      todo.push_back(next);
    }
  }
  return seen;
}

// Whether a call of `name`, a function, leaves something behind: where it is not known here to.
bool NameWalk::LeavesSomething(const SourceTree& tree, FileId file, const Unit& unit,
                               NameId name) const {
  const auto writes = [](const SourceModule& module, NameId function) {
    return std::any_of(module.units.begin(), module.units.end(), [&](const Unit& u) {
      return u.kind == UnitKind::kBody && u.owner == kNoName && u.name == function && u.Has(kMemo);
    });
  };
  const SourceModule& module = tree.Module(file);
  if (writes(module, name)) return true;
  const bool makes = unit.binds.size > 0 && !module.Contains(unit.binds, name);
  bool bound = false;
  for (const Unit& other : module.units) {
    if (other.owner != kNoName || !module.Contains(other.binds, name)) continue;
    bound |= &other != &unit;
    if (other.kind != UnitKind::kImport) continue;
    for (FileId target : tree.LayerAt(file).Resolve(file, other.source)) {
      if (tree.IsCode(target) && (!makes || writes(tree.Module(target), other.source.name))) {
        return true;
      }
    }
  }
  return !bound && !makes;  // a global
}

// Whether a unit that runs at import changes what others see: `registry.add(x)`, `init`.
bool NameWalk::ActsOnOthers(const SourceTree& tree, FileId file, const Unit& unit) const {
  if (unit.kind == UnitKind::kImport) {
    return unit.Has(kEffects) && tree.LayerAt(file).Resolve(file, unit.source).empty();
  }
  if (unit.Has(kEverywhere)) return true;
  if (!unit.Has(kEffects)) return false;
  const auto free = tree.Module(file).Names(unit.free);
  return std::any_of(free.begin(), free.end(),
                     [&](NameId name) { return LeavesSomething(tree, file, unit, name); });
}

// Whether an import that came or went runs files that its own file does not bring along without it,
// and that act on others while they are imported.
bool NameWalk::RunsMore(const UnitRef& import) const {
  const SourceTree& tree = context_.Tree(import);
  if (!tree.LanguageAt(import.file)->traits().imports_run) return false;
  std::vector<FileId> todo =
      tree.LayerAt(import.file).Resolve(import.file, context_.At(import).source);
  if (todo.empty()) return false;
  PathSet seen = BroughtAlongOtherwise(import);
  while (!todo.empty()) {
    const FileId file = todo.back();
    todo.pop_back();
    const PathId at = context_.PathOf(UnitRef{file, 0, import.after});
    if (seen[at]) continue;
    seen[at] = true;
    if (!tree.IsCode(file)) continue;
    const SourceModule& module = tree.Module(file);
    for (const Unit& unit : module.units) {
      if (ActsOnOthers(tree, file, unit)) return true;
    }
    for (FileId next : tree.Imports(file)) todo.push_back(next);
  }
  return false;
}

}  // namespace testselect
