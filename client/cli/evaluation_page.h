// The page that `evaluate --html` writes.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "testselect/v1/evaluation.pb.h"

namespace testselect::client {

// One HTML file without scripts and without anything from elsewhere: the evaluations, and plots of
// savings, selected ratio and misses over time. Whatever labels and jobs are called, they are text.
std::string EvaluationPage(const v1::EvaluateSelectionResponse& evaluations,
                           const v1::GetStatsResponse& stats);

// `text` for HTML, in elements and quoted attributes. Bytes that are not UTF-8 become U+FFFD.
std::string HtmlText(absl::string_view text);

}  // namespace testselect::client
