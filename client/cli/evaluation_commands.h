// The commands about decisions and how right they were, for the command tree.
#pragma once

#include <CLI/CLI.hpp>

#include "client/cli/options.h"

namespace testselect::client {

void AddEvaluate(CLI::App* tree, CommandLine& values);   // evaluate
void AddDecisions(CLI::App* tree, CommandLine& values);  // decisions, replay
void AddMisses(CLI::App* tree, CommandLine& values);     // misses
void AddStats(CLI::App* tree, CommandLine& values);      // stats

}  // namespace testselect::client
