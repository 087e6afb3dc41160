// Files that tools write beside their reports and that hold no evidence.
#pragma once

#include "absl/strings/string_view.h"

namespace testselect {

// Whether the file `path` of a folder, whose content begins with `head`, is such a file: nyc's
// process information, Istanbul's and SimpleCov's summaries, Failsafe's and TestNG's. Only asked
// for files that no parser recognises.
bool IsSideFile(absl::string_view path, absl::string_view head);

}  // namespace testselect
