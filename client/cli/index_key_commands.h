// `index export` and `index import` in the command tree.
#pragma once

#include "client/cli/options.h"

namespace CLI {
class App;
}  // namespace CLI

namespace testselect::client {

void AddIndexExport(CLI::App* group, CommandLine& values);
void AddIndexImport(CLI::App* group, CommandLine& values);

}  // namespace testselect::client
