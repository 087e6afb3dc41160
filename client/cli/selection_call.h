// Asking for a selection as `select` and `run` do: a service that does not answer is no reason to
// lose a test.
#pragma once

#include <functional>
#include <optional>

#include "absl/status/statusor.h"
#include "client/cli/console.h"
#include "client/cli/options.h"
#include "client/requested_labels.h"
#include "client/selection_answer.h"

namespace testselect::client {

// Gives the labels to choose among; none: all that the index knows.
using LabelSource = std::function<absl::StatusOr<std::optional<RequestedLabels>>()>;

// Chooses among `labels`, which are asked for once, after the options were checked. Where the
// service cannot answer, everything runs, and the answer's fallback says why. Connects, and is
// connected no longer when it returns. Errors: the labels', the caller's own (kInvalidArgument,
// kNotFound, kUnauthenticated, kPermissionDenied), and any where there are no labels to fall back
// on.
absl::StatusOr<SelectionAnswer> AskForSelection(const CommonOptions& common,
                                                const SelectOptions& options,
                                                const LabelSource& labels, Console& console);

// Tells the sizes of the answer's lists, and what is special about it.
void TellSelection(const SelectionAnswer& answer, const SelectOptions& options, Console& console);

}  // namespace testselect::client
