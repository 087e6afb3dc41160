// Asking which suites run, and what their keys are.
#pragma once

#include "absl/status/statusor.h"
#include "client/cli/console.h"
#include "client/cli/options.h"
#include "testselect/v1/rules.pb.h"

namespace testselect::client {

// Errors: kInvalidArgument naming the flag, the file's, git's and the service's.
absl::StatusOr<v1::SelectSuitesResponse> AskForSuites(const CommonOptions& common,
                                                      const SuitesOptions& options,
                                                      Console& console);
absl::StatusOr<v1::DescribeSuitesResponse> AskForDescription(const CommonOptions& common,
                                                             const SuitesOptions& options,
                                                             Console& console);

}  // namespace testselect::client
