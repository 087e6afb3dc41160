// RSpec. Labels are example ids: "./spec/a_spec.rb[1:2]".
//
// A file of ours (rspec_hook.rb, written to the scratch folder, loaded with --require) lists the
// ids of a dry run, leaves those of a list in a run, and logs outcomes. No evidence is recorded.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "client/runners/runner.h"

namespace testselect::client {

std::unique_ptr<Runner> NewRspecRunner(const RunnerSetup& setup);

// kInvalidArgument naming an argument with which examples would not be run, or be run many times.
absl::Status CheckRspecArguments(absl::Span<const std::string> arguments);

}  // namespace testselect::client
