// IndexStore: where segments live.
//
// An upload becomes a Segment: immutable evidence "at commit O, label t executed these lines". A
// segment is stored whole or not at all. Two engines implement this interface (memory, RocksDB) and
// pass one contract test, tests/unit/storage/index_store_contract_test.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "storage/model/digest.h"
#include "storage/model/evidence.h"
#include "storage/model/file_evidence.h"
#include "storage/model/label_set.h"
#include "storage/model/outcome.h"
#include "storage/model/upload.h"
#include "storage/segment_content.h"

namespace testselect {

// The labels of a segment, by number. Immutable and thread-safe. Append-only from a segment to the
// next of its lineage: if `b` descends from `a`, b's names begin with a's.
class LabelDictionary {
 public:
  virtual ~LabelDictionary() = default;
  virtual size_t size() const = 0;
  virtual absl::string_view Name(LabelNumber n) const = 0;     // n < size(); lives as long as this
  virtual LabelNumber Find(absl::string_view name) const = 0;  // kNoLabel if unknown; one hash
  virtual const Digest& id() const = 0;  // equal ids: equal names in equal order
};

// What is known of a segment without opening it.
struct SegmentInfo {
  Digest id;  // of its content and header; the same upload twice has the same id
  UploadHeader header;
  SegmentState state = SegmentState::kBuilding;
  absl::Time created;
  uint32_t labels = 0;        // labels this upload ran (not the size of the dictionary)
  uint32_t files = 0;         // files with evidence
  uint64_t pairs = 0;         // see SegmentContent
  uint64_t global_lines = 0;  // (file, line) executed outside tests
  uint32_t kinds = 0;         // 1 << EvidenceKind of what its files hold; 0: lines, as far as known
  bool Holds(EvidenceKind kind) const { return (kinds >> static_cast<int>(kind) & 1) != 0; }
};

// An opened segment. Immutable, thread-safe, and valid after its deletion from the store. Errors
// of the readers: kDataLoss (a record's checksum failed or it is malformed; do not retry),
// kUnavailable (I/O; retry).
class Segment {
 public:
  virtual ~Segment() = default;
  virtual const SegmentInfo& info() const = 0;
  virtual std::shared_ptr<const LabelDictionary> labels() const = 0;
  virtual const DenseLabelSet& ran() const = 0;  // labels this upload ran, evidence or not
  // Evidence about `path`; an empty pointer where the segment has none. Cost: one record is read
  // and decoded, then kept in a bounded cache.
  virtual absl::StatusOr<std::shared_ptr<const FileEvidence>> FindFile(
      absl::string_view path) const = 0;
  // Calls `f` for every file with evidence, by path ascending, until it returns false.
  virtual absl::Status ForEachFile(std::function<bool(const FileEvidence&)> f) const = 0;
  // Per label number of `labels()`; kUnknown where the upload had no outcome. Size =
  // labels().size().
  virtual absl::StatusOr<std::shared_ptr<const std::vector<LabelOutcome>>> Outcomes() const = 0;
  // Labels that ran, were seen to execute no line and to enter no function, and are under no key of
  // an imported index (empty evidence: always selected).
  virtual absl::StatusOr<std::shared_ptr<const DenseLabelSet>> EmptyEvidence() const = 0;
};

// A commit with at least one segment.
struct IndexedCommit {
  ObjectId commit;
  ObjectId tree;
  std::vector<SegmentInfo> segments;  // by (job, shard, attempt, created)
};

// Changes of notes that happen together or not at all.
struct NoteBatch {
  std::vector<std::pair<std::string, std::string>> puts{};  // key, value
  std::vector<std::string> deletes{};  // of keys; one without a note is no error
  bool answers_depend = false;         // changes the generation, also where writing fails
  // Where machines share the index: whose repository's notes these are, so that the others have
  // them too. Those that answers depend on are there before this is done, others soon. Empty:
  // nobody else's.
  std::string repository{};
};

struct StoreStats {
  uint64_t bytes_on_disk = 0;  // 0 for the memory engine
  uint64_t segments = 0;
  uint64_t segments_by_state[5] = {0, 0, 0, 0, 0};                // indexed by SegmentState
  std::vector<std::pair<std::string, uint64_t>> engine_counters;  // the engine's own, by its names
};

// Thread-safe. A reader sees each segment whole or not at all. `generation()` changes with every
// change that could alter an answer. Errors of all: kUnavailable = busy, full or closed (retry);
// kResourceExhausted = the disk is full; kDataLoss = checksum failed (do not retry).
class IndexStore {
 public:
  virtual ~IndexStore() = default;

  // Stores `content` under `header` durably (an engine that persists syncs before it returns), and
  // settles the states of the segments of that (commit, job): sealed once all shards are there,
  // superseded where `header.attempt` replaces an earlier one, quarantined per `options`. Storing
  // the same content under the same header again returns the first one's info and changes nothing.
  struct CommitOptions {
    // A full upload with under this share of its predecessor's labels or files is quarantined;
    // 0 switches the check off.
    double quarantine_below = 0.5;
    absl::Time now = absl::InfinitePast();  // InfinitePast: the clock
  };
  virtual absl::StatusOr<SegmentInfo> Commit(const UploadHeader& header,
                                             const SegmentContent& content,
                                             const CommitOptions& options) = 0;

  // Seals what is there of (repository, commit, job) though shards are missing. kNotFound if
  // nothing is. Returns the segments that were sealed now. Quarantined ones are sealed only with
  // `include_quarantined`.
  virtual absl::StatusOr<std::vector<SegmentInfo>> Seal(absl::string_view repository,
                                                        const ObjectId& commit, const JobKey& job,
                                                        bool include_quarantined) = 0;

  // Segments of a commit, all jobs and states; empty where it has none (never kNotFound).
  virtual absl::StatusOr<std::vector<SegmentInfo>> SegmentsAt(absl::string_view repository,
                                                              const ObjectId& commit) const = 0;
  // Commits (of `repository`) indexed whose tree is `tree`; newest first.
  virtual absl::StatusOr<std::vector<ObjectId>> CommitsWithTree(absl::string_view repository,
                                                                const ObjectId& tree) const = 0;
  // All indexed commits of `repository`, newest upload first. Cost: linear in its segments.
  virtual absl::StatusOr<std::vector<IndexedCommit>> ListCommits(
      absl::string_view repository) const = 0;
  virtual std::vector<std::string> Repositories() const = 0;  // sorted

  // kNotFound if there is no such segment.
  virtual absl::StatusOr<std::shared_ptr<const Segment>> Open(const Digest& segment) const = 0;

  // The newest dictionary of (repository, job), which the next upload of it extends; an empty
  // pointer where there is none yet.
  virtual absl::StatusOr<std::shared_ptr<const LabelDictionary>> NewestDictionary(
      absl::string_view repository, const JobKey& job) const = 0;

  // Deletes the segments of a commit (of one job, if given) and what only they used. Returns how
  // many. kNotFound if there were none.
  virtual absl::StatusOr<uint64_t> Delete(absl::string_view repository, const ObjectId& commit,
                                          const std::optional<JobKey>& job) = 0;

  // Deletes these segments, all at once, and what only they used. Those that do not exist (any
  // more) are passed over. Returns how many there were.
  virtual absl::StatusOr<uint64_t> DeleteSegments(absl::Span<const Digest> segments) = 0;

  // Small durable values beside the index (upload states, decisions), by name. Put syncs.
  virtual absl::Status PutNote(absl::string_view key, absl::string_view value) = 0;
  virtual absl::StatusOr<std::string> GetNote(absl::string_view key) const = 0;  // kNotFound
  virtual absl::Status DeleteNote(absl::string_view key) = 0;   // ok if there was none
  virtual absl::Status WriteNotes(const NoteBatch& batch) = 0;  // all or nothing; syncs once
  virtual absl::StatusOr<std::vector<std::pair<std::string, std::string>>> NotesWithPrefix(
      absl::string_view prefix) const = 0;

  // Values that can be made again from the repository (cut sources), by name. Not synced, not
  // backed up with care: one may be gone any time. Get verifies a checksum: kDataLoss, kNotFound.
  virtual absl::Status PutDerived(absl::string_view key, absl::string_view value) = 0;
  virtual absl::StatusOr<std::string> GetDerived(absl::string_view key) const = 0;

  // Gives the space of deleted segments back to the file system, and rewrites what is stored into
  // as few files as the engine can. Cost: reads and writes the whole store. May be called any time;
  // readers and writers go on meanwhile.
  virtual absl::Status Compact() = 0;

  // The rest is about an index that machines share; one that is not shared is always up to date.

  struct Freshness {
    bool usable = true;  // false: nothing was ever heard of the repository's index
    absl::Status heard;  // why nothing was heard of late
    absl::Time as_of = absl::InfiniteFuture();  // what others stored before that is known
  };
  // Makes visible what other machines stored of `repository`, if that was not done within
  // `max_age`. Waits for it until `deadline` at most.
  virtual Freshness Refresh(absl::string_view repository, absl::Duration max_age,
                            absl::Time deadline) {
    (void)repository, (void)max_age, (void)deadline;
    return {};
  }
  // Has these segments here, fetching several at a time what is not. What cannot be had is told by
  // Open.
  virtual void Prefetch(absl::Span<const Digest> segments) const { (void)segments; }
  // As Refresh, for notes that no answer depends on (NoteBatch::answers_depend).
  virtual absl::Status RefreshNotes(absl::string_view repository) {
    (void)repository;
    return absl::OkStatus();
  }
  virtual bool IsShared() const { return false; }
  // Notes that another machine may begin with, in place of what was put before under the same
  // repository and name. kUnimplemented if the index is not shared.
  virtual absl::Status PutStart(absl::string_view repository, absl::string_view name,
                                const NoteBatch& notes) {
    (void)repository, (void)name, (void)notes;
    return absl::UnimplementedError("the index is not shared");
  }
  // The newest of them; kNotFound.
  virtual absl::StatusOr<NoteBatch> GetStart(absl::string_view repository, absl::string_view name) {
    (void)repository;
    return absl::NotFoundError(absl::StrCat("no start of ", name));
  }

  // Deletes what no segment that machines share needs any more. Cost: reads all of their headers.
  virtual absl::Status CollectGarbage() { return absl::OkStatus(); }

  virtual uint64_t generation() const = 0;
  virtual absl::StatusOr<StoreStats> Stats() const = 0;
};

}  // namespace testselect
