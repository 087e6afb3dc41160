// Jest. A label is a test file, by its path from the top of the checkout on.
//
// A filter module (--filter, a file in the scratch folder) writes down the test files of a listing
// and leaves those of a list in a run: no path is an argument. A reporter of ours is added to the
// project's own; it saves each test file's coverage and outcome as the file ends, so that one run
// with --coverage is evidence of every file. Jest gives each test file its own modules and globals.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "client/runners/runner.h"

namespace testselect::client {

std::unique_ptr<Runner> NewJestRunner(const RunnerSetup& setup);

// What `jest --showConfig` says that a run depends on.
struct JestConfig {
  struct Reporter {
    std::string name;     // "default", or a file
    std::string options;  // a JSON object; "{}" where there are none
  };
  int version = 0;           // the first part of it
  bool covers = false;       // the project, or the user behind --, asks for coverage
  bool stops_early = false;  // --bail
  std::vector<Reporter> reporters;
};
// `printed`: what a package manager says before it is skipped. kFailedPrecondition where it holds
// no configuration, or one of a Jest that is too old.
absl::StatusOr<JestConfig> ParseJestConfig(absl::string_view printed);

// kInvalidArgument naming an argument with which a file would be run in part, or none of a list.
absl::Status CheckJestArguments(absl::Span<const std::string> arguments);

}  // namespace testselect::client
