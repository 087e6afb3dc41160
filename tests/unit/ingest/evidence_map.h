// EvidenceMap: a parsed upload as plain maps, for comparison with a truth.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "storage/segment_content.h"

namespace testselect {

struct EvidenceMap {
  using Lines = std::set<uint32_t>;                            // 0: the file as a whole
  std::map<std::string, std::map<std::string, Lines>> labels;  // label -> file -> lines
  std::map<std::string, Lines> global;                         // file -> lines
  std::set<std::string> files;
  std::map<std::string, LabelOutcome> outcomes;

  uint64_t pairs() const;
  uint64_t global_pairs() const;
  // Of the sorted lines "label TAB file TAB line LF", in hexadecimal.
  std::string PairsSha256() const;
};

enum class DecodeWhat { kAll, kLines };  // kLines: without functions that were entered

// All phases together. Labels that ran without evidence are there with no files.
absl::StatusOr<EvidenceMap> Decode(const SegmentContent& content,
                                   DecodeWhat what = DecodeWhat::kAll);

}  // namespace testselect
