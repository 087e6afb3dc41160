// UploadQueue: which entry of the spool is uploaded when.
#pragma once

#include <condition_variable>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/agent/spool.h"
#include "client/retry.h"
#include "storage/model/mutex.h"

namespace testselect::client {

// The entries that wait or are under way, oldest first among those that are due. One that failed
// becomes due again after a wait that grows with its failures; while the server is not reachable
// none is. Thread-safe.
class UploadQueue {
 public:
  struct Sizes {
    size_t waiting = 0, uploading = 0;
    absl::Time oldest = absl::InfiniteFuture();
  };
  struct Task {
    std::string name;
    int attempt = 1;  // from 1
  };

  // Waits are by `policy`, whose number of attempts does not count.
  explicit UploadQueue(const RetryPolicy& policy) : policy_(policy) {}

  // What a scan found: adds what is new, drops what waits and is gone.
  void Update(const std::vector<SpoolEntry>& found);

  // The next entry that is due; waits for one. Empty once Stop was called. The caller answers with
  // Done or Retry.
  std::optional<Task> Take();
  void Done(const std::string& name);
  void Retry(const std::string& name);

  // While paused Take waits. `all_due` ends the waits of all entries: what they failed for is over.
  void Pause();
  void Resume(bool all_due);
  void Stop();

  // Waits until nothing is under way, at most until `deadline`; whether that is so.
  bool WaitUntilIdle(absl::Time deadline);
  Sizes sizes() const;

 private:
  struct Waiting {
    absl::Time finished;
    absl::Time due = absl::InfinitePast();
    int failures = 0;
    bool uploading = false;
    std::optional<Backoff> backoff{};
  };
  // The entry to take now, or null; `*next` is when the next one is due.
  std::map<std::string, Waiting>::iterator FindDue(absl::Time now, absl::Time* next)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const RetryPolicy policy_;
  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::string, Waiting> entries_ ABSL_GUARDED_BY(mutex_);
  bool paused_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace testselect::client
