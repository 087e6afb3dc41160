// How the process learns that it should end.
#pragma once

namespace testselect {

// Blocks SIGTERM and SIGINT in the calling thread and those it starts later, so that only
// WaitForTermination sees them, and ignores SIGPIPE. Call before the first thread is started.
void BlockTerminationSignals();

// Waits for SIGTERM or SIGINT and returns its number. A second signal of the kind, while the first
// is being served, ends the process at once.
int WaitForTermination();

}  // namespace testselect
