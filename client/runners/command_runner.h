// Runners that are commands of the user's: `dan` (do anything now, as Codecov's: the chosen labels
// in a JSON file) and `custom` (a template). Both are given two commands behind "--": one that
// prints the labels, a line each, and one that runs those it is given. A POSIX shell runs them.
//
// What the second command leaves in the folder $TESTSELECT_RUN_REPORTS is uploaded: outcomes and
// evidence in any format that names its tests. Without outcomes there nobody can check what was
// executed.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/runners/runner.h"

namespace testselect::client {

std::unique_ptr<Runner> NewDanRunner(const RunnerSetup& setup);
std::unique_ptr<Runner> NewCustomRunner(const RunnerSetup& setup);

// The shell command of a template: {labels} becomes the command's own arguments ("$@"), {file} and
// {reports} become shell words. kInvalidArgument where neither {labels} nor {file} stands in it.
absl::StatusOr<std::string> ExpandTemplate(absl::string_view text, absl::string_view file,
                                           absl::string_view reports);

}  // namespace testselect::client
