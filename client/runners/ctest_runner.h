// CTest (3.21 or later). Labels are its tests' names; tests of one name are one label.
//
// The list goes over by number in a file (`-I FILE`), which CTest has always had: names may hold
// any character, and no list is too long. With evidence (programs built with --coverage) each test
// is started by a ctest of its own, whose counters become an lcov report.
#pragma once

#include <memory>

#include "client/runners/runner.h"

namespace testselect::client {

std::unique_ptr<Runner> NewCTestRunner(const RunnerSetup& setup);

}  // namespace testselect::client
