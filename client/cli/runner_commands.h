// The command `run`, for the command tree.
#pragma once

#include <CLI/CLI.hpp>

#include "client/cli/options.h"

namespace testselect::client {

void AddRun(CLI::App* tree, CommandLine& values);
void AddWatch(CLI::App* tree, CommandLine& values);

}  // namespace testselect::client
