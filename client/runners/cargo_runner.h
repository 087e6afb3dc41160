// `testselect run cargo` (cargo test) and `testselect run nextest` (cargo nextest).
#pragma once

#include <memory>

#include "client/runners/runner.h"

namespace testselect::client {

std::unique_ptr<Runner> NewCargoRunner(const RunnerSetup& setup);
std::unique_ptr<Runner> NewNextestRunner(const RunnerSetup& setup);

}  // namespace testselect::client
