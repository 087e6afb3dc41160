// How much freed memory the process keeps.
#pragma once

namespace testselect {

// Keeps what reports, lists of labels and trees leave behind for the next ones: to get a page from
// the system costs more than what is done with it. Kept are up to 32 MiB an arena, of which there
// are at most two more than processors. Call before the first thread starts. Without glibc it does
// nothing; MALLOC_ARENA_MAX and its like, and GLIBC_TUNABLES, are left to decide where one is set.
void KeepFreedMemory();

}  // namespace testselect
