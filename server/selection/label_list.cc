#include "server/selection/label_list.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"
#include "storage/model/varint.h"

namespace testselect {
namespace {

absl::Status TooMany(absl::string_view field) {
  return absl::ResourceExhaustedError(
      absl::StrCat(field, ": has over ", LabelList::kMaxLabels, " labels, which is the limit"));
}

absl::Status EmptyLabel(absl::string_view field, size_t position) {
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": label ", position, " is empty; labels have at least one byte"));
}

absl::Status NotUtf8(absl::string_view field, size_t position, absl::string_view label) {
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": label ", position, " '", Shorten(label), "' is not UTF-8"));
}

constexpr size_t kChunk = 4096;

// Finds the line feeds of a text that grows, and whether all of it is ASCII.
class LineFeedFinder {
 public:
  explicit LineFeedFinder(std::vector<uint64_t>* found) : found_(*found) {}

  // Reads what `text` has got since the last call: at most kChunk bytes.
  void Find(absl::string_view text) {
    uint16_t found[kChunk];  // in the new bytes; kept near, and apart from what may alias
    const absl::string_view added = text.substr(read_);
    const size_t blocks = added.size() / kBlock * kBlock;
    size_t count = FindInBlocks(added.substr(0, blocks), found);
    for (size_t i = blocks; i < added.size(); ++i) {
      if (added[i] == '\n') found[count++] = static_cast<uint16_t>(i);
      ascii_ = ascii_ && static_cast<unsigned char>(added[i]) < 0x80;
    }
    for (size_t i = 0; i < count; ++i) found_.push_back(read_ + found[i]);
    read_ = text.size();
  }
  bool ascii() const { return ascii_; }

 private:
#ifdef __SSE2__
  static constexpr size_t kBlock = 64;

  // One comparison for 16 bytes: labels are so short that calling memchr for each costs more.
  size_t FindInBlocks(absl::string_view text, uint16_t* found) {
    const __m128i line_feed = _mm_set1_epi8('\n');
    __m128i all = _mm_setzero_si128();
    size_t count = 0;
    for (size_t at = 0; at < text.size(); at += kBlock) {
      uint64_t equal = 0;
      for (size_t i = 0; i < kBlock; i += sizeof(__m128i)) {
        const __m128i bytes =
            _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at + i));
        all = _mm_or_si128(all, bytes);
        const int mask = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, line_feed));
        equal |= uint64_t{static_cast<unsigned>(mask)} << i;
      }
      for (; equal != 0; equal &= equal - 1) {
        found[count++] = static_cast<uint16_t>(at + static_cast<size_t>(std::countr_zero(equal)));
      }
    }
    ascii_ = ascii_ && _mm_movemask_epi8(all) == 0;
    return count;
  }
#else
  static constexpr size_t kBlock = kChunk + 1;  // none
  size_t FindInBlocks(absl::string_view, uint16_t*) { return 0; }
#endif

  std::vector<uint64_t>& found_;
  size_t read_ = 0;
  bool ascii_ = true;
};

}  // namespace

Digest LabelList::DigestOfPacked(Pieces packed) {
  if (packed.size() == 1 && absl::EndsWith(packed[0], "\n")) return Digest::Of(packed[0]);
  DigestStream stream;
  char last = '\n';
  for (const absl::string_view piece : packed) {
    stream.Update(piece);
    if (!piece.empty()) last = piece.back();
  }
  if (last != '\n') stream.Update("\n");
  return stream.Finish();
}

absl::StatusOr<std::shared_ptr<const LabelList>> LabelList::FromPacked(absl::string_view field,
                                                                       Pieces packed,
                                                                       const Digest& digest) {
  std::shared_ptr<LabelList> list(new LabelList);
  size_t bytes = 1;  // a last line feed
  for (const absl::string_view piece : packed) bytes += piece.size();
  list->text_.reserve(bytes);
  LineFeedFinder finder(&list->ends_);
  for (absl::string_view piece : packed) {
    // Found while the copy is still in the nearest cache.
    for (; !piece.empty(); piece.remove_prefix(std::min(piece.size(), kChunk))) {
      const absl::string_view chunk = piece.substr(0, kChunk);
      list->text_.append(chunk.data(), chunk.size());
      finder.Find(list->text_);
    }
  }
  if (!list->text_.empty() && list->text_.back() != '\n') {
    list->text_.push_back('\n');
    finder.Find(list->text_);
  }
  TS_RETURN_IF_ERROR(list->CheckLabels(field, finder.ascii()));
  list->digest_ = digest;
  return list;
}

absl::Status LabelList::CheckLabels(absl::string_view field, bool ascii) const {
  if (ends_.size() > kMaxLabels) return TooMany(field);
  const bool utf8 = ascii || IsUtf8(text_);
  uint64_t begin = 0;
  for (size_t i = 0; i < ends_.size(); ++i) {
    if (ends_[i] == begin) return EmptyLabel(field, i);
    if (!utf8 && !IsUtf8((*this)[i])) return NotUtf8(field, i, (*this)[i]);
    begin = ends_[i] + 1;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const LabelList>> LabelList::FromStrings(
    absl::string_view field, const std::vector<absl::string_view>& labels) {
  if (labels.size() > kMaxLabels) return TooMany(field);
  std::shared_ptr<LabelList> list(new LabelList);
  size_t bytes = 0;
  for (absl::string_view label : labels) bytes += label.size() + 1;
  list->text_.reserve(bytes);
  list->ends_.reserve(labels.size());
  bool line_feeds = false;
  for (absl::string_view label : labels) {
    if (label.empty()) return EmptyLabel(field, list->ends_.size());
    if (!IsUtf8(label)) return NotUtf8(field, list->ends_.size(), label);
    line_feeds |= std::memchr(label.data(), '\n', label.size()) != nullptr;
    list->text_.append(label.data(), label.size());
    list->ends_.push_back(list->text_.size());
    list->text_.push_back('\n');
  }
  list->digest_ = Digest::Of(list->text_);
  list->can_be_packed_ = !line_feeds;
  if (line_feeds) {
    // The text alone would not tell "a\nb" from "a", "b": let the borders count too.
    std::string borders;
    for (uint64_t end : list->ends_) PutVarint(&borders, end);
    list->digest_ = Digest::Of(absl::StrCat(list->digest_.ToHex(), borders));
  }
  return list;
}

}  // namespace testselect
