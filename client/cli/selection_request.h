// Command line -> SelectTestsRequest.
#pragma once

#include "absl/status/statusor.h"
#include "client/cli/options.h"
#include "testselect/v1/selection.pb.h"

namespace testselect::client {

// Everything but the repository, the labels and the form of the answer. With --working-tree or
// --staged a commit of that state is written to the repository's objects (no ref, index or file
// changes) and is the head; base is then HEAD unless given. Errors: kInvalidArgument naming the
// flag, and those of git.
absl::StatusOr<v1::SelectTestsRequest> BuildSelectRequest(const CommonOptions& common,
                                                          const SelectOptions& options);

}  // namespace testselect::client
