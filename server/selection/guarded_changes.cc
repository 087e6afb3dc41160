// The part of NameWalk that is about guards: changes that are seen without being named.
#include <deque>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "server/selection/name_walk.h"

namespace testselect {

NameWalk::Probe::Probe(NameWalk* walk) : walk_(*walk) {
  done_.swap(walk_.done_);
  tasks_.swap(walk_.tasks_);
  outer_ = std::exchange(walk_.collected_, &labels);
}

NameWalk::Probe::~Probe() {
  walk_.done_.swap(done_);
  walk_.tasks_.swap(tasks_);
  walk_.collected_ = outer_;
}

// The unit is seen only through one of the guard's names: by who uses both, or by a decorator that
// may have read it.
void NameWalk::ReadBy(Guard guard, const UnitRef& ref, const Trail& trail) {
  const Unit& unit = context_.At(ref);
  const PathId path = context_.PathOf(ref);
  if (!context_.AnyoneUses(context_.Tree(ref).LanguageAt(ref.file), guard)) return;
  const Verb verb = unit.owner != kNoName ? Verb::kMember : Verb::kName;
  if (unit.Has(kIntrospected)) return Push(verb, unit.name, path, trail);
  DenseLabelSet users;
  {
    Probe probe(this);
    Push(verb, unit.name, path, trail);
    Run();
    users = probe.labels;
  }
  users &= context_.GuardLabels(guard);
  Trail seen = trail;
  seen.code = ReasonCode::kGuard;
  Select(seen, users);
}

// Selects the labels and files that may see a change of `path` through one of the guard's names.
void NameWalk::Guarded(Guard guard, PathId path, const Trail& from) {
  Trail trail = from;
  trail.code = ReasonCode::kGuard;
  const bool known = context_.KnownToAnyone(path);
  DenseLabelSet labels = context_.GuardLabels(guard);
  if (known) labels &= context_.Dependents(path);
  Select(trail, labels);
  const PathSet& reachers = context_.Reachers(path);
  for (const UnitRef& user : context_.GuardUsers(guard)) {
    const PathId file = context_.PathOf(user);
    if (file == path || reachers[file] || !known) UsedBy(user, file, trail);
  }
}

void NameWalk::PathCameOrWent(PathId path) {
  Trail trail;
  trail.changed = path;
  Guarded(Guard::kFiles, path,
          Extend(trail, Verb::kText, kNoName, path, "a listing of files may see it come or go"));
  Run();
}

}  // namespace testselect
