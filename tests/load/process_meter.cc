#include "tests/load/process_meter.h"

#include <algorithm>
#include <ctime>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"

namespace testselect::load {

absl::StatusOr<CpuMeter> CpuMeter::Of(pid_t pid) {
  clockid_t clock;
  if (clock_getcpuclockid(pid, &clock) != 0) {
    return absl::NotFoundError(absl::StrCat("no process ", pid));
  }
  return CpuMeter(clock);
}

CpuMeter CpuMeter::Self() { return CpuMeter(CLOCK_PROCESS_CPUTIME_ID); }

absl::Duration CpuMeter::Used() const {
  timespec time{};
  if (clock_gettime(clock_, &time) != 0) return absl::ZeroDuration();
  return absl::DurationFromTimespec(time);
}

absl::StatusOr<MemoryUse> MemoryOf(pid_t pid) {
  std::ifstream status(absl::StrCat("/proc/", pid, "/status"));
  if (!status) return absl::NotFoundError(absl::StrCat("no process ", pid));
  MemoryUse use;
  std::string word;
  while (status >> word) {
    uint64_t* const target = word == "VmRSS:"   ? &use.resident_bytes
                             : word == "VmHWM:" ? &use.peak_bytes
                                                : nullptr;
    if (target == nullptr) continue;
    uint64_t kibibytes = 0;
    status >> kibibytes;
    *target = kibibytes << 10;
  }
  if (use.peak_bytes == 0) return absl::NotFoundError(absl::StrCat(pid, " has no memory"));
  return use;
}

absl::Status ResetPeak(pid_t pid) {
  std::ofstream control(absl::StrCat("/proc/", pid, "/clear_refs"));
  control << "5" << std::flush;
  if (!control) return absl::PermissionDeniedError(absl::StrCat("cannot reset the peak of ", pid));
  return absl::OkStatus();
}

double Quantile(std::vector<double> samples, double share) {
  if (samples.empty()) return 0;
  const auto at = samples.begin() + static_cast<size_t>(share * (samples.size() - 1) + 0.5);
  std::nth_element(samples.begin(), at, samples.end());
  return *at;
}

}  // namespace testselect::load
