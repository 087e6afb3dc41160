// SharedLog: what machines tell each other about a repository's index through an object store.
//
// Every event is an object of its own whose key ascends with time (shared_layout.h). A machine
// lists what came since it last looked, reads what it has not seen, and changes its own part. As
// clocks differ and an object may appear later than its time says, each look goes back some
// minutes; deleted segments are noticed by comparing all keys, every `compare_every`.
#pragma once

#include <condition_variable>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "storage/model/mutex.h"
#include "storage/object_store.h"
#include "storage/replica_engine.h"
#include "storage/segment_exchange.h"
#include "storage/shared_layout.h"

namespace testselect {

// Thread-safe. Reads on a thread of its own, so that a slow store delays nobody beyond what he is
// willing to wait.
class SharedLog {
 public:
  // All must outlive this.
  SharedLog(ObjectStore* objects, SegmentExchange* exchange, ReplicaEngine* engine,
            absl::Duration compare_every);
  ~SharedLog();  // waits for the read that is under way

  // Which store it is, once known: looks that meet nothing known make sure of it.
  void SetStore(const Digest& store);

  // As IndexStore::Refresh. With a `max_age` of zero what was deleted is known too, which costs a
  // look at all keys.
  IndexStore::Freshness Refresh(absl::string_view repository, absl::Duration max_age,
                                absl::Time deadline);

  // Tells others; errors are those of ObjectStore::Create.
  absl::Status TellSealed(const std::string& repository, const std::vector<Digest>& segments);
  // Then writes them here. Who wrote a note last has its say on all machines: whoever heard of a
  // change makes a later one.
  absl::Status WriteNotes(const NoteBatch& notes);
  // The segments are gone: others notice it. Errors are those of ObjectStore::Delete.
  absl::Status TellGone(const std::vector<CatalogEntry>& entries);
  // What the engine told itself (SegmentExchange::PutRow).
  void RememberOwn(const SegmentInfo& segment);
  // Whether the segment was told before, by this machine or another.
  bool HasSeen(const SegmentInfo& segment);

  // Events of the repository that could not be read at the last look, by what is wrong with the
  // first of them; empty: none. They are read again at each look.
  std::string Damage(absl::string_view repository) const;

 private:
  struct Repository {
    absl::flat_hash_set<std::string> seen;                // keys
    absl::flat_hash_set<Digest> sealed;                   // by request
    std::map<std::string, std::string> damaged;           // what is wrong with events, by key
    absl::flat_hash_map<std::string, std::string> noted;  // by note, the last event that changed it
    absl::Time newest_notes = absl::InfinitePast();       // of events that changed any
    absl::Time newest = absl::InfinitePast();             // of what was seen
    absl::Time compared = absl::InfinitePast();           // when all keys were compared
    absl::Time heard = absl::InfinitePast();              // when the last look began that succeeded
    absl::Time failed = absl::InfinitePast();             // when the last one began that did not
    absl::Time looking = absl::InfiniteFuture();          // when the look that is under way began
    absl::Status failure;
    bool asked = false;    // somebody waits
    bool compare = false;  // and wants to know what was deleted
    bool known = false;    // a look succeeded once, here or before the last start
  };
  struct Look {
    bool all = false;  // compare all keys
    Digest store;
    std::string after;
    absl::flat_hash_set<std::string> seen;
  };
  struct News {
    std::vector<std::string> keys;
    std::vector<CatalogEntry> segments;
    std::vector<Digest> sealed;
    std::vector<std::pair<std::string, NoteBatch>> notes;  // by the event's key
    absl::flat_hash_set<std::string> listed;
    std::map<std::string, std::string> damaged;  // what is wrong, by key
  };

  void Run();
  absl::flat_hash_set<std::string> SeenOf(const std::string& repository);
  Repository& Find(const std::string& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Look Begin(const std::string& name, absl::Time now);
  absl::StatusOr<News> Read(const std::string& name, const Look& look) const;
  static absl::flat_hash_set<Digest> FindGone(const Look& look, const News& news);
  absl::Status ReadEvents(absl::Span<const std::string> keys, News* news) const;
  absl::Status Take(const std::string& key, const std::string& bytes, News* news) const;
  absl::Status Apply(const std::string& name, const Look& look, const News& news);
  absl::Status ApplyNotes(const std::string& name, const News& news);
  // Remembers the event, which is written here.
  void RememberNotes(const std::string& repository, const std::string& key, const NoteBatch& notes);
  void Remember(const std::string& repository, const std::string& key, absl::Time time);

  ObjectStore& objects_;
  SegmentExchange& exchange_;
  ReplicaEngine& engine_;
  const absl::Duration compare_every_;
  Mutex notes_mutex_ ABSL_ACQUIRED_BEFORE(mutex_);  // held by who writes notes here
  mutable Mutex mutex_;
  std::condition_variable_any asked_, answered_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  Digest store_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Repository> repositories_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace testselect
