// The row of a segment in the durable store, and the checksum that every row carries. The grammar
// is in KEYS.md, "Segment row".
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/segment_catalog.h"

namespace testselect {

// `body` followed by a checksum of `key` and `body`.
std::string SealRow(absl::string_view key, absl::string_view body);
// The body of a row. kDataLoss naming the key if the checksum does not match.
absl::StatusOr<absl::string_view> OpenRow(absl::string_view key, absl::string_view row);

// The key of a segment's row is a prefix and its id.
inline constexpr char kSegmentRowPrefix = 's';
std::string SegmentRowKey(const Digest& segment);
std::string EncodeSegmentRow(const CatalogEntry& entry);
absl::StatusOr<CatalogEntry> DecodeSegmentRow(absl::string_view key, absl::string_view row);

}  // namespace testselect
