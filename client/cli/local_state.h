// The files of this machine as the head of a selection.
#pragma once

#include "absl/status/status.h"
#include "client/cli/options.h"
#include "testselect/v1/selection.pb.h"

namespace testselect::client {

// Sets base, where it is not set, and head from the state of the work tree (or of the index:
// --staged). A server is given what differs from HEAD, or from the newest commit before it that was
// pushed. kInvalidArgument: --head names another commit; errors of git and of the service.
absl::Status UseLocalState(const CommonOptions& common, const SelectOptions& options,
                           v1::SelectTestsRequest& request);

}  // namespace testselect::client
