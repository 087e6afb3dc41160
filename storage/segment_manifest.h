// SegmentManifest: what a stored segment consists of, by digest. The grammar is in KEYS.md,
// "Manifest".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/model/digest.h"
#include "storage/model/label_set.h"

namespace testselect {

struct SegmentManifest {
  struct Pack {
    std::string first_path;
    Digest digest;
  };
  uint32_t labels = 0;         // size of the dictionary
  std::vector<Digest> pieces;  // of the dictionary
  DenseLabelSet ran;
  DenseLabelSet empty_evidence;
  Digest outcomes;          // null: the upload had none
  std::vector<Pack> packs;  // by first path ascending
};

std::string EncodeManifest(const SegmentManifest& manifest);
absl::StatusOr<SegmentManifest> DecodeManifest(absl::string_view bytes);  // kDataLoss if malformed

}  // namespace testselect
