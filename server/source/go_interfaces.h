// GoInterfaces: the methods that interfaces ask for, in the packages of a tree and the libraries
// that they import.
#pragma once

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "server/source/name_table.h"
#include "server/source/unit.h"

namespace testselect {

// Thread-safe for readers.
class GoInterfaces {
 public:
  // The interfaces that a file declares with a name; of others, what uses their methods is a user
  // of the methods' names. Also finds calls of methods whose names are made up or listed.
  void Add(const SourceModule& module, const NameTable& names);
  // A package that is not of the tree: what its interfaces ask for is known of a few alone.
  void AddLibrary(absl::string_view package);

  // Whether one of them may ask for a method of this name: `id` in the table, kNoName where it has
  // none.
  bool AskFor(NameId id, absl::string_view name) const;

 private:
  bool unknown_ = false;  // any name may be asked for
  absl::flat_hash_set<NameId> methods_;
};

}  // namespace testselect
