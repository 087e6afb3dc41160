#include "server/source/go_interfaces.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>

#include "server/source/go_cutter.h"
#include "server/source/go_stdlib.h"

namespace testselect {
namespace {

// Standard packages that call the methods of what they are given by made-up names.
bool CallsByName(absl::string_view package) {
  static constexpr absl::string_view kPackages[] = {"html/template", "net/rpc", "net/rpc/jsonrpc",
                                                    "plugin", "text/template"};
  return std::find(std::begin(kPackages), std::end(kPackages), package) != std::end(kPackages);
}

// Libraries whose interfaces ask for nothing but what those of the standard library ask for.
bool AsksForNothingMore(absl::string_view package) {
  static constexpr absl::string_view kPackages[] = {"github.com/google/go-cmp/cmp",
                                                    "github.com/stretchr/testify/assert",
                                                    "github.com/stretchr/testify/require"};
  return std::find(std::begin(kPackages), std::end(kPackages), package) != std::end(kPackages);
}

}  // namespace

void GoInterfaces::Add(const SourceModule& module, const NameTable& names) {
  absl::flat_hash_set<NameId> bodies;
  for (const Unit& unit : module.units) {
    if (unit.kind == UnitKind::kBody) bodies.insert(unit.key);
  }
  for (const Unit& unit : module.units) {
    // What has no body: a method of an interface, or one that is written in assembly.
    if (unit.kind == UnitKind::kHeader && unit.owner != kNoName && !bodies.contains(unit.key)) {
      methods_.insert(unit.name);
    }
  }
  const bool reflects = std::any_of(
      module.imports.begin(), module.imports.end(),
      [&](const ImportSource& source) { return names.Name(source.module) == "reflect"; });
  if (!reflects) return;
  const auto uses = [&](const Unit& unit, std::initializer_list<absl::string_view> words) {
    return std::any_of(words.begin(), words.end(), [&](absl::string_view word) {
      const NameId id = names.Find(word);
      return id != kNoName && module.Contains(unit.members, id);
    });
  };
  // Others have methods of these names, too: they count where the package is named beside them.
  absl::flat_hash_set<NameId> beside;
  const NameId reflect = names.Find("reflect");
  for (const Unit& unit : module.units) {
    if (module.Contains(unit.free, reflect)) beside.insert(unit.key);
  }
  for (const Unit& unit : module.units) {
    unknown_ |= uses(unit, {"MethodByName", "NumMethod"}) ||
                (beside.contains(unit.key) && uses(unit, {"Method", "Methods"}));
  }
}

void GoInterfaces::AddLibrary(absl::string_view package) {
  if (package == "C" || AsksForNothingMore(package)) return;
  unknown_ |= !IsGoStandardPackage(package) || CallsByName(package);
}

bool GoInterfaces::AskFor(NameId id, absl::string_view name) const {
  return unknown_ || methods_.contains(id) || IsMethodOfGoStandardInterface(name);
}

}  // namespace testselect
