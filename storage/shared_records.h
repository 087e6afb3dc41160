// SharedRecords: notes that machines tell each other, and that no answer depends on (decisions and
// what became of them).
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "storage/index_store.h"
#include "storage/model/mutex.h"
#include "storage/object_store.h"

namespace testselect {

// Thread-safe.
class SharedRecords {
 public:
  // Of each repository so many objects are kept.
  static constexpr size_t kKept = 10'000;

  // Both must outlive this.
  SharedRecords(ObjectStore* objects, IndexStore* local);
  ~SharedRecords();  // tells what is left, if the store answers

  // The notes, which are written here already, are told to others soon; many at once become one
  // object. While the store is away they are kept, the oldest go beyond 64 MiB.
  void Tell(const NoteBatch& notes);
  // Writes here what others told; of two values of one note the one that was told last counts.
  // Cost: a listing, and what is new of it. Errors: those of both stores.
  absl::Status Refresh(const std::string& repository);

 private:
  struct Seen {
    absl::flat_hash_set<std::string> keys;
    absl::Time newest = absl::InfinitePast();
  };
  void Run();
  absl::Status Send(const std::string& repository, const NoteBatch& notes);
  absl::Status ReadNew(const std::string& repository, const std::vector<std::string>& keys);
  // Leaves of the notes of the object `key` those that change what is here.
  void LeaveNewer(const std::string& key, NoteBatch* notes);
  // Remembers that a note has a value of that time.
  void RememberTime(absl::string_view note, absl::Time time) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  ObjectStore& objects_;
  IndexStore& local_;
  Mutex reading_;
  std::map<std::string, Seen> seen_ ABSL_GUARDED_BY(reading_);
  Mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<NoteBatch> waiting_ ABSL_GUARDED_BY(mutex_);
  size_t waiting_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  // When the values of notes that are here were told, of late.
  absl::flat_hash_map<std::string, absl::Time> told_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::pair<absl::Time, std::string>> forget_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace testselect
