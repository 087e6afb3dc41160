// Which Python code may start a process. For the cutter.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "server/source/module_builder.h"
#include "server/source/syntax_tree.h"

namespace testselect {

// A member that units have that may start a process. No program can name it.
inline constexpr absl::string_view kPyStartsProcess = "<starts a process>";

// What a file calls the modules that start processes, and what it takes out of them. `mp.cpu_count`
// and `subprocess.PIPE` start nothing; what is not known to be harmless does. Views point into the
// source. Immutable once made.
class PyProcessNames {
 public:
  explicit PyProcessNames(Node root);

  // The module that an expression is (`mp`, `concurrent.futures`, `compat.subprocess`), or "".
  absl::string_view ModuleOf(Node expression) const;
  // Whether the module that an expression is may start a process where it is handed on as a whole.
  bool StartsAsAWhole(Node expression) const;
  // Whether `attribute` of a module may.
  static bool Starts(absl::string_view module, absl::string_view attribute);
  // Whether a name of this file, or a member of anything, may.
  bool StartsByName(absl::string_view name) const;
  static bool StartsAsAMember(absl::string_view name);
  // Whether a word of a string means a module that does.
  static bool NamesModule(absl::string_view word);
  // Whether an assignment is another way to import such a module: mp = sys.modules.get("a").
  bool Gets(Node target, Node value) const;

 private:
  void AddImport(Node import);
  void AddImportFrom(Node import);
  void AddGetter(Node target, Node value);

  absl::flat_hash_map<absl::string_view, absl::string_view> modules_;  // by the file's name for it
  NameSet starters_;
  bool all_ = false;  // the names of such a module came in unseen
};

}  // namespace testselect
