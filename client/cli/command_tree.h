// The command line: commands, flags, help. The only user of CLI11 besides the generators of the man
// page, the reference page and the completions, which walk the same tree.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "client/cli/options.h"

namespace CLI {
class App;
}  // namespace CLI

namespace testselect::client {

// The tree; parsing it fills `values`, which must outlive it.
std::unique_ptr<CLI::App> BuildCommandTree(CommandLine& values);

// The commands that users are told of, in order, with their full names ("index show").
struct NamedCommand {
  std::string name;
  const CLI::App* app;
};
std::vector<NamedCommand> VisibleCommands(const CLI::App& tree);

// Makes `arguments` (without the program's name) safe for CLI11, which reads a value "[a,b]" as two
// and forgets that "--" ends the flags once a list has begun: such values get a mark that the
// tree's options take off again.
std::vector<std::string> ProtectArguments(const std::vector<std::string>& arguments);

}  // namespace testselect::client
