// Who may start a process, beyond the labels that executed a body which says so.
#include "server/selection/name_walk.h"

namespace testselect {

// A class of processes and a value that starts them (`run = partial(subprocess.run)`) do it for the
// users of their names; a fixture that serves several tests and a memo do it for more than the
// label that was seen to execute them. What a process that was started while importing did is in
// nobody's hands.
const DenseLabelSet& NameWalk::ProcessStarters() {
  if (starters_known_) return starters_;
  starters_known_ = true;
  starters_ = context_.GuardLabels(Guard::kProcesses);
  Probe probe(this);
  in_hands_ = true;
  for (const UnitRef& user : context_.GuardUsers(Guard::kProcesses)) {
    const Unit& unit = context_.At(user);
    const bool value = unit.kind == UnitKind::kStatement && !unit.Has(kEffects);
    if (!user.after && (value || unit.kind == UnitKind::kClass)) Bound(user, Trail());
  }
  for (const UnitRef& keeper : Keepers()) {
    if (context_.UsesGuard(keeper, Guard::kProcesses)) ResultTravels(keeper, Trail());
  }
  Run();
  in_hands_ = false;
  starters_ |= probe.labels;
  return starters_;
}

}  // namespace testselect
