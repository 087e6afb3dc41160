// GoogleTest programs, given behind "--" before their flags. Labels are "Suite.Case"; a label that
// several programs have is run in each.
//
// The list goes over as one --gtest_filter line of a flag file, checked by having the program list
// what the filter leaves; where it leaves anything else, as arguments in pieces. With evidence
// (programs built with --coverage) each test has a process, whose counters become an lcov report.
#pragma once

#include <memory>

#include "absl/strings/string_view.h"
#include "client/runners/runner.h"

namespace testselect::client {

std::unique_ptr<Runner> NewGTestRunner(const RunnerSetup& setup);

// The tests in what --gtest_list_tests prints, "Suite.Case", those that are disabled left out
// unless `with_disabled`.
std::vector<std::string> ParseGTestList(absl::string_view text, bool with_disabled);

}  // namespace testselect::client
