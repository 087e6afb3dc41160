// The commands that CI pipelines are made with, for the command tree.
#pragma once

#include <CLI/CLI.hpp>

#include "client/cli/options.h"

namespace testselect::client {

void AddLabelAnalysis(CLI::App* tree, CommandLine& values);  // label-analysis
void AddCi(CLI::App* tree, CommandLine& values);             // ci

}  // namespace testselect::client
