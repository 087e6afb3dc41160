#include "server/ops/process_stats.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace testselect {
namespace {

double Seconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
}

// Boot time in seconds since 1970, from /proc/stat.
double BootTime() {
  std::ifstream file("/proc/stat");
  std::string key;
  while (file >> key) {
    double value = 0;
    if (key == "btime" && file >> value) return value;
    std::getline(file, key);
  }
  return 0;
}

}  // namespace

ProcessStats ReadProcessStats() {
  ProcessStats stats;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  stats.cpu_seconds = Seconds(usage.ru_utime) + Seconds(usage.ru_stime);

  uint64_t pages = 0, resident_pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident_pages;
  stats.resident_bytes = resident_pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));

  std::error_code ignored;  // an unreadable folder counts as empty
  for (auto it = std::filesystem::directory_iterator("/proc/self/fd", ignored);
       !ignored && it != std::filesystem::directory_iterator(); it.increment(ignored)) {
    ++stats.open_fds;
  }

  std::string text;
  std::ifstream stat_file("/proc/self/stat");
  std::getline(stat_file, text);
  // Fields after the name, which may hold anything, begin behind the last ')': the state is number
  // 3, threads 20, the start time (in ticks since boot) 22.
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string field;
  for (int number = 3; fields >> field; ++number) {
    if (number == 20) stats.threads = std::stoull(field);
    if (number == 22) {
      stats.start_time_seconds =
          BootTime() + std::stod(field) / static_cast<double>(sysconf(_SC_CLK_TCK));
      break;
    }
  }
  return stats;
}

}  // namespace testselect
