#include "storage/model/parallel.h"

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

namespace testselect {

void InParallel(size_t n, int parallel, const std::function<void(size_t)>& one) {
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t i = next++; i < n; i = next++) one(i);
  };
  std::vector<std::thread> threads;
  const size_t wanted = std::min(n, static_cast<size_t>(std::max(parallel, 1)));
  try {
    while (threads.size() + 1 < wanted) threads.emplace_back(work);
  } catch (const std::system_error&) {
    // The system has no more threads: those that there are do all of it.
  }
  work();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace testselect
