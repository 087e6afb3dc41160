// LabelUniverse: one numbering for the labels of several segments.
//
// Segments of one lineage share their numbers already (dictionaries are append-only); those of
// other jobs, or of shards that extended a dictionary at the same time, are translated. Immutable
// and thread-safe once made.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/index_store.h"

namespace testselect {

class LabelUniverse {
 public:
  // Cost: nothing for dictionaries of one id; comparing names where one may extend another; a hash
  // per name otherwise.
  static std::shared_ptr<const LabelUniverse> Of(
      absl::Span<const std::shared_ptr<const LabelDictionary>> dictionaries);

  size_t size() const { return core_size() + extra_.size(); }
  absl::string_view Name(LabelNumber n) const {
    return n < core_size() ? core_->Name(n) : absl::string_view(extra_[n - core_size()]);
  }
  LabelNumber Find(absl::string_view name) const;  // kNoLabel if unknown

  // Adds the members of `from`, which are numbers of `dictionary`, to `to` in this numbering.
  // `dictionary` must be one of those given to Of.
  void Translate(const LabelDictionary& dictionary, const DenseLabelSet& from,
                 DenseLabelSet* to) const;
  // The universe's number of a dictionary's label.
  LabelNumber Number(const LabelDictionary& dictionary, LabelNumber n) const;

 private:
  LabelUniverse() = default;
  size_t core_size() const { return core_ == nullptr ? 0 : core_->size(); }
  // The translation of a dictionary; empty for one whose numbers are the universe's.
  const std::vector<LabelNumber>& MapOf(const LabelDictionary& dictionary) const;
  std::vector<LabelNumber> Adopt(const LabelDictionary& dictionary);

  std::shared_ptr<const LabelDictionary> core_;  // the largest; its numbers are the universe's
  std::deque<std::string> extra_;                // names that core_ lacks; never moved
  absl::flat_hash_map<absl::string_view, LabelNumber> extra_numbers_;
  absl::flat_hash_map<Digest, std::vector<LabelNumber>> maps_;
};

}  // namespace testselect
