// Packs: the file records of a segment, in groups of neighbouring paths.
//
// A pack is the unit of storage and of sharing: a segment whose files of one neighbourhood are all
// unchanged names the same pack as its predecessor, and a changed pack is kept as a small patch of
// the predecessor's. Borders depend on the paths alone (a hash of the first path of a pack), so an
// added file moves no border but its own. The grammar is in KEYS.md, "Pack".
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/segment_content.h"

namespace testselect {

// A new pack begins before about one path in kFilesPerPack, and before a record that would make the
// pack greater than kPackBytes.
inline constexpr size_t kFilesPerPack = 512;
inline constexpr size_t kPackBytes = 512 << 10;

struct EncodedPack {
  std::string first_path;
  std::string bytes;
};

// `files` by path ascending without repeats. Equal files give equal packs.
std::vector<EncodedPack> EncodePacks(absl::Span<const EncodedFile> files);

// Calls `f` with every (path, record) of `pack`, by path ascending, until it returns false.
// kDataLoss if `pack` is malformed.
absl::Status ForEachRecord(absl::string_view pack,
                           std::function<bool(absl::string_view, absl::string_view)> f);
// The record of `path`; nullopt where the pack has none. It lies in `pack`.
absl::StatusOr<std::optional<absl::string_view>> FindRecord(absl::string_view pack,
                                                            absl::string_view path);

}  // namespace testselect
