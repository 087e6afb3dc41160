// Cuts Python files into units (design: "Units and names").
#pragma once

#include "absl/strings/string_view.h"
#include "server/source/name_table.h"
#include "server/source/unit.h"

namespace testselect {

// Never fails: a file that Python would not compile is `parsed = false` where it cannot be cut, and
// units with a syntax error are kBroken. Thread-safe.
SourceModule CutPython(absl::string_view source, NameTable* names);

}  // namespace testselect
