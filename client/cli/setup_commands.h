// The commands that set a repository up and look after it, for the command tree.
#pragma once

#include <CLI/CLI.hpp>

#include "client/cli/options.h"

namespace testselect::client {

void AddDoctor(CLI::App* tree, CommandLine& values);
void AddInit(CLI::App* tree, CommandLine& values);

}  // namespace testselect::client
