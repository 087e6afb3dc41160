// DecisionLog: the decisions that are kept, as notes of the store. storage/KEYS.md has the keys.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/selection/decision.h"
#include "server/selection/decision_lists.h"
#include "storage/index_store.h"
#include "storage/model/object_id.h"

namespace testselect {

// What a list of decisions shows of one.
struct DecisionRow {
  std::string id;
  ObjectId base, head;
  absl::Time created;
  Digest list;
  uint64_t labels = 0, predicted = 0;  // see Predicted
  FallbackCode fallback = FallbackCode::kNone;
  bool shadow = false;
  double run_seconds = 0, total_seconds = 0;
};
DecisionRow RowOf(const Decision& decision);
std::string EncodeDecisionRow(const DecisionRow& row);
// kDataLoss for anything that EncodeDecisionRow cannot have written.
absl::StatusOr<DecisionRow> DecodeDecisionRow(absl::string_view note);

// Decisions are kept for which all of these hold.
struct DecisionLimits {
  uint64_t newest = std::numeric_limits<uint64_t>::max();  // so many of a repository
  absl::Time since = absl::InfinitePast();                 // made then or later
};

// Thread-safe as far as the store is, but Put and Prune take turns with themselves and each other,
// and are called on one log of a store only. Errors of all: the store's, kDataLoss for a note that
// is malformed.
class DecisionLog {
 public:
  // `store` must outlive the log.
  explicit DecisionLog(IndexStore* store) : store_(*store), lists_(store) {}

  // Whether a decision of that name is kept.
  absl::StatusOr<bool> Contains(absl::string_view repository, const ObjectId& head,
                                absl::string_view id) const;
  // Stores the decision and, where it is not there yet, its list; all or nothing.
  absl::Status Put(const Decision& decision, const DecisionLists::ListPtr& list);
  // kNotFound. `id` may be anything.
  absl::StatusOr<Decision> Find(absl::string_view repository, absl::string_view id) const;
  // kNotFound.
  absl::StatusOr<DecisionLists::ListPtr> FindList(absl::string_view repository,
                                                  const Digest& list) const {
    return lists_.Find(repository, list);
  }
  // Newest first. Cost: one small note for each decision that is kept.
  absl::StatusOr<std::vector<DecisionRow>> List(absl::string_view repository) const;
  absl::StatusOr<std::vector<DecisionRow>> OfHead(absl::string_view repository,
                                                  const ObjectId& head) const;
  // Deletes the decisions that `limits` do not keep, with their evaluations and the lists that no
  // other needs; in a dry run none. Returns how many. Cost: as List.
  absl::StatusOr<uint64_t> Prune(absl::string_view repository, const DecisionLimits& limits,
                                 bool dry_run = false);

 private:
  absl::StatusOr<std::vector<DecisionRow>> RowsBelow(absl::string_view prefix, size_t rest) const;

  // Adds a list and the one that it needs to be read.
  absl::Status AddWithBase(absl::string_view repository, const Digest& list,
                           absl::flat_hash_set<Digest>* lists) const;

  IndexStore& store_;
  DecisionLists lists_;
};

}  // namespace testselect
