// Decision: a selection as it was made, with what it was made of, so that it can be explained,
// made again (replay.h) and judged when outcomes arrive (evaluation.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/selection/label_list.h"
#include "server/selection/selector.h"
#include "storage/model/digest.h"
#include "storage/model/label_set.h"

namespace testselect {

struct Decision {
  SelectionRequest request;       // without labels and deadline
  bool labels_requested = false;  // false: all that the index knew were chosen from
  Digest list;                    // names the labels chosen from
  uint64_t labels = 0;            // how many they are
  Selection answer;               // without known_labels and the order of what runs
  Digest run_order;               // of the order; null with omit_order
  absl::Time created;             // in whole microseconds
  std::string server_version;

  const std::string& id() const { return answer.id; }
};

// The decision that `result` is the answer of. Cost: copies the request and the four bit sets.
Decision MakeDecision(const SelectionRequest& request, const SelectionResult& result,
                      absl::Time now, absl::string_view server_version);
// Names an order of labels.
Digest DigestOfOrder(const std::vector<uint32_t>& run);

// The labels that a decision says to run: by the selection, where the policy is shadow and
// everything ran. Positions in its list.
DenseLabelSet Predicted(const Decision& decision);

// The note's value, and back; KEYS.md has the grammar. kDataLoss for anything that EncodeDecision
// cannot have written.
std::string EncodeDecision(const Decision& decision);
absl::StatusOr<Decision> DecodeDecision(absl::string_view note);

// Bit i of a bit set (least significant first in byte i / 8) <-> member i.
DenseLabelSet SetOfBits(absl::string_view bits);
std::string BitsOfSet(const DenseLabelSet& set, size_t labels);

}  // namespace testselect
