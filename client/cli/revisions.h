// Commits as people name them: where a command takes a commit, any revision of the repository at
// hand will do.
#pragma once

#include <string>

#include "client/cli/options.h"

namespace testselect::client {

// Replaces each commit that the command line names by a branch, a tag, HEAD~1 or a shortened id by
// its full id: in the repository of --repo in process, with a server in the one that the working
// directory lies in. What that repository does not know stays as it is, for CheckCommit to refuse,
// and so does a full id, which need not be here. Cost: nothing where all are full ids.
void ResolveRevisions(CommandLine& values);

}  // namespace testselect::client
