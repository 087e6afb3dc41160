// What `init` writes: the rule file, the line of .gitignore, and the next commands.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cli/project_scan.h"

namespace testselect::client {

// A .testselect.yml. Its rules only add tests: what runs fewer is for a person to decide, and
// stands there as a comment. kInternal if RuleSet does not accept it.
absl::StatusOr<std::string> FirstRuleFile(const ProjectScan& scan);

// `content` of a .gitignore with .testselect/ added; the same where that is ignored already.
std::string WithLocalFolderIgnored(absl::string_view content);

// What was found, and what to type next, for a person.
std::string NextSteps(const ProjectScan& scan);

}  // namespace testselect::client
