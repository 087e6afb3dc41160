// SegmentContent: an upload's evidence in its final, encoded form, ready for IndexStore::Commit.
//
// Made by SegmentBuilder only. Plain data; label numbers are those of `labels`, which begins with
// the names of the dictionary that the builder extended.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "storage/model/digest.h"
#include "storage/model/label_set.h"
#include "storage/model/outcome.h"

namespace testselect {

// The record of one file in the codec of file_record.h, with its path.
struct EncodedFile {
  std::string path;
  std::string record;
};

struct SegmentContent {
  std::vector<std::string> labels;  // names by number
  Digest extended_dictionary;       // null where the labels were numbered afresh
  DenseLabelSet ran;
  DenseLabelSet empty_evidence;        // ran, but executed no line, entered no function, has no key
  std::vector<EncodedFile> files;      // by path ascending
  std::vector<LabelOutcome> outcomes;  // by number; empty where the upload had no outcomes
  // Executed (label, file, line) triples; a line that a label executed in two phases is one. Where
  // there is none, entered (label, file, function, phase).
  uint64_t pairs = 0;
  uint64_t global_lines = 0;  // (file, line) executed outside any test
  uint32_t kinds = 0;         // 1 << EvidenceKind of what the files hold
};

}  // namespace testselect
