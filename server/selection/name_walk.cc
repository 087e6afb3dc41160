#include "server/selection/name_walk.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace testselect {

NameWalk::Trail NameWalk::Extend(Trail trail, Verb verb, NameId name, PathId path,
                                 absl::string_view text) {
  steps_.push_back({trail.step, verb, name, path, text});
  trail.step = static_cast<uint32_t>(steps_.size() - 1);
  return trail;
}

void NameWalk::Select(const Trail& trail, const DenseLabelSet& labels, bool present_diff) {
  DenseLabelSet concerned = labels;
  if (trail.shared_only) concerned &= context_.evidence().shared_process();
  if (concerned.Empty()) return;
  if (collected_ != nullptr) {
    *collected_ |= concerned;
    return;
  }
  sink_.Select({trail.code, present_diff, trail.changed, trail.lines, trail.step}, concerned);
}

// What was followed for some labels only must be followed for all, should it come to that.
bool NameWalk::Once(Verb verb, NameId name, PathId path, bool shared_only) {
  return done_
      .insert(static_cast<uint64_t>(verb) << 61 | static_cast<uint64_t>(name) << 30 |
              static_cast<uint64_t>(shared_only) << 29 | path)
      .second;
}

void NameWalk::Push(Verb verb, NameId name, PathId path, const Trail& trail) {
  if (Once(verb, name, path, trail.shared_only)) tasks_.push_back({verb, name, path, trail});
}

void NameWalk::Run() {
  while (!tasks_.empty()) {
    if (work_ > kMaxSteps) {
      exhausted_ = true;
      tasks_.clear();
      return;
    }
    const Task task = tasks_.front();
    tasks_.pop_front();
    switch (task.verb) {
      case Verb::kName:
        NameChanged(task);
        break;
      case Verb::kImport:
        ImportedNameChanged(task);
        break;
      case Verb::kMember:
        MemberChanged(task);
        break;
      default:
        ClassChanged(task);
    }
  }
}

// What the module `path` calls `name` is another thing at head.
void NameWalk::NameChanged(const Task& task) {
  const NameId name = task.name;
  const PathId path = task.path;
  const Trail trail = Extend(task.trail, Verb::kName, name, path);
  if (context_.IsTestFile(path)) {
    DenseLabelSet own;
    context_.OwnersOf(name).ForEach([&](LabelNumber label) {
      if (context_.HomeOf(label) == path) own.Add(label);
    });
    Trail own_trail = trail;
    own_trail.code = ReasonCode::kOwnTest;
    Select(own_trail, own);
  }
  const NameId all = context_.names().Intern("*");
  const bool fixture = NamesAFixture(name, path);
  for (const bool after : {false, true}) {
    const auto use = [&](const auto& users) {
      work_ += users.size() + 1;
      for (const UnitRef& ref : users) UsedBy(ref, path, trail);
    };
    use(context_.FreeUsers(after, name, path));
    use(context_.ModuleMemberUsers(after, name, path));
    use(context_.BuildersOf(after, name));
    use(context_.ImportersOf(after, name, path));
    for (const UnitRef& ref : context_.ImportersOf(after, all, path)) {
      Push(Verb::kName, name, context_.PathOf(ref), trail);
    }
    if (fixture) use(context_.Index(after).parameters.Of(name));
  }
}

// What an import of `path` calls `name` is another thing at head.
void NameWalk::ImportedNameChanged(const Task& task) {
  const Trail trail = Extend(task.trail, Verb::kName, task.name, task.path);
  for (const bool after : {false, true}) {
    const std::vector<UnitRef> users = context_.FreeUsers(after, task.name, task.path);
    work_ += users.size() + 1;
    for (const UnitRef& ref : users) {
      if (context_.PathOf(ref) == task.path) UsedBy(ref, task.path, trail);
    }
  }
}

// Fixtures are asked for by a parameter's name, across files.
bool NameWalk::NamesAFixture(NameId name, PathId path) const {
  for (const SourceModule* module : {context_.ModuleBefore(path), context_.ModuleAfter(path)}) {
    if (module == nullptr) continue;
    for (const Unit& unit : module->units) {
      if (unit.Has(kFixture) && unit.name == name) return true;
    }
  }
  return false;
}

// A member of some class of `path` is another thing at head; instances travel anywhere.
void NameWalk::MemberChanged(const Task& task) {
  const NameId name = task.name;
  const PathId path = task.path;
  const Trail trail = Extend(task.trail, Verb::kMember, name, path);
  DenseLabelSet own = context_.OwnersOf(name);
  own &= context_.Dependents(path);
  Trail own_trail = trail;
  own_trail.code = ReasonCode::kOwnTest;
  Select(own_trail, own);
  const Language* language = context_.LanguageAt(path);
  const bool built_first = language != nullptr && language->traits().built_first;
  const PathSet& reachers = context_.Reachers(path);
  const auto use = [&](const UnitRef& ref) {
    if (context_.At(ref).kind == UnitKind::kBody || built_first || reachers[context_.PathOf(ref)]) {
      UsedBy(ref, path, trail);
    }
  };
  for (const NameIndex* index : {&context_.before(), &context_.after()}) {
    const auto free = index->free.Of(name), members = index->members.Of(name);
    work_ += free.size() + members.size() + 1;
    for (const UnitRef& ref : free) {
      if (context_.Sees(ref, path)) use(ref);
    }
    for (const UnitRef& ref : members) use(ref);
  }
}

void NameWalk::PushClass(NameId key, PathId path, const Trail& trail) {
  // "A#2" is another definition of A.
  const absl::string_view text = context_.Name(key);
  Push(Verb::kClass, context_.names().Intern(text.substr(0, text.find('#'))), path, trail);
}

void NameWalk::ClassChanged(const Task& task) {
  const auto [verb, key, path, from] = task;
  const Trail trail = Extend(from, Verb::kClass, key, path);
  const absl::string_view text = context_.Name(key);
  const size_t dot = text.rfind('.');
  const bool nested = dot != absl::string_view::npos;
  Push(nested ? Verb::kMember : Verb::kName,
       nested ? context_.names().Intern(text.substr(dot + 1)) : key, path, trail);
  if (!nested) OtherNames(key, path, trail);
  const auto bodies = context_.before().bodies_of.Of(key);
  work_ += bodies.size();
  for (const UnitRef& body : bodies) {
    if (context_.Sees(body, path)) Select(trail, context_.Ran(body));
  }
}

// What binds the class's name may bind others with it: `export default class A`.
void NameWalk::OtherNames(NameId key, PathId path, const Trail& trail) {
  for (const SourceModule* module : {context_.ModuleBefore(path), context_.ModuleAfter(path)}) {
    if (module == nullptr) continue;
    for (const Unit& unit : module->units) {
      const bool binds = unit.kind == UnitKind::kClass || unit.kind == UnitKind::kStatement;
      if (!binds || unit.owner != kNoName || !module->Contains(unit.binds, key)) continue;
      for (NameId name : module->Names(unit.binds)) Push(Verb::kName, name, path, trail);
    }
  }
}

bool NameWalk::IsPlain(NameId class_key, PathId path) const {
  const SourceModule *before = context_.ModuleBefore(path), *after = context_.ModuleAfter(path);
  return (before == nullptr || before->IsPlain(class_key)) &&
         (after == nullptr || after->IsPlain(class_key));
}

bool NameWalk::MayFit(const Language& language, absl::string_view method) const {
  if (!language.Fits(method)) return false;
  for (const bool after : {false, true}) {
    const TreeLayer* layer = context_.Tree(UnitRef{0, 0, after}).LayerOf(&language);
    if (layer != nullptr && layer->AskedFor(method)) return true;
  }
  return false;
}

// Everything that the unit binds is another thing at head.
void NameWalk::Bound(const UnitRef& ref, const Trail& trail) {
  const SourceModule& module = context_.Module(ref);
  const Unit& unit = context_.At(ref);
  const PathId path = context_.PathOf(ref);
  const Language& language = *context_.Tree(ref).LanguageAt(ref.file);
  if (unit.kind == UnitKind::kStatement && unit.owner == kNoName) ReachesInto(ref, trail);
  for (NameId name : module.Names(unit.binds)) {
    if (unit.owner == kNoName) {
      const bool own = unit.kind == UnitKind::kImport && language.traits().imports_stay_in_file;
      Push(own ? Verb::kImport : Verb::kName, name, path, trail);
      continue;
    }
    const absl::string_view text = context_.Name(name);
    const bool special = language.Special(text);
    if (!special) Push(Verb::kMember, name, path, trail);
    if (special || MayFit(language, text) ||
        (unit.kind != UnitKind::kHeader && !IsPlain(unit.owner, path))) {
      PushClass(unit.owner, path, trail);
    }
  }
}

// `user` uses something of `path` that changed.
void NameWalk::UsedBy(const UnitRef& user, PathId path, const Trail& from) {
  const Unit& unit = context_.At(user);
  const PathId here = context_.PathOf(user);
  if (unit.kind == UnitKind::kBody) {
    const Trail trail = Extend(from, Verb::kUsedIn, unit.key, here);
    if (context_.Unmeasured(here)) {
      // Who may have run it meets the change at all.
      if (!context_.Dependents(here).Intersects(context_.MayMeet(path))) return;
      return ResultChanged(user, trail, from.code);
    }
    DenseLabelSet labels = context_.Ran(user);
    labels &= context_.MayMeet(path);
    Select(trail, labels);
    return ResultTravels(user, trail);
  }
  if (unit.kind == UnitKind::kCondition) {
    return SurroundingsChanged(here, Extend(from, Verb::kUsedIn, unit.key, here));
  }
  if (unit.Has(kEffects) || unit.Has(kEverywhere)) {
    return Reach(here, Extend(from, Verb::kUsedIn, unit.key, here));
  }
  if (unit.kind == UnitKind::kHeader || unit.kind == UnitKind::kClass ||
      unit.kind == UnitKind::kStatement || unit.kind == UnitKind::kImport) {
    Bound(user, Extend(from, Verb::kUsedIn, unit.key, here));
  }
}

void NameWalk::Reach(PathId path, const Trail& trail) {
  if (in_hands_ || !Once(Verb::kText, 0, path, trail.shared_only)) return;
  Trail reach = Extend(trail, Verb::kText, kNoName, path, "what brings this file along");
  if (reach.code == ReasonCode::kNameChange) reach.code = ReasonCode::kReach;
  Select(reach, context_.MayMeet(path));
}

// Code that runs while importing changed: should the import fail now, one label per test file will
// say so, and every label that imports it by itself.
void NameWalk::Canaries(PathId path, const Trail& trail) {
  const Language* language = context_.LanguageAt(path);
  if (language == nullptr || collected_ != nullptr) return;
  if (language->traits().built_first && !language->traits().built_by_package) return;
  if (!Once(Verb::kText, 1, path)) return;
  const PathSet& reachers = context_.Reachers(path);
  PathSet files(context_.path_count(), false);
  bool any = false;
  for (PathId file = 0; file < files.size(); ++file) {
    files[file] = context_.IsTestFile(file) && (file == path || reachers[file]);
    any = any || files[file];
  }
  const DenseLabelSet& late = context_.ImportLate(path);
  if (any) {
    Trail trail_of_late = trail;
    trail_of_late.code = ReasonCode::kCanary;
    Select(trail_of_late, late);
  } else {  // it is there before the tests, for all of them alike
    late.ForEach([&](LabelNumber label) { files[context_.HomeOf(label)] = true; });
  }
  sink_.AddCanaries({ReasonCode::kCanary, false, trail.changed, trail.lines, trail.step}, files);
}

void NameWalk::BodyChanged(const UnitRef& body, const Unit* now, const Trail& trail) {
  const PathId path = context_.PathOf(body);
  if (context_.Unmeasured(path)) return ResultChanged(body, trail, trail.code);
  const SourceModule& module = context_.Module(body);
  const bool anybody = std::any_of(module.units.begin(), module.units.end(), [&](const Unit& unit) {
    return unit.kind == UnitKind::kBody &&
           context_.evidence().Seen(context_.Path(path), unit.lines);
  });
  if (!anybody && !context_.evidence().SeenElsewhere(context_.Path(path))) {
    Reach(path, Extend(trail, Verb::kText, kNoName, path,
                       "nobody was seen to run any body of this file"));
  }
  SelectWhoRan(body, now, trail);
  ResultTravels(body, trail);
  if (context_.RanWhileImporting(body)) Canaries(path, trail);
  KeepersOf(body, trail);
}

std::string NameWalk::Chain(uint32_t step) const {
  std::vector<uint32_t> links;
  for (; step != 0; step = steps_[step].before) links.push_back(step);
  std::string chain;
  for (auto it = links.rbegin(); it != links.rend(); ++it) {
    const WalkStep& link = steps_[*it];
    const absl::string_view name = context_.Name(link.name);
    const std::string place = link.path == kNoFile ? "" : context_.Path(link.path);
    if (!chain.empty()) chain += " > ";
    switch (link.verb) {
      case Verb::kChange:
        absl::StrAppend(&chain, link.text, " ", name, " in ", place);
        break;
      case Verb::kName:
      case Verb::kImport:
        absl::StrAppend(&chain, "name ", name, " of ", place);
        break;
      case Verb::kMember:
        absl::StrAppend(&chain, "member .", name);
        break;
      case Verb::kClass:
        absl::StrAppend(&chain, "class ", name, " of ", place);
        break;
      case Verb::kUsedIn:
        absl::StrAppend(&chain, "used in ", name, " of ", place);
        break;
      case Verb::kResultOf:
        absl::StrAppend(&chain, "the result of ", name, " of ", place, " outlives its caller");
        break;
      case Verb::kText:
        absl::StrAppend(&chain, link.text, place.empty() ? "" : ": ", place);
        break;
    }
  }
  return chain;
}

}  // namespace testselect
