// Labels that patterns of a rule file mean, as sets of one segment's numbers.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/selection/label_universe.h"
#include "storage/index_store.h"
#include "storage/model/label_set.h"

namespace testselect {

// Keeps what it found: the labels of a plan are many, its rules and segments few. Not thread-safe.
// `universe` holds the labels of all segments asked about, and must outlive this.
class RuleLabels {
 public:
  explicit RuleLabels(const LabelUniverse& universe) : universe_(universe) {}

  // The members of `dictionary` that some pattern (LabelMatch) means. Cost: once per dictionary
  // and list of patterns, labels times patterns.
  const DenseLabelSet& In(const LabelDictionary& dictionary,
                          const std::vector<std::string>& patterns);
  // Whether the patterns mean any label of the whole universe. Cost as In, once per list.
  bool AnyKnown(const std::vector<std::string>& patterns);

 private:
  const LabelUniverse& universe_;
  absl::flat_hash_map<std::pair<Digest, std::vector<std::string>>, DenseLabelSet> found_;
  absl::flat_hash_map<std::vector<std::string>, bool> known_;
};

}  // namespace testselect
