// Lists of changed paths as tools print them.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace testselect::client {

// One path a line; empty lines and a leading "./" do not count. A line in double quotes is what git
// prints for a path with odd bytes. kInvalidArgument naming `field` and the line for quotes that do
// not end or hold no such path, and for absolute paths, which no pattern would match.
absl::StatusOr<std::vector<std::string>> ParseChangedFiles(absl::string_view field,
                                                           absl::string_view text);

}  // namespace testselect::client
