// CutWith: parses a file and has a cutter make its units.
#pragma once

#include "absl/strings/string_view.h"
#include "server/source/module_builder.h"
#include "server/source/syntax_tree.h"

namespace testselect {

// A file that cannot be parsed at all is `parsed = false`. `Cutter` takes (tree, names).
template <typename Cutter>
SourceModule CutWith(const TSLanguage* grammar, absl::string_view source, NameTable* names) {
  const auto tree = SyntaxTree::Parse(grammar, source);
  if (!tree.ok()) {
    ModuleBuilder builder(names);
    builder.SetUnparsed();
    return builder.Finish();
  }
  return Cutter(*tree, names).Cut();
}

}  // namespace testselect
