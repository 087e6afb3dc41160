// gcov's counters of one test -> an lcov report, for programs that were built with --coverage.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace testselect::client {

// The environment of a process (and of those it starts) whose counters go below `folder`, whatever
// the build had in mind.
std::vector<std::pair<std::string, std::string>> GcovEnvironment(const std::string& folder);

// Turns the counters below `folder` into the lines that were executed of files below `top`, as an
// lcov report in `report`, and removes them. False, and no report, where there are no counters. The
// program is GCOV, else gcov; it must be the compiler's own version. Errors: kNotFound where it is
// missing, kFailedPrecondition where it fails. Cost: gcov's, some milliseconds for each object file
// that the test's program holds.
absl::StatusOr<bool> CountersToLcov(const std::string& folder, const std::string& top,
                                    const std::string& report);

// Whether there are counters below `folder`.
bool HasCounters(const std::string& folder);

}  // namespace testselect::client
