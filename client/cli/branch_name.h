// Which branch a selection is for.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "client/cli/options.h"

namespace testselect::client {

// The branch under test as the CI systems' variables name it; of a pull request, its source branch.
// `variable` gives a variable's value, null where it is not set. Empty: none says.
std::string BranchOfEnvironment(const std::function<const char*(const char*)>& variable);

// `given`, else what the environment says, else, in process, the branch that is checked out; empty
// where that is not known. Errors: those of git, in process.
absl::StatusOr<std::string> BranchOf(const CommonOptions& common, const std::string& given);

}  // namespace testselect::client
