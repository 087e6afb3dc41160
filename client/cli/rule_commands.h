// The commands about a repository's own files (rules, suites), in the command tree.
#pragma once

#include "client/cli/options.h"

namespace CLI {
class App;
}  // namespace CLI

namespace testselect::client {

void AddRules(CLI::App* tree, CommandLine& values);
void AddSuites(CLI::App* tree, CommandLine& values);

}  // namespace testselect::client
