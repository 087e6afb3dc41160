// Programs that npm and its like install with a project.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/runners/runner.h"

namespace testselect::client {

// node_modules/.bin/`name` of `folder` or of one above it; `name` itself where there is none, to be
// looked for along PATH.
std::string NodeProgram(const std::string& folder, absl::string_view name);

// Writes `content` to the scratch folder under `name`; returns the path.
absl::StatusOr<std::string> WriteScript(const RunnerSetup& setup, absl::string_view name,
                                        absl::string_view content);

// A list of values for our scripts: each ends with a NUL byte, because it may hold anything else.
std::string NulList(const std::vector<std::string>& values);

// A digest of what is installed for `setup`'s folder, and of the Node along PATH; empty where
// either is not known.
std::string NodeEnvironment(const RunnerSetup& setup);

// The label of a test file: its path from the top of the checkout on.
std::string FileLabel(const RunnerSetup& setup, absl::string_view file);
// The file of a label that FileLabel made.
std::string LabelFile(const RunnerSetup& setup, absl::string_view label);

}  // namespace testselect::client
