// CommitWorker: does something about commits in the background, one at a time.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <string>
#include <thread>

#include "storage/model/mutex.h"
#include "storage/model/object_id.h"

namespace testselect {

// Thread-safe. One thread, started with the first commit; commits wait in line, at most
// kMaxWaiting. One that finds the line full is dropped: the work must be such that nothing is wrong
// without it.
class CommitWorker {
 public:
  static constexpr size_t kMaxWaiting = 64;
  using Work = std::function<void(const std::string& repository, const ObjectId& commit)>;

  explicit CommitWorker(Work work) : work_(std::move(work)) {}
  // Forgets who waits, and waits for the commit at work.
  ~CommitWorker();
  CommitWorker(const CommitWorker&) = delete;
  CommitWorker& operator=(const CommitWorker&) = delete;

  void Add(const std::string& repository, const ObjectId& commit);
  // Waits until nobody is in line or at work.
  void WaitIdle();

 private:
  void Run();

  const Work work_;
  Mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::pair<std::string, ObjectId>> waiting_ ABSL_GUARDED_BY(mutex_);
  bool busy_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace testselect
