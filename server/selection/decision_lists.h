// DecisionLists: the lists of labels that decisions are about, as notes of the store. KEYS.md has
// the keys and the grammar.
//
// Most lists differ little from an earlier one and are stored as what differs from it.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/selection/label_list.h"
#include "storage/index_store.h"
#include "storage/model/digest.h"

namespace testselect {

// Find and BaseOf are thread-safe; the others take turns. Errors of all: the store's.
class DecisionLists {
 public:
  using ListPtr = std::shared_ptr<const LabelList>;

  // `store` must outlive this.
  explicit DecisionLists(IndexStore* store) : store_(*store) {}

  struct Entry {
    std::string repository;
    ListPtr list;
    bool whole = false;  // others may be stored as what differs from it
  };
  // Has `batch` store a list that is not stored. Once the batch is written, Keep is to be told.
  absl::StatusOr<Entry> Add(absl::string_view repository, const ListPtr& list, NoteBatch* batch);
  // Remembers a stored list, in bounded memory.
  void Keep(Entry entry);
  // To be told before lists of a repository are deleted.
  void Forget(absl::string_view repository);

  // kNotFound, kDataLoss.
  absl::StatusOr<ListPtr> Find(absl::string_view repository, const Digest& digest) const;
  // The list that a stored one needs to be read; null: none. kNotFound.
  absl::StatusOr<Digest> BaseOf(absl::string_view repository, const Digest& digest) const;
  static std::string Key(absl::string_view repository, const Digest& digest);

 private:
  absl::StatusOr<std::string> Note(absl::string_view repository, const Digest& digest) const;
  // What differs from a list that is remembered; "": none is alike. A list found is the next that
  // is tried first.
  std::string EncodeDifference(absl::string_view repository, const LabelList& list);

  IndexStore& store_;
  std::list<Entry> entries_;  // what was used last at the front
  size_t bytes_ = 0;          // of their lists
};

// The note of a list by itself, and back. Decoding checks that it is the list `digest` names.
std::string EncodeLabelList(const LabelList& list);
absl::StatusOr<std::shared_ptr<const LabelList>> DecodeLabelList(absl::string_view note,
                                                                 const Digest& digest);

}  // namespace testselect
