// What a changed, added or removed unit is the start of. The walk itself is in name_walk.cc.
#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "server/selection/name_walk.h"

namespace testselect {
namespace {

using UnitKey = std::pair<UnitKind, NameId>;

absl::flat_hash_map<UnitKey, uint32_t> ByKey(const SourceModule* module) {
  absl::flat_hash_map<UnitKey, uint32_t> units;
  if (module == nullptr) return units;
  for (uint32_t i = 0; i < module->units.size(); ++i) {
    units.emplace(UnitKey(module->units[i].kind, module->units[i].key), i);
  }
  return units;
}

constexpr absl::string_view kChanged = "changed", kAdded = "added", kRemoved = "removed";

absl::string_view Describe(UnitKind kind, absl::string_view how) {
  const auto say = [&](absl::string_view changed, absl::string_view added,
                       absl::string_view removed) {
    return how == kChanged ? changed : how == kAdded ? added : removed;
  };
  switch (kind) {
    case UnitKind::kImport:
      return say("changed import", "added import", "removed import");
    case UnitKind::kStatement:
      return say("changed statement", "added statement", "removed statement");
    case UnitKind::kCondition:
      return say("changed condition", "added condition", "removed condition");
    case UnitKind::kClass:
      return say("changed class", "added class", "removed class");
    case UnitKind::kHeader:
      return say("changed header of", "added", "removed");
    case UnitKind::kSignature:
      return say("changed signature of", "added signature of", "removed signature of");
    case UnitKind::kAnnotation:
      return say("changed annotation of", "added annotation of", "removed annotation of");
    case UnitKind::kDocstring:
      return say("changed docstring of", "added docstring of", "removed docstring of");
    case UnitKind::kBody:
      break;
  }
  return say("changed body of", "added body of", "removed body of");
}

bool IsOneOf(absl::string_view name, const std::vector<absl::string_view>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

void NameWalk::FileChanged(PathId path) {
  Trail trail;
  trail.changed = path;
  const FileId before = context_.Before(path), after = context_.After(path);
  const Language* language = context_.LanguageAt(path);
  const bool one_sided = !context_.IsCodeBefore(path) || !context_.IsCodeAfter(path);
  code_changed_ = false;
  came_or_went_ = one_sided && language->traits().built_first;
  if (before == kNoFile || after == kNoFile) PathCameOrWent(path);
  const bool same_bytes = before != kNoFile && after != kNoFile &&
                          context_.Tree(UnitRef{before, 0, 0}).File(before).blob ==
                              context_.Tree(UnitRef{after, 0, 1}).File(after).blob;
  if ((one_sided && language->traits().by_file) || same_bytes) {
    code_changed_ = true;
    trail.code = before == kNoFile  ? ReasonCode::kNewFile
                 : after == kNoFile ? ReasonCode::kDeletedFile
                                    : ReasonCode::kModeChange;
    Reach(path, Extend(trail, Verb::kText, kNoName, kNoFile,
                       before == kNoFile  ? "a new file"
                       : after == kNoFile ? "a deleted file"
                                          : "another mode or type of file"));
  } else {
    Guarded(Guard::kSource, path,
            Extend(trail, Verb::kText, kNoName, path, "its source may be read"));
    CodeChanged(path);
    if (one_sided && language->traits().includes_text) MeantAnew(path, trail);
  }
  if (code_changed_) {  // more than comments and layout
    trail = Extend(trail, Verb::kText, kNoName, path, "it started a process, and code changed");
    trail.code = ReasonCode::kProcess;
    Select(trail, ProcessStarters());
    trail = Extend(trail, Verb::kText, kNoName, path, "it does more than was recorded");
    trail.code = ReasonCode::kOpaque;
    Select(trail, context_.evidence().Opaque());
  }
  Run();
}

void NameWalk::CodeChanged(PathId path) {
  Trail trail;
  trail.changed = path;
  const SourceModule *old = context_.ModuleBefore(path), *now = context_.ModuleAfter(path);
  if ((old != nullptr && !old->parsed) || (now != nullptr && !now->parsed)) {
    code_changed_ = true;
    return Reach(path,
                 Extend(trail, Verb::kText, kNoName, kNoFile, "a file that cannot be parsed"));
  }
  const auto before = ByKey(old), after = ByKey(now);
  const FileId before_file = context_.Before(path), after_file = context_.After(path);
  if (old != nullptr) {
    for (uint32_t i = 0; i < old->units.size(); ++i) {
      const Unit& unit = old->units[i];
      const auto it = after.find(UnitKey(unit.kind, unit.key));
      if (it == after.end()) {
        UnitChanged({before_file, i, 0}, &unit, nullptr, kRemoved);
      } else if (const Unit& at_head = now->units[it->second];
                 at_head.fingerprint != unit.fingerprint) {
        UnitChanged({before_file, i, 0}, &unit, &at_head, kChanged);
      }
    }
  }
  if (now == nullptr) return;
  for (uint32_t i = 0; i < now->units.size(); ++i) {
    const Unit& unit = now->units[i];
    const auto it = before.find(UnitKey(unit.kind, unit.key));
    const Unit* then = it == before.end() ? nullptr : &old->units[it->second];
    if (unit.Has(kBroken) &&
        (then == nullptr || !then->Has(kBroken) || then->fingerprint != unit.fingerprint)) {
      code_changed_ = true;
      Reach(path, Extend(trail, Verb::kChange, unit.key, path, "syntax error"));
    }
    if (then != nullptr) continue;
    UnitChanged({after_file, i, 1}, nullptr, &unit, kAdded);
  }
}

void NameWalk::UnitChanged(const UnitRef& ref, const Unit* old, const Unit* now,
                           absl::string_view how) {
  const Unit& unit = context_.At(ref);
  const PathId path = context_.PathOf(ref);
  Trail trail;
  trail.changed = path;
  if (old != nullptr) trail.lines = old->lines;
  trail = Extend(trail, Verb::kChange, unit.key, path, Describe(unit.kind, how));
  code_changed_ = true;
  const bool runs_at_import = unit.kind != UnitKind::kBody && unit.kind != UnitKind::kAnnotation &&
                              unit.kind != UnitKind::kDocstring;
  if (runs_at_import) {
    Canaries(path, trail);
    if (context_.ImportedInTest(path)) Reach(path, trail);
  }
  switch (unit.kind) {
    case UnitKind::kBody:
      if (how == kAdded) {
        EmptyBodyChanged(ref, trail);
      } else {
        BodyChanged(ref, now, trail);
      }
      break;
    case UnitKind::kSignature:
      SignatureChanged(ref, how, trail);
      break;
    case UnitKind::kAnnotation:
      AnnotationChanged(ref, how, trail);
      break;
    case UnitKind::kDocstring:
      DocstringChanged(ref, how, trail);
      break;
    case UnitKind::kClass:
      Guarded(Guard::kClasses, path, trail);
      BindingChanged(ref, how, trail);
      break;
    case UnitKind::kCondition:
      // What it decides about comes or goes with it, unit by unit; deciding does nothing else.
      if (!came_or_went_ || unit.Has(kEffects)) SurroundingsChanged(path, trail);
      break;
    default:
      if (unit.Has(kEffects) && unit.kind == UnitKind::kImport) {
        ImportChanged(ref, trail);
      } else if (unit.Has(kEffects)) {
        Reach(path, trail);
      } else {
        BindingChanged(ref, how, trail);
      }
  }
  Run();
}

// A function that was there and did nothing: no line says who called it, but its name does.
void NameWalk::EmptyBodyChanged(const UnitRef& ref, const Trail& trail) {
  const NameId key = context_.At(ref).key;
  const auto header = [key](const Unit& u) { return u.kind == UnitKind::kHeader && u.key == key; };
  const SourceModule *old = context_.ModuleBefore(trail.changed), &now = context_.Module(ref);
  if (old == nullptr || std::none_of(old->units.begin(), old->units.end(), header)) return;
  for (uint32_t i = 0; i < now.units.size(); ++i) {
    if (header(now.units[i])) BindingChanged({ref.file, i, 1}, kChanged, trail);
  }
}

void NameWalk::SignatureChanged(const UnitRef& ref, absl::string_view how, const Trail& trail) {
  const Unit& unit = context_.At(ref);
  const PathId path = context_.PathOf(ref);
  BodiesNamed(unit.key, path, trail);
  if (how != kChanged) return;
  DenseLabelSet own;
  context_.OwnersOf(unit.name).ForEach([&](LabelNumber label) {
    if (context_.HomeOf(label) == path) own.Add(label);
  });
  Trail own_trail = trail;
  own_trail.code = ReasonCode::kOwnTest;
  Select(own_trail, own);
}

void NameWalk::AnnotationChanged(const UnitRef& ref, absl::string_view how, const Trail& trail) {
  const Unit& unit = context_.At(ref);
  const PathId path = context_.PathOf(ref);
  const Language* language = context_.Tree(ref).LanguageAt(ref.file);
  if (unit.binds.size > 0 && unit.owner != kNoName && !IsPlain(unit.owner, path)) {
    if (context_.AnyoneUses(language, Guard::kSignatures) ||
        context_.AnyoneUses(language, Guard::kFields)) {
      PushClass(unit.owner, path, trail);
    }
  } else if (how == kChanged) {
    ReadBy(Guard::kSignatures, ref, trail);
  }
}

void NameWalk::DocstringChanged(const UnitRef& ref, absl::string_view how, const Trail& trail) {
  const Unit& unit = context_.At(ref);
  const PathId path = context_.PathOf(ref);
  bool of_old_function = how == kChanged;
  if (const SourceModule* old = context_.ModuleBefore(path)) {
    of_old_function |= std::any_of(old->units.begin(), old->units.end(), [&](const Unit& u) {
      return u.kind == UnitKind::kBody && u.key == unit.key;
    });
  }
  if (of_old_function) ReadBy(Guard::kDocstrings, ref, trail);
}

void NameWalk::BindingChanged(const UnitRef& ref, absl::string_view how, const Trail& trail) {
  const Unit& unit = context_.At(ref);
  const PathId path = context_.PathOf(ref);
  const Language& language = *context_.Tree(ref).LanguageAt(ref.file);
  if (how == kRemoved) StillUsed(ref, trail);
  Registrations(ref, trail);
  if (unit.kind == UnitKind::kClass) return PushClass(unit.key, path, trail);
  if (unit.kind == UnitKind::kHeader && how == kChanged) BodiesNamed(unit.key, path, trail);
  if (unit.Has(kEverywhere) ||
      (unit.kind == UnitKind::kHeader && language.RunnerCalls(context_.Name(unit.name)))) {
    Reach(path, trail);
  }
  if (unit.owner == kNoName) {
    for (NameId name : context_.Module(ref).Names(unit.binds)) {
      if (IsOneOf(context_.Name(name), language.traits().read_by_the_runner)) Reach(path, trail);
    }
  }
  if (unit.kind == UnitKind::kImport && how != kRemoved && !KnownImport(ref)) {
    Reach(path, Extend(trail, Verb::kText, kNoName, kNoFile, "an unknown module"));
  }
  if (unit.kind == UnitKind::kImport && RunsMore(ref)) {
    Reach(path,
          Extend(trail, Verb::kText, kNoName, kNoFile, "what it brings along acts on others"));
  }
  Bound(ref, trail);
}

// A decorator may leave what it decorates somewhere: @show.register, @app.route, @register. What it
// was left with is another thing then.
void NameWalk::Registrations(const UnitRef& ref, const Trail& trail) {
  const Unit& unit = context_.At(ref);
  const bool member = unit.kind == UnitKind::kStatement && unit.owner != kNoName;
  if (unit.kind != UnitKind::kHeader && unit.kind != UnitKind::kClass && !member) return;
  const PathId path = context_.PathOf(ref);
  for (const bool after : {false, true}) {
    const FileId file = after ? context_.After(path) : context_.Before(path);
    if (file == kNoFile) continue;
    const SourceTree& tree = context_.Tree(UnitRef{0, 0, after});
    if (!tree.IsCode(file)) continue;
    const SourceModule& module = tree.Module(file);
    for (uint32_t i = 0; i < module.units.size(); ++i) {
      const Unit& version = module.units[i];  // a decorator may have come
      if (version.kind != unit.kind || version.key != unit.key) continue;
      for (NameId name : module.Names(version.parameters)) {
        RegistersWith(tree, after, file, name, {file, i, after}, /*hops=*/3, trail);
      }
    }
  }
}

// Follows `name` of `file`, which a decorator of `ref` begins with, to what holds on to things: an
// object, or a function that writes to its module's variables.
void NameWalk::RegistersWith(const SourceTree& tree, bool after, FileId file, NameId name,
                             const UnitRef& ref, int hops, const Trail& trail) {
  const SourceModule& module = tree.Module(file);
  const PathId path = context_.PathOf(UnitRef{file, 0, after});
  const SourceModule& decorated = context_.Module(ref);
  const NameSlice attributes = context_.At(ref).members;
  for (const Unit& unit : module.units) {
    if (unit.kind == UnitKind::kBody && unit.owner == kNoName && unit.name == name &&
        unit.Has(kMemo)) {
      Push(Verb::kName, name, path, trail);
      for (NameId kept : module.Names(unit.free)) {
        if (std::any_of(module.units.begin(), module.units.end(), [&](const Unit& u) {
              return u.kind == UnitKind::kStatement && module.Contains(u.binds, kept);
            })) {
          Push(Verb::kName, kept, path, trail);
        }
      }
    }
    if (unit.owner != kNoName || !module.Contains(unit.binds, name)) continue;
    if (unit.kind == UnitKind::kStatement) Push(Verb::kName, name, path, trail);
    if (unit.kind != UnitKind::kImport || hops == 0) continue;
    for (FileId target : tree.LayerAt(file).Resolve(file, unit.source)) {
      if (!tree.IsCode(target)) continue;
      if (unit.source.name != kNoName) {
        RegistersWith(tree, after, target, unit.source.name, ref, hops - 1, trail);
      }
      // A module: what the decorator takes out of it.
      for (NameId attribute : decorated.Names(attributes)) {
        RegistersWith(tree, after, target, attribute, ref, hops - 1, trail);
      }
    }
  }
}

// An import unit of the old tree stands for the one of the same key at head, whose source counts.
bool NameWalk::KnownImport(const UnitRef& ref) const {
  const PathId path = context_.PathOf(ref);
  const FileId file = context_.After(path);
  if (file == kNoFile) return true;
  const UnitRef first{file, 0, 1};
  const SourceTree& tree = context_.Tree(first);
  if (!tree.IsCode(file)) return true;
  const Unit& unit = context_.At(ref);
  const UnitRef any_before{0, 0, 0};
  const TreeLayer* old_layer = context_.Tree(any_before).LayerOf(tree.LanguageAt(file));
  for (const Unit& now : tree.Module(file).units) {
    if (now.kind != UnitKind::kImport || now.key != unit.key) continue;
    if (tree.LayerAt(file).Known(file, now.source)) continue;
    if (old_layer == nullptr || !old_layer->ImportsLibrary(now.source)) return false;
  }
  return true;
}

void NameWalk::BodiesNamed(NameId key, PathId path, const Trail& trail) {
  const SourceModule* module = context_.ModuleBefore(path);
  if (module == nullptr) return;
  for (uint32_t i = 0; i < module->units.size(); ++i) {
    if (module->units[i].kind == UnitKind::kBody && module->units[i].key == key) {
      BodyChanged({context_.Before(path), i, 0}, /*now=*/nullptr, trail);
    }
  }
}

// A name went away that code run at import still uses: that file will not import.
void NameWalk::StillUsed(const UnitRef& ref, const Trail& trail) {
  const PathId path = context_.PathOf(ref);
  const SourceModule* now = context_.ModuleAfter(path);
  const Language* language = context_.LanguageAt(path);
  if (now == nullptr || language->traits().built_first) return;
  const Unit& unit = context_.At(ref);
  const auto still_bound = [&](NameId name) {
    return std::any_of(now->units.begin(), now->units.end(), [&](const Unit& u) {
      return u.owner == unit.owner && now->Contains(u.binds, name);
    });
  };
  for (NameId name : context_.Module(ref).Names(unit.binds)) {
    if (still_bound(name)) continue;
    const bool used = std::any_of(now->units.begin(), now->units.end(), [&](const Unit& u) {
      return u.kind != UnitKind::kBody && now->Contains(u.free, name);
    });
    const Trail gone = Extend(trail, Verb::kText, kNoName, path, "still used while importing");
    if (used) Reach(path, gone);
    if (unit.owner != kNoName) continue;
    for (const NameIndex* index : {&context_.before(), &context_.after()}) {
      for (const UnitRef& import : index->imported.Of(name)) {
        const PathId importer = context_.PathOf(import);
        if (context_.At(import).source.name != name || !context_.IsCodeAfter(importer)) continue;
        if (context_.ImportMeans(import, path)) Reach(importer, gone);
      }
    }
  }
}

void NameWalk::DataChanged(PathId path) {
  Trail trail;
  trail.changed = path;
  trail = Extend(trail, Verb::kText, kNoName, path, "data that code names");
  trail.code = ReasonCode::kDataFile;
  for (const bool after : {false, true}) {
    const FileId target = after ? context_.After(path) : context_.Before(path);
    if (target == kNoFile) continue;
    const SourceTree& tree = context_.Tree(UnitRef{0, 0, after});
    for (FileId file : tree.Importers(target)) {
      bool bound = false;
      for (uint32_t i = 0; i < tree.Module(file).units.size(); ++i) {
        const UnitRef user{file, i, after};
        const Unit& unit = context_.At(user);
        if (!unit.has_source || !context_.ImportMeans(user, path)) continue;
        bound |= unit.binds.size > 0;
        Bound(user, trail);
      }
      if (!bound) Reach(path, trail);
    }
  }
  Run();
}

}  // namespace testselect
