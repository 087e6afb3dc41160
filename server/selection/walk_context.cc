#include "server/selection/walk_context.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"

namespace testselect {
namespace {

const std::vector<absl::string_view>& GuardWords(const LanguageTraits& traits, Guard guard) {
  switch (guard) {
    case Guard::kDocstrings:
      return traits.reads_docstrings;
    case Guard::kSignatures:
      return traits.reads_signatures;
    case Guard::kFields:
      return traits.builds_from_fields;
    case Guard::kSource:
      return traits.reads_source;
    case Guard::kFiles:
      return traits.lists_files;
    case Guard::kClasses:
      return traits.lists_classes;
    case Guard::kProcesses:
    case Guard::kCount:
      break;
  }
  return traits.starts_processes;
}

constexpr size_t kGuards = static_cast<size_t>(Guard::kCount);

}  // namespace

WalkContext::WalkContext(CodePair code, EvidenceView* evidence, const LabelUniverse* universe)
    : code_(std::move(code)), evidence_(*evidence), universe_(*universe), guard_labels_(kGuards) {
  JoinPaths();
  const SourceTree& after = *code_.after;
  after_names_ = NameIndex::Build(after, /*after=*/true, [&](FileId file) {
    const FileId old = in_before_[from_after_[file]];
    return old == kNoFile || code_.before->File(old).blob != after.File(file).blob;
  });
  FindHomes();
  for (const Language* language : Languages()) {
    auto& names = guard_names_[language];
    names.resize(kGuards);
    for (size_t g = 0; g < kGuards; ++g) {
      for (absl::string_view word : GuardWords(language->traits(), static_cast<Guard>(g))) {
        names[g].push_back(this->names().Intern(word));
      }
    }
  }
}

void WalkContext::JoinPaths() {
  const auto &before = code_.before->files(), &after = code_.after->files();
  from_before_.resize(before.size());
  from_after_.resize(after.size());
  size_t b = 0, a = 0;
  while (b < before.size() || a < after.size()) {
    const int order = b == before.size()  ? 1
                      : a == after.size() ? -1
                                          : before[b].path.compare(after[a].path);
    const PathId joint = static_cast<PathId>(paths_.size());
    paths_.push_back(order <= 0 ? before[b].path : after[a].path);
    in_before_.push_back(order <= 0 ? static_cast<FileId>(b) : kNoFile);
    in_after_.push_back(order >= 0 ? static_cast<FileId>(a) : kNoFile);
    if (order <= 0) from_before_[b++] = joint;
    if (order >= 0) from_after_[a++] = joint;
  }
}

void WalkContext::FindHomes() {
  homes_.assign(universe_.size(), kNoFile);
  labels_at_.resize(paths_.size());
  test_files_.assign(paths_.size(), false);
  evidence_.live().ForEach([&](LabelNumber label) {
    PathId home = kNoFile;
    if (const FileId file = code_.homes_after->Home(label); file != kNoFile) {
      home = from_after_[file];
    } else if (const FileId old = code_.homes_before->Home(label); old != kNoFile) {
      home = from_before_[old];
    }
    homes_[label] = home;
    if (home == kNoFile) {
      homeless_.Add(label);
    } else {
      labels_at_[home].push_back(label);
      test_files_[home] = true;
    }
  });
}

PathId WalkContext::FindPath(absl::string_view path) const {
  const auto it = std::lower_bound(
      paths_.begin(), paths_.end(), path,
      [](const std::string& p, absl::string_view q) { return absl::string_view(p) < q; });
  return it == paths_.end() || *it != path ? kNoFile : static_cast<PathId>(it - paths_.begin());
}

bool WalkContext::IsCodeBefore(PathId path) const {
  return in_before_[path] != kNoFile && code_.before->IsCode(in_before_[path]);
}
bool WalkContext::IsCodeAfter(PathId path) const {
  return in_after_[path] != kNoFile && code_.after->IsCode(in_after_[path]);
}
const SourceModule* WalkContext::ModuleBefore(PathId path) const {
  return IsCodeBefore(path) ? &code_.before->Module(in_before_[path]) : nullptr;
}
const SourceModule* WalkContext::ModuleAfter(PathId path) const {
  return IsCodeAfter(path) ? &code_.after->Module(in_after_[path]) : nullptr;
}
const Language* WalkContext::LanguageAt(PathId path) const {
  if (IsCodeAfter(path)) return code_.after->LanguageAt(in_after_[path]);
  return IsCodeBefore(path) ? code_.before->LanguageAt(in_before_[path]) : nullptr;
}

bool WalkContext::ImportMeans(const UnitRef& import, PathId path) const {
  const FileId target = import.after ? in_after_[path] : in_before_[path];
  if (target == kNoFile) return false;
  const SourceTree& tree = Tree(import);
  const auto found = tree.LayerAt(import.file).Resolve(import.file, At(import).source);
  return std::find(found.begin(), found.end(), target) != found.end();
}

const std::vector<UnitRef>& WalkContext::ImportersOf(bool after, NameId name, PathId path) {
  static const auto* const none = new std::vector<UnitRef>;
  std::unique_ptr<UnitsByPath>& by_target = importers_[after][name];
  if (by_target == nullptr) {
    by_target = std::make_unique<UnitsByPath>();
    for (const UnitRef& ref : Index(after).imported.Of(name)) {
      const ImportSource& source = At(ref).source;
      if (source.name != name) continue;
      for (FileId target : Tree(ref).LayerAt(ref.file).Resolve(ref.file, source)) {
        std::vector<UnitRef>& refs = (*by_target)[(after ? from_after_ : from_before_)[target]];
        if (refs.empty() || !(refs.back() == ref)) refs.push_back(ref);
      }
    }
  }
  const auto it = by_target->find(path);
  return it == by_target->end() ? *none : it->second;
}

const std::vector<UnitRef>& WalkContext::BuildersOf(bool after, NameId name) {
  std::unique_ptr<std::vector<UnitRef>>& found = builders_[after][name];
  if (found != nullptr) return *found;
  found = std::make_unique<std::vector<UnitRef>>();
  const absl::string_view text = Name(name);
  for (const UnitRef& ref : Index(after).builders) {
    const SourceModule& module = Module(ref);
    for (NameId part : module.Names(At(ref).fragments)) {
      const absl::string_view fragment = Name(part);
      if (!absl::StartsWith(text, fragment) && !absl::EndsWith(text, fragment)) continue;
      found->push_back(ref);
      break;
    }
  }
  return *found;
}

bool WalkContext::SharesNames(PathId path) const {
  const Language* language = LanguageAt(path);
  return language != nullptr && language->traits().shared_names;
}

absl::Span<const UnitRef> WalkContext::In(absl::Span<const UnitRef> refs, bool after,
                                          PathId path) const {
  const FileId file = (after ? in_after_ : in_before_)[path];
  if (file == kNoFile) return {};
  const auto [first, last] =
      std::equal_range(refs.begin(), refs.end(), UnitRef{file, 0, after},
                       [](const UnitRef& a, const UnitRef& b) { return a.file < b.file; });
  return refs.subspan(static_cast<size_t>(first - refs.begin()), static_cast<size_t>(last - first));
}

std::vector<UnitRef> WalkContext::FreeUsers(bool after, NameId name, PathId path) const {
  const auto refs = Index(after).free.Of(name);
  std::vector<UnitRef> users;
  if (!SharesNames(path)) {
    const auto here = In(refs, after, path);
    users.assign(here.begin(), here.end());
    return users;
  }
  for (const UnitRef& ref : refs) {
    if (Sees(ref, path)) users.push_back(ref);
  }
  return users;
}

std::vector<UnitRef> WalkContext::ModuleMemberUsers(bool after, NameId name, PathId path) {
  const auto refs = Index(after).members.Of(name);
  const Reach& reach = ReachOf(path);
  std::vector<UnitRef> users;
  constexpr size_t kSearchCost = 8;  // of In, in looks at a use
  if (!SharesNames(path) && reach.list.size() * kSearchCost < refs.size()) {
    for (PathId from : reach.list) {
      const auto here = In(refs, after, from);
      users.insert(users.end(), here.begin(), here.end());
    }
    return users;
  }
  for (const UnitRef& ref : refs) {
    if (reach.set[PathOf(ref)] || Sees(ref, path)) users.push_back(ref);
  }
  return users;
}

bool WalkContext::Sees(const UnitRef& user, PathId path) const {
  const PathId user_path = PathOf(user);
  if (user_path == path) return true;
  if (!SharesNames(path)) return false;
  const Language* language = LanguageAt(path);
  const Language* user_language = Tree(user).LanguageAt(user.file);
  if (user_language->family() != language->family()) return false;
  return user_language->Sees(paths_[user_path], paths_[path]);
}

void WalkContext::CollectReachers(const SourceTree& tree, FileId target,
                                  const std::vector<PathId>& joint, Reach* out) {
  visited_.resize(std::max(visited_.size(), tree.size()), 0);
  ++visit_;
  std::vector<FileId> todo{target};
  visited_[target] = visit_;
  while (!todo.empty()) {
    const FileId file = todo.back();
    todo.pop_back();
    if (!out->set[joint[file]]) {
      out->set[joint[file]] = true;
      out->list.push_back(joint[file]);
    }
    for (FileId importer : tree.Importers(file)) {
      if (visited_[importer] == visit_) continue;
      visited_[importer] = visit_;
      todo.push_back(importer);
    }
  }
}

const WalkContext::Reach& WalkContext::ReachOf(PathId path) {
  std::unique_ptr<Reach>& reach = reachers_[path];
  if (reach == nullptr) {
    reach = std::make_unique<Reach>();
    reach->set.assign(paths_.size(), false);
    if (in_before_[path] != kNoFile) {
      CollectReachers(*code_.before, in_before_[path], from_before_, reach.get());
    }
    if (in_after_[path] != kNoFile) {
      CollectReachers(*code_.after, in_after_[path], from_after_, reach.get());
    }
    std::sort(reach->list.begin(), reach->list.end());
  }
  return *reach;
}

const DenseLabelSet& WalkContext::Dependents(PathId path) {
  std::unique_ptr<DenseLabelSet>& set = dependents_[path];
  if (set != nullptr) return *set;
  auto labels = std::make_unique<DenseLabelSet>(evidence_.LabelsOf(paths_[path]));
  *labels |= homeless_;
  const Language* language = LanguageAt(path);
  const bool linked = language != nullptr && language->traits().linked;
  for (PathId from : ReachOf(path).list) {
    for (LabelNumber label : labels_at_[from]) labels->Add(label);
    if (linked) *labels |= evidence_.LabelsOf(paths_[from]);
    if (evidence_.observes_imports()) *labels |= evidence_.Imported(paths_[from]);
  }
  return *(dependents_[path] = std::move(labels));
}

const DenseLabelSet& WalkContext::MayMeet(PathId path) {
  const Language* language = LanguageAt(path);
  if (language != nullptr && language->traits().linked) {
    if (!HasImporters(path)) return evidence_.live();
  }
  return Dependents(path);
}

bool WalkContext::HasImporters(PathId path) const {
  return (in_before_[path] != kNoFile && !code_.before->Importers(in_before_[path]).empty()) ||
         (in_after_[path] != kNoFile && !code_.after->Importers(in_after_[path]).empty());
}

bool WalkContext::KnownToAnyone(PathId path) {
  if (evidence_.Executed(paths_[path])) return true;
  const std::vector<PathId>& reachers = ReachOf(path).list;
  return std::any_of(reachers.begin(), reachers.end(),
                     [&](PathId from) { return test_files_[from]; });
}

DenseLabelSet WalkContext::OwnersOf(NameId name) const {
  DenseLabelSet owners;
  for (const LabelHomes* homes : {code_.homes_before.get(), code_.homes_after.get()}) {
    for (LabelNumber label : homes->OwnersOf(name)) owners.Add(label);
  }
  owners &= evidence_.live();
  return owners;
}

const DenseLabelSet& WalkContext::Ran(const UnitRef& body) {
  return evidence_.Ran(paths_[PathOf(body)], At(body).lines);
}

bool WalkContext::RanWhileImporting(const UnitRef& body) {
  const PathId path = PathOf(body);
  if (evidence_.RanWhileImporting(paths_[path], At(body).lines)) return true;
  return Ran(body).Empty() && ImportUnseen(path);
}

bool WalkContext::ImportUnseen(PathId path) {
  const auto [it, added] = import_unseen_.try_emplace(path, false);
  const Language* language = LanguageAt(path);
  const SourceModule* module = ModuleBefore(path);
  if (!added || module == nullptr || language->traits().linked) return it->second;
  if (!evidence_.Executed(paths_[path])) return false;
  // An import always runs the first lines of these.
  const auto runs = [](UnitKind kind) {
    return kind == UnitKind::kImport || kind == UnitKind::kStatement || kind == UnitKind::kClass ||
           kind == UnitKind::kHeader;
  };
  return it->second =
             std::none_of(module->units.begin(), module->units.end(), [&](const Unit& unit) {
               return runs(unit.kind) &&
                      evidence_.Seen(paths_[path], {unit.lines.first, unit.lines.first});
             });
}

bool WalkContext::Unmeasured(PathId path) {
  const FileId after = in_after_[path], before = in_before_[path];
  if (IsCodeAfter(path) && !code_.after->LayerAt(after).Measured(after)) return true;
  if (IsCodeBefore(path) && !code_.before->LayerAt(before).Measured(before)) return true;
  // A test ran, so its file did.
  return test_files_[path] && !evidence_.Executed(paths_[path]);
}

const DenseLabelSet& WalkContext::ImportLate(PathId path) {
  std::unique_ptr<DenseLabelSet>& set = import_late_[path];
  if (set != nullptr) return *set;
  set = std::make_unique<DenseLabelSet>();
  const Language* language = LanguageAt(path);
  if (language == nullptr || language->traits().linked) return *set;
  const Reach& reach = ReachOf(path);
  for (PathId from : reach.list) {
    evidence_.LabelsOf(paths_[from]).ForEach([&](LabelNumber label) {
      if (homes_[label] != kNoFile && !reach.set[homes_[label]]) set->Add(label);
    });
  }
  return *set;
}

bool WalkContext::ImportedInTest(PathId path) {
  const auto [it, added] = imported_in_test_.try_emplace(path, false);
  const SourceModule* module = ModuleBefore(path);
  if (!added || module == nullptr) return it->second;
  std::vector<LineRange> bodies;
  for (const Unit& unit : module->units) {
    if (unit.kind == UnitKind::kBody) bodies.push_back(unit.lines);
  }
  const DenseLabelSet outside = evidence_.RanOutside(paths_[path], bodies);
  const PathSet& reachers = Reachers(path);
  bool found = false;
  outside.ForEach(
      [&](LabelNumber label) { found |= homes_[label] == kNoFile || !reachers[homes_[label]]; });
  return imported_in_test_[path] = found;
}

const std::vector<NameId>& WalkContext::GuardNames(const Language* language, Guard guard) const {
  return guard_names_.at(language)[static_cast<size_t>(guard)];
}

const DenseLabelSet& WalkContext::GuardLabels(Guard guard) {
  std::unique_ptr<DenseLabelSet>& labels = guard_labels_[static_cast<size_t>(guard)];
  if (labels != nullptr) return *labels;
  labels = std::make_unique<DenseLabelSet>();
  for (const Language* language : Languages()) {
    for (NameId name : GuardNames(language, guard)) {
      for (const auto& users : {before().members.Of(name), before().free.Of(name)}) {
        for (const UnitRef& ref : users) {
          if (At(ref).kind != UnitKind::kBody || Tree(ref).LanguageAt(ref.file) != language)
            continue;
          *labels |= Ran(ref);
        }
      }
    }
  }
  return *labels;
}

std::vector<UnitRef> WalkContext::GuardUsers(Guard guard) const {
  std::vector<UnitRef> found;
  for (const Language* language : Languages()) {
    for (NameId name : GuardNames(language, guard)) {
      for (const NameIndex* index : {&before(), &after()}) {
        for (const UnitRef& ref : index->members.Of(name)) {
          if (At(ref).kind != UnitKind::kBody && Tree(ref).LanguageAt(ref.file) == language) {
            found.push_back(ref);
          }
        }
      }
    }
  }
  return found;
}

bool WalkContext::UsesGuard(const UnitRef& ref, Guard guard) const {
  const SourceModule& module = Module(ref);
  const Unit& unit = At(ref);
  const std::vector<NameId>& names = GuardNames(Tree(ref).LanguageAt(ref.file), guard);
  return std::any_of(names.begin(), names.end(), [&](NameId name) {
    return module.Contains(unit.members, name) || module.Contains(unit.free, name);
  });
}

bool WalkContext::AnyoneUses(const Language* language, Guard guard) const {
  for (NameId name : GuardNames(language, guard)) {
    for (const NameIndex* index : {&before(), &after()}) {
      if (!index->members.Of(name).empty() || !index->free.Of(name).empty()) return true;
    }
  }
  return false;
}

}  // namespace testselect
