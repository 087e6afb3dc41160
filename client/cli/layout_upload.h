// `upload --layout datadog`: the folder in which datadog-agent's end-to-end tests leave their
// coverage.
//
//   SUITE/metadata.json   {"job_name": ..., "test": ...}; each is SUITE's name where it is missing
//   SUITE/coverage/       Go's binary coverage data, or a profile coverage.txt
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/console.h"
#include "client/cli/exit_code.h"
#include "client/cli/options.h"

namespace testselect::client {

// One suite of the layout.
struct LayoutSuite {
  std::string folder;  // its path
  std::string job, test;
};

// The suites of `folder`, by name; what has no coverage/ is none. Metadata that cannot be read is
// told through `console`. kNotFound; kInvalidArgument where there is no suite at all.
absl::StatusOr<std::vector<LayoutSuite>> FindSuites(const std::string& folder, Console& console);

// Stores each job of the layout as one upload. A suite without coverage is stored as a test without
// evidence, which always runs.
ExitCode UploadLayout(const CommonOptions& common, const UploadOptions& options, Console& console);

}  // namespace testselect::client
