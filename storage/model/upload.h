// What identifies an upload and its segment.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "storage/model/object_id.h"

namespace testselect {

// One CI job of a repository with its flavor, e.g. {"unit", {{"os","linux"}}}.
struct JobKey {
  std::string name;
  std::map<std::string, std::string> flavor;

  // "unit;os=linux;python=3.12", keys sorted. Unambiguous: Validate refuses ';' and '='.
  std::string ToString() const;
  // The reverse of ToString. kInvalidArgument for text that ToString cannot have written.
  static absl::StatusOr<JobKey> FromString(absl::string_view text);
  // kInvalidArgument naming the field, its value and the limit: a name has 1 to 200 bytes, no
  // control characters, no ';' and no '='; a flavor has at most 16 pairs of the same kind.
  absl::Status Validate() const;

  friend auto operator<=>(const JobKey&, const JobKey&) = default;
};

// How one test's process relates to another's. Persisted: never renumber.
enum class Isolation : uint8_t { kUnknown = 0, kProcessPerLabel = 1, kSharedProcess = 2 };

// What a segment is to the others of its job. Persisted: never renumber.
enum class Completeness : uint8_t {
  kFull = 1,    // an upload of the whole suite of its job (and shard)
  kSubset = 2,  // an upload of a part
  // Made here: what earlier uploads saw of labels that the upload of the same shard and attempt ran
  // again, and it did not see though nothing had changed (unstable evidence). Equally new with it.
  kAdded = 3,
  // Made here: evidence of older commits, moved to this one. Older than every upload of its commit.
  kCarried = 4,
};
absl::string_view CompletenessName(Completeness c);  // "full", "subset", "added", "carried"
constexpr bool IsUpload(Completeness c) {
  return c == Completeness::kFull || c == Completeness::kSubset;
}

struct UploadHeader {
  std::string repository;  // the configured name
  ObjectId commit;
  ObjectId tree;  // of `commit`; null where git did not know it
  JobKey job;
  uint32_t shard_index = 0;  // 0-based
  uint32_t shard_count = 1;  // 1 to 10,000
  uint32_t attempt = 1;      // 1 to 10,000
  Completeness completeness = Completeness::kFull;
  Isolation isolation = Isolation::kUnknown;
  std::string environment_digest;  // opaque, at most 200 bytes; empty: not known
  std::string branch;  // that `commit` was tested on, at most 1,000 bytes; empty: not known

  // kInvalidArgument naming the field, its value and the limit.
  absl::Status Validate() const;
  friend bool operator==(const UploadHeader&, const UploadHeader&) = default;
};

// What a selection may do with a segment. Persisted: never renumber.
enum class SegmentState : uint8_t {
  kBuilding = 1,     // declared shards are missing
  kSealed = 2,       // usable
  kQuarantined = 3,  // suspiciously small beside its predecessor; kept, counted, not used
  kSuperseded = 4,   // a later attempt of the same shard took its place
};
absl::string_view SegmentStateName(SegmentState s);  // "building", "sealed", ...

}  // namespace testselect
