// The top-level modules of Python's standard library (sys.stdlib_module_names, 3.8 to 3.13).
#pragma once

#include "absl/strings/string_view.h"

namespace testselect {

bool IsPythonStandardModule(absl::string_view name);

}  // namespace testselect
