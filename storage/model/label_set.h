// Sets of label numbers: a compact persistent form and a dense working form.
//
// Persistent form ("gap runs"): ascending runs of consecutive numbers; per run one LEB128 varint
// (gap << 1 | longer), gap counted from the end of the previous run, and, if longer = 1, a second
// varint with length - 2. The empty set is the empty string. Most sets of a suite numbered in its
// own order are a few runs, which is why this beats compressed bitmaps at rest.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/model/evidence.h"

namespace testselect {

// A plain bit set over label numbers, growing on Add. Not thread-safe for writers.
class DenseLabelSet {
 public:
  DenseLabelSet() = default;
  explicit DenseLabelSet(size_t universe) : words_((universe + 63) / 64) {}

  void Add(LabelNumber n);
  void AddRange(LabelNumber first, LabelNumber last);  // both inclusive
  bool Contains(LabelNumber n) const {
    return n / 64 < words_.size() && (words_[n / 64] >> (n % 64) & 1) != 0;
  }
  bool Empty() const;
  size_t Count() const;
  void Clear() { words_.clear(); }

  DenseLabelSet& operator|=(const DenseLabelSet& other);
  DenseLabelSet& operator&=(const DenseLabelSet& other);
  DenseLabelSet& operator-=(const DenseLabelSet& other);  // set difference
  bool Intersects(const DenseLabelSet& other) const;
  // Same members (trailing zero words do not count).
  friend bool operator==(const DenseLabelSet& a, const DenseLabelSet& b);

  // Calls f(LabelNumber) in ascending order.
  template <typename F>
  void ForEach(F f) const {
    for (size_t w = 0; w < words_.size(); ++w) {
      for (uint64_t bits = words_[w]; bits != 0; bits &= bits - 1) {
        f(static_cast<LabelNumber>(w * 64 + static_cast<size_t>(std::countr_zero(bits))));
      }
    }
  }
  std::vector<LabelNumber> ToVector() const;
  absl::Span<const uint64_t> words() const { return words_; }

 private:
  std::vector<uint64_t> words_;
};

// The gap-run form of `sorted`, which must be ascending and free of repeats.
std::string EncodeLabelSet(absl::Span<const LabelNumber> sorted);
std::string EncodeLabelSet(const DenseLabelSet& set);

// Adds the members of a gap-run set to `out`. kDataLoss if `encoded` is malformed or names a number
// >= `universe`; `out` may then hold a part of it. Cost: linear in the bytes plus words touched.
absl::Status UnionLabelSet(absl::string_view encoded, size_t universe, DenseLabelSet* out);

}  // namespace testselect
