// The evidence of one job of a commit as an index of keys (IndexService.ExportIndex).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/selection/label_universe.h"
#include "storage/index_store.h"

namespace testselect {

// What the keys name. The numbers are the proto's.
enum class IndexKind : uint8_t {
  kFile = 1,
  kPackage = 2,
  kDiffedPackage = 3,
  kLine = 4,
  kFunction = 5,
};

// A function of a file.
struct NamedBody {
  std::string name;  // qualified
  LineRange lines;
};

struct ExportInputs {
  const IndexStore* store = nullptr;
  std::vector<SegmentInfo> segments;     // usable, of one job at one commit
  std::vector<SegmentInfo> of_all_jobs;  // usable, of the commit: where the baseline may be
  std::vector<std::string> baseline;     // labels, for kDiffedPackage
  // The functions of a file, for kFunction; none where the language is not known.
  std::function<absl::StatusOr<std::vector<NamedBody>>(const std::string& path)> bodies;
  std::function<bool()> cancelled;  // whether nobody waits any more
};

struct ExportedKey {
  std::string key;
  std::string labels;        // gap runs (label_set.h), the universe's numbers
  bool every_label = false;  // code outside tests
};

struct ExportedIndex {
  std::shared_ptr<const LabelUniverse> universe;
  DenseLabelSet ran;
  std::vector<ExportedKey> keys;  // by key ascending, each once
  DenseLabelSet without_keys;     // of `ran`
  std::vector<std::string> warnings;
};

// More (key, label) pairs than this are kResourceExhausted.
inline constexpr uint64_t kMaxExportedPairs = 200'000'000;

// Errors: those of the store and of `bodies`; kCancelled. Cost: all files of the segments are read.
absl::StatusOr<ExportedIndex> ExportKeys(const ExportInputs& inputs, IndexKind kind);

}  // namespace testselect
