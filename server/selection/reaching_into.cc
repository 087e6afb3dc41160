// Statements that reach into what another file gave: `config.LIMIT = 3`, `Base.run = traced`,
// `TABLE["a"] = 1`.
#include <algorithm>
#include <vector>

#include "server/selection/name_walk.h"

namespace testselect {

// What the statement set is another thing in the file it came from, too. Where that is no file of
// the repository (`os.environ["A"] = "1"`), no name leads to who sees it.
void NameWalk::ReachesInto(const UnitRef& ref, const Trail& trail) {
  const SourceTree& tree = context_.Tree(ref);
  const SourceModule& module = context_.Module(ref);
  const Unit& unit = context_.At(ref);
  for (NameId name : module.Names(unit.binds)) {
    // What is only assigned to is a name of this file.
    if (!module.Contains(unit.free, name)) continue;
    for (const Unit& import : module.units) {
      if (import.kind != UnitKind::kImport || !module.Contains(import.binds, name)) continue;
      std::vector<FileId> targets = tree.LayerAt(ref.file).Resolve(ref.file, import.source);
      if (targets.empty()) Reach(context_.PathOf(ref), trail);
      for (FileId target : targets) {
        SetThrough(target, import.source.name, ref, /*hops=*/3, trail);
      }
      if (import.source.name != kNoName) continue;
      ImportSource inner = import.source;  // package.module.NAME = 1
      for (NameId part : module.Names(unit.binds)) {
        inner.name = part;
        for (FileId target : tree.LayerAt(ref.file).Resolve(ref.file, inner)) {
          SetThrough(target, part, ref, /*hops=*/3, trail);
        }
      }
    }
  }
}

// Follows `name` of `file`, or the file itself where that is no name, to where it is defined.
void NameWalk::SetThrough(FileId file, NameId name, const UnitRef& statement, int hops,
                          const Trail& trail) {
  const SourceTree& tree = context_.Tree(statement);
  if (!tree.IsCode(file)) return;
  const PathId path = context_.PathOf(UnitRef{file, 0, statement.after});
  const SourceModule& from = context_.Module(statement);
  std::vector<NameId> names(from.Names(context_.At(statement).binds).begin(),
                            from.Names(context_.At(statement).binds).end());
  if (name != kNoName) names.push_back(name);
  for (NameId set : names) Push(Verb::kName, set, path, trail);
  if (hops == 0) return;
  const NameId all = context_.names().Intern("*");
  const SourceModule& module = tree.Module(file);
  for (const Unit& import : module.units) {
    if (import.kind != UnitKind::kImport) continue;
    const bool star = import.source.name == all;
    const bool given = std::any_of(names.begin(), names.end(),
                                   [&](NameId set) { return module.Contains(import.binds, set); });
    if (!star && !given) continue;
    for (FileId next : tree.LayerAt(file).Resolve(file, import.source)) {
      SetThrough(next, star ? name : import.source.name, statement, hops - 1, trail);
    }
  }
}

}  // namespace testselect
