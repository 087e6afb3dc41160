// The answer of label analysis, and its two printed forms.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "client/selection_answer.h"

namespace testselect::client {

// Codecov's four lists. To run: absent, global and diff together; to skip: report without those.
struct LabelResult {
  std::vector<std::string> present_report{}, absent{}, present_diff{}, global_level{};
  // Why everything runs, in Codecov's words (codecov_unavailable, test_list_processing_errors,
  // test_list_processing_failed, max_wait_time_exceeded); empty: it does not.
  std::string fallback_reason{};
};

// The lists of an answer. What runs though no list says so (a branch whose policy is to run all,
// for one) is put into global_level, so that who reads only the lists loses nothing. An override
// that asks for everything is no failure, and no fallback reason.
LabelResult ResultOf(const SelectionAnswer& answer);
// Every label, as one that was never seen.
LabelResult RunAllOf(const std::vector<std::string>& labels, absl::string_view fallback_reason);

// Sorted bytewise, each once.
std::vector<std::string> LabelsToRun(const LabelResult& result);
std::vector<std::string> LabelsToSkip(const LabelResult& result);

// The lists as one JSON object on one line, without a line feed; what runners are handed.
std::string ResultJson(const LabelResult& result);

// {"runner_options", "ats_tests_to_run", "ats_tests_to_skip", "ats_fallback_reason"}
std::string DryRunJson(const LabelResult& result, const std::vector<std::string>& runner_options);
// TESTS_TO_RUN= and TESTS_TO_SKIP=, each with the options and then the labels, in single quotes, in
// the order of the quoted words. A quote in a label is written as '\'' so that a shell reads it
// back.
std::string DryRunList(const LabelResult& result, const std::vector<std::string>& runner_options);

}  // namespace testselect::client
