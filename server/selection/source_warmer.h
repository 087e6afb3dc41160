// SourceWarmer: cuts the sources of indexed commits before a selection asks for them.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <string>
#include <thread>

#include "storage/model/mutex.h"
#include "storage/model/object_id.h"

namespace testselect {

// Thread-safe. One thread, started with the first commit; commits wait in line, at most kMaxWaiting
// (one that finds the line full is left to the selection that needs it).
class SourceWarmer {
 public:
  static constexpr size_t kMaxWaiting = 64;
  using Warm = std::function<void(const std::string& repository, const ObjectId& commit)>;

  explicit SourceWarmer(Warm warm) : warm_(std::move(warm)) {}
  // Forgets who waits, and waits for the commit at work.
  ~SourceWarmer();
  SourceWarmer(const SourceWarmer&) = delete;
  SourceWarmer& operator=(const SourceWarmer&) = delete;

  void Add(const std::string& repository, const ObjectId& commit);
  // Waits until nobody is in line or at work.
  void WaitIdle();

 private:
  void Run();

  const Warm warm_;
  Mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::pair<std::string, ObjectId>> waiting_ ABSL_GUARDED_BY(mutex_);
  bool busy_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace testselect
