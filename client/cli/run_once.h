// One run of `run` and of `watch`.
#pragma once

#include "client/cli/console.h"
#include "client/cli/exit_code.h"
#include "client/cli/options.h"
#include "client/cli/run_summary.h"

namespace testselect::client {

// As RunRun; what came of it goes to `summary`, which may be null.
ExitCode RunOnce(const CommonOptions& common, const RunOptions& options, Console& console,
                 RunSummary* summary);

}  // namespace testselect::client
