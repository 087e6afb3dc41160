// The histories of a job's labels <-> bytes. The grammar is in KEYS.md, "Histories".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/label_history.h"

namespace testselect {

// What is kept of a job beside its labels.
struct HistoryHead {
  static constexpr size_t kApplied = 1024;  // uploads that are remembered as counted
  static constexpr uint32_t kMaxBits = 16;

  uint32_t bits = 0;             // the labels lie in 1 << bits buckets
  uint64_t clock = 0;            // kFullRun for each full run, and 1 for each upload
  std::vector<int64_t> applied;  // SegmentInfo::created of uploads, microseconds, newest first
  friend bool operator==(const HistoryHead&, const HistoryHead&) = default;
};

struct HistoryEntry {
  uint64_t hash = 0;  // HistoryHash(label)
  std::string label;
  LabelHistory history;
  friend bool operator==(const HistoryEntry&, const HistoryEntry&) = default;
};

// The first 8 bytes of the label's digest, big-endian; its highest bits are the label's bucket.
uint64_t HistoryHash(absl::string_view label);
constexpr uint32_t BucketOf(uint64_t hash, uint32_t bits) {
  return bits == 0 ? 0 : static_cast<uint32_t>(hash >> (64 - bits));
}

std::string EncodeHistoryHead(const HistoryHead& head);
// kDataLoss if `encoded` is malformed or its check fails; kUnimplemented for another version.
absl::StatusOr<HistoryHead> DecodeHistoryHead(absl::string_view encoded);

// `entries` by (hash, label) ascending.
std::string EncodeHistoryBucket(absl::Span<const HistoryEntry> entries);
// As DecodeHistoryHead; also kDataLoss for a label that does not belong to bucket `number` of
// 1 << bits.
absl::StatusOr<std::vector<HistoryEntry>> DecodeHistoryBucket(absl::string_view encoded,
                                                              uint32_t number, uint32_t bits);

}  // namespace testselect
