// What another process has used: CPU time and memory. Linux only.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace testselect::load {

// CPU time of all threads of a process, ended ones included, in user and system mode. Read from the
// kernel's clock of that process, so it is exact to the microsecond where times(2) counts ticks.
class CpuMeter {
 public:
  // kNotFound if there is no process `pid`.
  static absl::StatusOr<CpuMeter> Of(pid_t pid);
  static CpuMeter Self();
  absl::Duration Used() const;  // zero once the process is gone

 private:
  explicit CpuMeter(clockid_t clock) : clock_(clock) {}
  clockid_t clock_;
};

struct MemoryUse {
  uint64_t resident_bytes = 0;
  uint64_t peak_bytes = 0;  // of resident memory, since the start or ResetPeak
};
absl::StatusOr<MemoryUse> MemoryOf(pid_t pid);
// Makes the peak begin anew at what is resident now. kPermissionDenied for others' processes.
absl::Status ResetPeak(pid_t pid);

// The value below which `share` (0 to 1) of the samples lie; 0 where there are none.
double Quantile(std::vector<double> samples, double share);

}  // namespace testselect::load
