// pytest. Labels are node ids.
//
// A small plugin (pytest_hook.py, written to the scratch folder) lists the node ids of a
// collection, leaves only those of a file in a run, and logs outcomes: so every character of a node
// id survives, with any pytest from 7 on, under pytest-xdist too. Evidence: pytest-testselect's
// recorder where it can be imported (Python 3.12 and later), else pytest-cov's contexts, else none.
#pragma once

#include <memory>

#include "client/runners/runner.h"

namespace testselect::client {

std::unique_ptr<Runner> NewPytestRunner(const RunnerSetup& setup);

}  // namespace testselect::client
