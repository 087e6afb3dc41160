// InParallel: a loop on several threads.
#pragma once

#include <cstddef>
#include <functional>

namespace testselect {

// Calls `one` with 0 to n-1, each once, in any order, at most `parallel` at a time: on the caller's
// thread and on others that end before this returns. `one` must be thread-safe.
void InParallel(size_t n, int parallel, const std::function<void(size_t)>& one);

}  // namespace testselect
