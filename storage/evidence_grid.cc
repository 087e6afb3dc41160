#include "storage/evidence_grid.h"

#include <algorithm>
#include <bit>

#include "storage/model/varint.h"

namespace testselect {
namespace {

// Bit rows of one batch of classes; a file with more is worked through in several batches.
constexpr size_t kBatchWords = (32u << 20) / sizeof(uint64_t);

// Places that cost nothing worth saving, and places for each line told; with more, lines are
// sparse.
constexpr size_t kDensePlaces = 4096;
constexpr size_t kSparseFactor = 16;

// The first position >= `from` whose bit is set in `word_at(w)`; `bits` if there is none.
template <typename WordAt>
size_t NextBit(size_t from, size_t bits, WordAt word_at) {
  if (from >= bits) return bits;
  const size_t words = (bits + 63) / 64;
  size_t w = from / 64;
  uint64_t word = word_at(w) & (~uint64_t{0} << (from % 64));
  while (word == 0) {
    if (++w == words) return bits;
    word = word_at(w);
  }
  return std::min(bits, w * 64 + static_cast<size_t>(std::countr_zero(word)));
}

}  // namespace

void EvidenceBlocks::Clear() {
  blocks.clear();
  lines.clear();
  labels.clear();
}

void EvidenceGrid::RankLabels(const EvidenceBlocks& in) {
  by_rank_.clear();
  if (in.labels.size() < rank_of_.size() / 256) {
    by_rank_ = in.labels;
    std::sort(by_rank_.begin(), by_rank_.end());
    by_rank_.erase(std::unique(by_rank_.begin(), by_rank_.end()), by_rank_.end());
  } else {
    seen_.assign((rank_of_.size() + 63) / 64, 0);
    for (LabelNumber n : in.labels) seen_[n / 64] |= uint64_t{1} << (n % 64);
    for (size_t w = 0; w < seen_.size(); ++w) {
      for (uint64_t bits = seen_[w]; bits != 0; bits &= bits - 1) {
        by_rank_.push_back(static_cast<LabelNumber>(w * 64 + std::countr_zero(bits)));
      }
    }
  }
  breaks_.assign((by_rank_.size() + 63) / 64, 0);
  for (size_t r = 0; r < by_rank_.size(); ++r) {
    rank_of_[by_rank_[r]] = static_cast<uint32_t>(r);
    if (r == 0 || by_rank_[r] != by_rank_[r - 1] + 1) breaks_[r / 64] |= uint64_t{1} << (r % 64);
  }
}

// Gives every line of the blocks its place. Returns the number of places.
size_t EvidenceGrid::PlaceLines(const EvidenceBlocks& in) {
  place_of_ = in.lines;
  sparse_lines_.clear();
  uint32_t greatest = 0;
  for (uint32_t line : in.lines) greatest = std::max(greatest, line);
  const size_t places = in.lines.empty() ? 0 : size_t{greatest} + 1;
  if (places <= kDensePlaces + kSparseFactor * in.lines.size()) return places;
  sparse_lines_ = in.lines;
  std::sort(sparse_lines_.begin(), sparse_lines_.end());
  sparse_lines_.erase(std::unique(sparse_lines_.begin(), sparse_lines_.end()), sparse_lines_.end());
  sparse_places_.clear();
  for (uint32_t line : in.lines) {
    const auto at = std::lower_bound(sparse_lines_.begin(), sparse_lines_.end(), line);
    sparse_places_.push_back(static_cast<uint32_t>(at - sparse_lines_.begin()));
  }
  place_of_ = sparse_places_;
  return sparse_lines_.size();
}

// Splits every class of which `places` has some, but not all, lines.
void EvidenceGrid::RefineBy(absl::Span<const uint32_t> places) {
  touched_.clear();
  for (uint32_t place : places) {
    const uint32_t c = class_of_[place];
    if (touched_lines_[c]++ == 0) touched_.push_back(c);
  }
  for (uint32_t c : touched_) {
    if (c != kUncovered && touched_lines_[c] == classes_[c].lines) {
      moved_to_[c] = c;
    } else {
      moved_to_[c] = static_cast<uint32_t>(classes_.size());
      classes_[c].lines -= touched_lines_[c];
      classes_.push_back({"", 0, touched_lines_[c]});
      moved_to_.push_back(0);
      touched_lines_.push_back(0);
    }
    touched_lines_[c] = 0;
  }
  for (uint32_t place : places) class_of_[place] = moved_to_[class_of_[place]];
}

void EvidenceGrid::RefineClasses(const EvidenceBlocks& in) {
  class_of_.assign(PlaceLines(in), kUncovered);
  classes_.assign(1, {"", 0, class_of_.size()});
  moved_to_.assign(1, 0);
  touched_lines_.assign(1, 0);
  for (const EvidenceBlock& b : in.blocks) RefineBy(place_of_.subspan(b.first_line, b.line_count));
}

// Sets, in the rows of the classes [first, last), the bit of every label of every block.
void EvidenceGrid::FillRows(const EvidenceBlocks& in, uint32_t first_class, uint32_t last_class) {
  const size_t words = breaks_.size();
  rows_.assign((last_class - first_class) * words, 0);
  for (const EvidenceBlock& b : in.blocks) {
    touched_.clear();
    for (size_t i = 0; i < b.line_count; ++i) {
      const uint32_t c = class_of_[place_of_[b.first_line + i]];
      if (c >= first_class && c < last_class && touched_lines_[c]++ == 0) touched_.push_back(c);
    }
    for (uint32_t c : touched_) {
      touched_lines_[c] = 0;
      uint64_t* row = rows_.data() + (c - first_class) * words;
      for (size_t i = 0; i < b.label_count; ++i) {
        const uint32_t rank = rank_of_[in.labels[b.first_label + i]];
        row[rank / 64] |= uint64_t{1} << (rank % 64);
      }
    }
  }
}

void EvidenceGrid::ReadRow(absl::Span<const uint64_t> row, bool with_sets, LineClass* out) const {
  if (!with_sets) {
    for (uint64_t word : row) out->members += static_cast<uint64_t>(std::popcount(word));
    return;
  }
  const size_t bits = by_rank_.size();
  LabelNumber next = 0;
  const auto set = [&](size_t w) { return row[w]; };
  const auto run_ends = [&](size_t w) { return ~row[w] | breaks_[w]; };
  for (size_t at = NextBit(0, bits, set); at < bits;) {
    const size_t end = NextBit(at + 1, bits, run_ends);
    const size_t length = end - at;
    PutVarint(&out->set, static_cast<uint64_t>(by_rank_[at] - next) << 1 | (length > 1));
    if (length > 1) PutVarint(&out->set, length - 2);
    next = by_rank_[end - 1] + 1;
    out->members += length;
    at = NextBit(end, bits, set);
  }
}

void EvidenceGrid::Build(const EvidenceBlocks& in, bool with_sets) {
  RankLabels(in);
  RefineClasses(in);
  const size_t words = breaks_.size();
  if (words == 0) return;
  const uint32_t count = static_cast<uint32_t>(classes_.size());
  const uint32_t batch = static_cast<uint32_t>(std::max<size_t>(1, kBatchWords / words));
  for (uint32_t first = 1; first < count; first += batch) {
    const uint32_t last = std::min(count, first + batch);
    FillRows(in, first, last);
    for (uint32_t c = first; c < last; ++c) {
      ReadRow(absl::MakeConstSpan(rows_).subspan((c - first) * words, words), with_sets,
              &classes_[c]);
    }
  }
}

}  // namespace testselect
