// A list of labels as what differs from another one: suites change by a few tests at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/selection/label_list.h"

namespace testselect {

// Runs of `base` and labels of its own that make up `list`, in the grammar of KEYS.md ("list
// delta"). Nothing where that would take more than a quarter of the list, or where one of them
// cannot be packed. Cost: a comparison per label.
std::optional<std::string> EncodeListDelta(const LabelList& base, const LabelList& list);

// kDataLoss for anything that EncodeListDelta cannot have written.
absl::StatusOr<std::shared_ptr<const LabelList>> DecodeListDelta(const LabelList& base,
                                                                 absl::string_view delta);

}  // namespace testselect
