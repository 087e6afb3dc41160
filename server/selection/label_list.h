// LabelList: the labels a client asks about, in its order, with a digest that names them.
//
// Immutable and thread-safe once made. Positions are 32-bit; at most kMaxLabels.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/model/digest.h"

namespace testselect {

class LabelList {
 public:
  static constexpr size_t kMaxLabels = 2'000'000;

  // A packed list may lie in several pieces, cut anywhere.
  using Pieces = absl::Span<const absl::string_view>;

  // The digest of a packed list: of its bytes, with a line feed added where the last label has
  // none. Cost: one hash of the bytes; the list is not split.
  static Digest DigestOfPacked(Pieces packed);

  // Labels separated by line feeds. `digest` must be DigestOfPacked(packed). kInvalidArgument
  // naming `field` and the position for an empty label or text that is not UTF-8,
  // kResourceExhausted for too many. Cost: one pass over the bytes, which copies them.
  static absl::StatusOr<std::shared_ptr<const LabelList>> FromPacked(absl::string_view field,
                                                                     Pieces packed,
                                                                     const Digest& digest);
  static absl::StatusOr<std::shared_ptr<const LabelList>> FromPacked(absl::string_view field,
                                                                     absl::string_view packed) {
    return FromPacked(field, Pieces(&packed, 1), DigestOfPacked(Pieces(&packed, 1)));
  }
  // As FromPacked. A label may contain a line feed here; such a list has no packed form.
  static absl::StatusOr<std::shared_ptr<const LabelList>> FromStrings(
      absl::string_view field, const std::vector<absl::string_view>& labels);

  size_t size() const { return ends_.size(); }
  absl::string_view operator[](size_t i) const {
    const uint64_t begin = i == 0 ? 0 : ends_[i - 1] + 1;
    return absl::string_view(text_).substr(begin, ends_[i] - begin);
  }
  const Digest& digest() const { return digest_; }
  absl::string_view packed() const { return text_; }  // every label followed by a line feed
  // False where a label holds a line feed: cutting packed() would give other labels.
  bool can_be_packed() const { return can_be_packed_; }
  size_t memory_bytes() const { return text_.capacity() + ends_.capacity() * sizeof(uint64_t); }

 private:
  LabelList() = default;
  // kInvalidArgument for the first label that is empty or no UTF-8; kResourceExhausted.
  absl::Status CheckLabels(absl::string_view field, bool ascii) const;

  std::string text_;
  std::vector<uint64_t> ends_;  // of each label in text_, its line feed excluded
  Digest digest_;
  bool can_be_packed_ = true;
};

}  // namespace testselect
