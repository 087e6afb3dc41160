#include "server/selection/name_index.h"

#include <utility>

namespace testselect {
namespace {

using Pairs = std::vector<std::pair<NameId, UnitRef>>;

// The last part of a dotted name.
NameId LastPart(NameId name, NameTable& names) {
  const absl::string_view text = names.Name(name);
  const size_t dot = text.rfind('.');
  return dot == absl::string_view::npos ? name : names.Intern(text.substr(dot + 1));
}

}  // namespace

NameIndex NameIndex::Build(const SourceTree& tree, bool after,
                           const std::function<bool(FileId)>& wanted) {
  NameIndex index;
  Pairs free, members, parameters, imported, bodies, bodies_of, constructors;
  for (FileId file = 0; file < tree.size(); ++file) {
    if (!tree.IsCode(file) || !wanted(file)) continue;
    const SourceModule& module = tree.Module(file);
    for (uint32_t i = 0; i < module.units.size(); ++i) {
      const Unit& unit = module.units[i];
      const UnitRef ref{file, i, after};
      const bool body = unit.kind == UnitKind::kBody;
      if (!after || !body) {
        for (NameId name : module.Names(unit.free)) free.emplace_back(name, ref);
        for (NameId name : module.Names(unit.members)) members.emplace_back(name, ref);
        for (NameId name : module.Names(unit.parameters)) parameters.emplace_back(name, ref);
      }
      if (unit.fragments.size > 0) index.builders.push_back(ref);
      if (unit.has_source) {
        imported.emplace_back(unit.source.name != kNoName
                                  ? unit.source.name
                                  : LastPart(unit.source.module, tree.names()),
                              ref);
      }
      if (after || !body) continue;
      bodies.emplace_back(unit.name, ref);
      if (unit.owner != kNoName) {
        bodies_of.emplace_back(unit.owner, ref);
        if (tree.LanguageAt(file)->Special(tree.names().Name(unit.name))) {
          constructors.emplace_back(LastPart(unit.owner, tree.names()), ref);
        }
      }
      if (unit.Has(kWide) || unit.Has(kMemo)) index.keepers.push_back(ref);
    }
  }
  const auto fill = [](const Pairs& pairs, Postings* out) {
    NameId top = 0;
    for (const auto& [name, ref] : pairs) top = std::max(top, name);
    out->begin_.assign(pairs.empty() ? 0 : top + 2u, 0);
    for (const auto& [name, ref] : pairs) ++out->begin_[name + 1];
    for (size_t i = 1; i < out->begin_.size(); ++i) out->begin_[i] += out->begin_[i - 1];
    out->refs_.resize(pairs.size());
    std::vector<uint32_t> next = out->begin_;
    for (const auto& [name, ref] : pairs) out->refs_[next[name]++] = ref;
  };
  fill(free, &index.free);
  fill(members, &index.members);
  fill(parameters, &index.parameters);
  fill(imported, &index.imported);
  fill(bodies, &index.bodies);
  fill(bodies_of, &index.bodies_of);
  fill(constructors, &index.constructors);
  return index;
}

}  // namespace testselect
