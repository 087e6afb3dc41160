// Vitest. A label is a test file, by its path from the top of the checkout on.
//
// A driver (a file in the scratch folder, started by Node) uses Vitest's interface for programs: it
// lists the test files, runs those of a list, and saves each file's coverage and outcome, so that
// one run is evidence of every file. Coverage is @vitest/coverage-istanbul's or -v8's, where the
// project has one of them.
#pragma once

#include <memory>

#include "client/runners/runner.h"

namespace testselect::client {

std::unique_ptr<Runner> NewVitestRunner(const RunnerSetup& setup);

}  // namespace testselect::client
