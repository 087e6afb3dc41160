// The agent's command, for the command tree.
#pragma once

#include <CLI/CLI.hpp>

#include "client/cli/options.h"

namespace testselect::client {

void AddAgent(CLI::App* tree, CommandLine& values);

}  // namespace testselect::client
