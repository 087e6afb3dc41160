// CallGate: how many calls are being served, and whether new ones are.
#pragma once

#include <condition_variable>
#include <cstdint>

#include "absl/time/time.h"
#include "storage/model/mutex.h"

namespace testselect {

// Thread-safe. Every call that Enter let in must Leave. gRPC's own shutdown waits for idle
// connections and for health watches too, which may never end; this knows what is real work.
class CallGate {
 public:
  // False once the gate is closed.
  [[nodiscard]] bool Enter();
  void Leave();

  // Lets no more calls in.
  void Close();
  // Waits until no call is left, at most until `deadline`; false if there still was one then.
  bool WaitEmpty(absl::Time deadline);

 private:
  Mutex mutex_;
  std::condition_variable_any empty_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t calls_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace testselect
