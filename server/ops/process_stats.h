// What the operating system says of this process.
#pragma once

#include <cstdint>

namespace testselect {

// Zero where /proc does not tell.
struct ProcessStats {
  uint64_t resident_bytes = 0;
  double cpu_seconds = 0;
  uint64_t open_fds = 0;
  uint64_t threads = 0;
  double start_time_seconds = 0;  // since 1970-01-01 UTC
};

ProcessStats ReadProcessStats();

}  // namespace testselect
