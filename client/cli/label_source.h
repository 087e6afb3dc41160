// Where select's labels come from.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "client/cli/options.h"
#include "client/requested_labels.h"

namespace testselect::client {

// From --labels-file or --labels-command; none where neither is given (all known labels are meant).
// Errors: the file's; kInvalidArgument where the command fails (what it listed may be incomplete,
// and a label that is not asked about would be lost) or a label is malformed.
absl::StatusOr<std::optional<RequestedLabels>> ReadRequestedLabels(const SelectOptions& options);

// Standard output of `sh -c command`; its standard error is ours. kInvalidArgument naming the exit
// status or signal if it is not 0.
absl::StatusOr<std::string> OutputOf(const std::string& command);

}  // namespace testselect::client
