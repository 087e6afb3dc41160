// What differs between two commits, by this machine's clone.
#pragma once

#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "client/cli/options.h"

namespace testselect::client {

struct LocalChanges {
  std::set<std::string> changed;  // the paths of files that differ, by either name
  std::set<std::string> files;    // all of the second commit
};

// Of the clone that --repo leads to, with a server the one around the working directory. Commits
// are 40 hexadecimal digits. Where `head` is a server's name of the files as they are, it is this
// clone's too if HEAD was pushed. Errors: git's; kNotFound says what to fetch.
absl::StatusOr<LocalChanges> ReadLocalChanges(const CommonOptions& common, const std::string& base,
                                              const std::string& head);

}  // namespace testselect::client
