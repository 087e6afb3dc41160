// The commit that a CI job tests, where the command line does not say.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "client/cli/options.h"

namespace testselect::client {

// What the CI system's variables name: of GitHub's pull requests the merge commit that is checked
// out, for that is what the tests run on. Empty where none is set. `variable` is as getenv.
std::string CommitOfEnvironment(const std::function<const char*(const char*)>& variable);

// `given`; else CommitOfEnvironment; else HEAD of the repository that the working directory lies
// in. kInvalidArgument naming --head-sha where there is none.
absl::StatusOr<std::string> HeadCommit(const CommonOptions& common, const std::string& given);

}  // namespace testselect::client
