// The commands about files and who depends on them, in the command tree, and what they share.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "client/cli/options.h"

namespace CLI {
class App;
}  // namespace CLI

namespace testselect::client {

void AddGraph(CLI::App* tree, CommandLine& values);
void AddAffected(CLI::App* tree, CommandLine& values);
void AddStale(CLI::App* tree, CommandLine& values);
void AddWho(CLI::App* tree, CommandLine& values);

// `commit` checked; in process and without one, HEAD. Errors: kInvalidArgument naming --commit, and
// those of git.
absl::StatusOr<std::string> CommitToAsk(const CommonOptions& common, const std::string& commit);

}  // namespace testselect::client
