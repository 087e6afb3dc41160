#include "server/ops/freed_memory.h"

#include <cstdlib>
#include <thread>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace testselect {

void KeepFreedMemory() {
#ifdef __GLIBC__
  for (const char* chosen : {"GLIBC_TUNABLES", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_",
                             "MALLOC_TOP_PAD_", "MALLOC_ARENA_MAX"}) {
    if (std::getenv(chosen) != nullptr) return;
  }
  mallopt(M_MMAP_THRESHOLD, 8 << 20);
  mallopt(M_TRIM_THRESHOLD, 32 << 20);
  mallopt(M_TOP_PAD, 1 << 20);
  mallopt(M_ARENA_MAX, static_cast<int>(std::thread::hardware_concurrency()) + 2);
#endif
}

}  // namespace testselect
