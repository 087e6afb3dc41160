// The part of NameWalk that is about results that outlive their caller: fixtures, memos, and what
// ran while importing.
#include <algorithm>

#include "server/selection/name_walk.h"

namespace testselect {
namespace {

uint64_t KeyOf(const UnitRef& ref) {
  return static_cast<uint64_t>(ref.file) << 32 | ref.unit << 1 | ref.after;
}

}  // namespace

void NameWalk::ResultTravels(const UnitRef& body, const Trail& trail) {
  const Unit& unit = context_.At(body);
  if (unit.Has(kWide)) {
    const auto users =
        context_.evidence().FixtureUsers(context_.Path(context_.PathOf(body)), unit.lines);
    if (users.has_value()) {
      Trail used = trail;
      used.code = ReasonCode::kSharedFixture;
      return Select(used, *users);
    }
    ResultIsShared(body, trail, ReasonCode::kSharedFixture);
  } else if (unit.Has(kMemo)) {
    ResultIsShared(body, trail, ReasonCode::kMemo);
  } else if (context_.CameOrWent(body)) {
    return ResultChanged(body, trail, ReasonCode::kUnstable);
  }
  // What runs while importing is in no label's evidence, whoever has the process.
  const bool followed = (unit.Has(kWide) || unit.Has(kMemo)) && context_.evidence().all_share();
  if (followed || !context_.RanWhileImporting(body)) return;
  ResultChanged(body, trail, ReasonCode::kImportTime);
}

// Others than its caller live on what `body` returned, in the same process. What the compiler may
// have run is in nobody's evidence.
void NameWalk::ResultIsShared(const UnitRef& body, Trail trail, ReasonCode code) {
  const Language& language = *context_.Tree(body).LanguageAt(body.file);
  if (!language.traits().runs_in_compiler) {
    if (context_.evidence().shared_process().Empty()) return;
    trail.shared_only |= !context_.evidence().all_share();
  }
  ResultChanged(body, trail, code);
}

// Others than its caller live on what `body` returned: the users of its name.
void NameWalk::ResultChanged(const UnitRef& body, Trail trail, ReasonCode code) {
  const Unit& unit = context_.At(body);
  const PathId path = context_.PathOf(body);
  const Language& language = *context_.Tree(body).LanguageAt(body.file);
  trail = Extend(trail, Verb::kResultOf, unit.key, path);
  trail.code = code;
  const absl::string_view name = context_.Name(unit.name);
  if (unit.owner == kNoName) {
    Push(Verb::kName, unit.name, path, trail);
  } else if (language.Special(name) || unit.Has(kWide)) {
    PushClass(unit.owner, path, trail);
  } else {
    Push(Verb::kMember, unit.name, path, trail);
  }
  const auto& setup = language.traits().module_setup;
  if (std::find(setup.begin(), setup.end(), name) != setup.end()) Reach(path, trail);
}

const std::vector<UnitRef>& NameWalk::Keepers() {
  if (keepers_known_) return keepers_;
  keepers_known_ = true;
  for (const UnitRef& ref : context_.before().keepers) {
    if (!context_.At(ref).Has(kWide) && context_.IsTestFile(context_.PathOf(ref))) continue;
    if (!context_.Ran(ref).Empty() || context_.RanWhileImporting(ref)) keepers_.push_back(ref);
  }
  return keepers_;
}

// Whether `body` lies below `keeper` by name, as far as labels that ran the keeper ran it.
bool NameWalk::MayHaveCalled(const UnitRef& keeper, const UnitRef& body) {
  const auto [it, added] = called_.try_emplace(KeyOf(keeper));
  absl::flat_hash_set<uint64_t>& below = it->second;
  if (!added) return below.contains(KeyOf(body));
  const DenseLabelSet ran = context_.Ran(keeper);
  const bool importing = context_.RanWhileImporting(keeper);
  std::vector<UnitRef> todo{keeper};
  below.insert(KeyOf(keeper));
  while (!todo.empty()) {
    const UnitRef ref = todo.back();
    todo.pop_back();
    const SourceModule& module = context_.Module(ref);
    const Unit& unit = context_.At(ref);
    for (const NameSlice slice : {unit.free, unit.members}) {
      for (NameId name : module.Names(slice)) {
        for (const auto& callees :
             {context_.before().bodies.Of(name), context_.before().constructors.Of(name)}) {
          work_ += callees.size();
          for (const UnitRef& callee : callees) {
            if (below.contains(KeyOf(callee))) continue;
            if (!ran.Intersects(context_.Ran(callee)) &&
                !(importing && context_.RanWhileImporting(callee))) {
              continue;
            }
            below.insert(KeyOf(callee));
            todo.push_back(callee);
          }
        }
      }
    }
  }
  return below.contains(KeyOf(body));
}

// What runs by itself before the tests (Go's init) does the same in each process: all that it is
// seen in executed what it called. To put a function into a table is not to call it.
bool NameWalk::CalledByAll(const UnitRef& keeper, const DenseLabelSet& ran) {
  const Unit& unit = context_.At(keeper);
  const auto& setup = context_.Tree(keeper).LanguageAt(keeper.file)->traits().module_setup;
  const bool by_itself =
      unit.owner == kNoName && !unit.Has(kWide) &&
      std::find(setup.begin(), setup.end(), context_.Name(unit.name)) != setup.end();
  if (!by_itself) return true;
  DenseLabelSet others = context_.Ran(keeper);
  others -= ran;
  return others.Empty();
}

// A memo also answers for what it called first: a changed body that only its rarer branches lead to
// changes what the users of the memo get.
void NameWalk::KeepersOf(const UnitRef& body, const Trail& trail) {
  const DenseLabelSet ran = context_.Ran(body);
  for (const UnitRef& keeper : Keepers()) {
    if (keeper == body || !ran.Intersects(context_.Ran(keeper))) continue;
    const bool wide = context_.At(keeper).Has(kWide);
    const std::string& place = context_.Path(context_.PathOf(keeper));
    if (wide) {
      // What a fixture called was then recorded for its users.
      if (context_.evidence().FixtureUsers(place, context_.At(keeper).lines)) continue;
    } else {
      DenseLabelSet others = ran;
      others -= context_.evidence().TookRareBranch(place, context_.At(keeper).lines);
      if (!others.Empty()) continue;
    }
    if (CalledByAll(keeper, ran) && MayHaveCalled(keeper, body)) {
      ResultIsShared(keeper, trail, wide ? ReasonCode::kSharedFixture : ReasonCode::kMemo);
    }
  }
}

}  // namespace testselect
