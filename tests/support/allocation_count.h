// AllocatedBytes: what the program has asked of operator new so far, freed or not.
//
// Linking allocation_count.cc replaces operator new and delete of the whole test program. What code
// may take is then bounded in bytes, which are the same on every machine, and not in time.
// Thread-safe.
#pragma once

#include <cstddef>

namespace testselect {

size_t AllocatedBytes();

}  // namespace testselect
