// SegmentCatalog: what segments there are and in which state. Holds no evidence.
//
// Both engines keep one in memory and let it decide what a new upload does to the others; so the
// states follow one set of rules. Not thread-safe.
//
// The rules. Segments of one (repository, commit, job, shard count) form a group.
//  * A segment is superseded by a full, not quarantined segment of the same shard with a greater
//    attempt (or the same attempt and a later time), of the same branch. A subset supersedes
//    nothing: it layers.
//  * A full upload is quarantined if it has under `quarantine_below` times the labels or the files
//    of the newest sealed full segment of the same (repository, job, shard index, shard count),
//    where that one has at least kQuarantineMinimum of them.
//  * A group is sealed once every shard has a segment that is neither quarantined nor superseded.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/index_store.h"
#include "storage/model/digest.h"
#include "storage/segment_content.h"

namespace testselect {

inline constexpr uint32_t kQuarantineMinimum = 10;

// One segment, as the catalog knows it.
struct CatalogEntry {
  SegmentInfo info;
  Digest dictionary;             // its id
  uint32_t dictionary_size = 0;  // labels
  Digest manifest;               // where the engine keeps the content; null in the memory engine
};

// The id of a segment: a digest of the header and the content. It does not depend on labels of the
// dictionary that the upload did not run, so the same upload has the same id though the dictionary
// has grown in between.
Digest SegmentId(const UploadHeader& header, const SegmentContent& content);

// kInvalidArgument if `content` breaks the contract of SegmentContent (sizes, names, order of
// files). The records themselves are taken as the builder made them.
absl::Status CheckContent(const SegmentContent& content);

// The info of a segment to be committed, in state kBuilding.
SegmentInfo InfoOf(const UploadHeader& header, const SegmentContent& content, absl::Time created);

class SegmentCatalog {
 public:
  const CatalogEntry* Find(const Digest& segment) const;  // nullptr if unknown
  void Put(const CatalogEntry& entry);                    // adds, or replaces by id
  void Erase(const Digest& segment);
  size_t size() const { return entries_.size(); }

  std::vector<SegmentInfo> SegmentsAt(absl::string_view repository, const ObjectId& commit) const;
  std::vector<ObjectId> CommitsWithTree(absl::string_view repository, const ObjectId& tree) const;
  std::vector<IndexedCommit> ListCommits(absl::string_view repository) const;
  std::vector<std::string> Repositories() const;
  void CountStates(StoreStats* stats) const;

  // What admitting `entry` changes: the entry itself, its state settled, and all others whose state
  // changes with it. Changes nothing here. `entry->info.created` is moved past the newest segment
  // of the same job, so that times order segments.
  std::vector<CatalogEntry> PlanAdmit(CatalogEntry entry, double quarantine_below) const;
  // The segments that sealing by request changes; those now sealed are the ones in state kSealed.
  // kNotFound if there is no segment of the job at the commit.
  absl::StatusOr<std::vector<CatalogEntry>> PlanSeal(absl::string_view repository,
                                                     const ObjectId& commit, const JobKey& job,
                                                     bool include_quarantined) const;
  // What taking over `added` changes, which other machines stored in state kBuilding or
  // kQuarantined: those entries and all others of their groups whose state changes. `sealed`: the
  // segments that were sealed by request, by any machine. Depends on the segments alone, not on the
  // order in which they are taken over; but what is sealed here stays so. Of two entries of one
  // segment, which two machines stored at a time, the older one stays. `gone` are not here any
  // more; those of them that are in `added` too were stored again.
  std::vector<CatalogEntry> PlanAdopt(const std::vector<CatalogEntry>& added,
                                      const absl::flat_hash_set<Digest>& sealed,
                                      const absl::flat_hash_set<Digest>& gone) const;
  // The segments of a commit (of one job, if given).
  std::vector<CatalogEntry> EntriesAt(absl::string_view repository, const ObjectId& commit,
                                      const std::optional<JobKey>& job) const;

  std::vector<CatalogEntry> EntriesOfRepository(absl::string_view repository) const;
  // Those of `segments` that there are, each once.
  std::vector<CatalogEntry> EntriesOf(absl::Span<const Digest> segments) const;

  // The segment whose dictionary the next upload of the job extends: the newest one, but a segment
  // that is not the only full shard of its commit does not replace a greater dictionary (parallel
  // shards number labels without knowing of each other). nullptr if there is none.
  const CatalogEntry* NewestDictionary(absl::string_view repository, const JobKey& job) const;
  // The segment that a new one with `header` is most like: the newest of the same kind and shard,
  // else of the same kind, else of the same shard, else of the job. nullptr if there is none.
  const CatalogEntry* MostAlike(const UploadHeader& header) const;

 private:
  using JobOfRepository = std::pair<std::string, std::string>;
  std::vector<const CatalogEntry*> OfJob(absl::string_view repository, const JobKey& job) const;
  bool Suspicious(const SegmentInfo& info, double quarantine_below) const;

  absl::flat_hash_map<Digest, CatalogEntry> entries_;
  std::map<std::string, std::map<ObjectId, std::vector<Digest>>> by_commit_;
  std::map<JobOfRepository, std::vector<Digest>> by_job_;  // by time ascending
};

}  // namespace testselect
