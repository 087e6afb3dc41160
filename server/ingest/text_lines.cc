#include "server/ingest/text_lines.h"

#include <algorithm>
#include <numeric>

#include "storage/model/evidence.h"

namespace testselect {
namespace {

constexpr uint32_t kMaxUnits = UINT32_MAX - 1;

// Cells that are painted over and over, of which only the last coat shows. Painted from the last
// coat to the first, each cell is painted once.
class Cells {
 public:
  explicit Cells(size_t count) : executed_(count, true), next_(count + 1) {
    std::iota(next_.begin(), next_.end(), size_t{0});
  }
  // The coat under all that were painted before.
  void PaintBelow(size_t first, size_t last, bool executed) {
    for (size_t i = Unpainted(first); i < last; i = Unpainted(i)) {
      executed_[i] = executed;
      next_[i] = i + 1;
    }
  }
  bool executed(size_t i) const { return executed_[i]; }

 private:
  // The first unpainted cell from `i` on; the paths walked are halved.
  size_t Unpainted(size_t i) {
    while (next_[i] != i) {
      next_[i] = next_[next_[i]];
      i = next_[i];
    }
    return i;
  }

  std::vector<bool> executed_;
  std::vector<size_t> next_;
};

// The UTF-16 units that the character whose first byte this is takes; 0 for a later byte.
uint32_t UnitsOf(unsigned char byte) {
  if ((byte & 0xC0) == 0x80) return 0;
  return byte >= 0xF0 ? 2 : 1;
}

absl::string_view WithoutSpaceAtEnd(absl::string_view text) {
  const size_t last = text.find_last_not_of(" \t\r\n\f\v");
  return last == absl::string_view::npos ? absl::string_view() : text.substr(0, last + 1);
}

}  // namespace

void TextLines::Append(uint64_t first, uint64_t last) {
  lines_.push_back({static_cast<uint32_t>(std::min<uint64_t>(first, kMaxUnits)),
                    static_cast<uint32_t>(std::min<uint64_t>(last, kMaxUnits))});
}

TextLines TextLines::OfText(absl::string_view utf8) {
  TextLines out;
  const size_t end = WithoutSpaceAtEnd(utf8).size();
  uint64_t first = 0, at = 0;
  for (size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<unsigned char>(utf8[i]);
    if (byte == '\n' && i < end) {
      out.Append(first, i > 0 && utf8[i - 1] == '\r' ? at - 1 : at);
      first = at + 1;
    }
    at += UnitsOf(byte);
    if (i + 1 == end) out.Append(first, at);
  }
  out.units_ = at;
  return out;
}

TextLines TextLines::OfLengths(absl::Span<const uint32_t> lengths) {
  TextLines out;
  while (!lengths.empty() && lengths.back() == 0) lengths.remove_suffix(1);
  uint64_t first = 0;
  for (const uint32_t length : lengths) {
    out.Append(first, first + length);
    first += uint64_t{length} + 1;
  }
  out.units_ = first;
  return out;
}

uint32_t TextLines::OffsetOf(uint32_t line, uint32_t column) const {
  const uint64_t offset = uint64_t{lines_[line].first} + column;
  return static_cast<uint32_t>(std::min<uint64_t>(offset, lines_[line].last));
}

LineBits TextLines::Executed(absl::Span<const TextRange> ranges) const {
  Cells cells(lines_.size());
  for (size_t i = ranges.size(); i-- > 0;) {
    const TextRange& range = ranges[i];
    auto first = std::lower_bound(lines_.begin(), lines_.end(), range.first,
                                  [](const Line& line, uint32_t at) { return line.first < at; });
    // An empty line that a range begins on lies before it.
    if (first != lines_.end() && first->last == range.first) ++first;
    const auto last = std::partition_point(
        first, lines_.end(), [&](const Line& line) { return line.last <= range.last; });
    cells.PaintBelow(static_cast<size_t>(first - lines_.begin()),
                     static_cast<size_t>(last - lines_.begin()), range.executed);
  }
  LineBits bits;
  for (size_t i = 0; i < lines_.size() && i < kMaxLine; ++i) {
    if (cells.executed(i)) bits.Add(static_cast<uint32_t>(i + 1));
  }
  return bits;
}

ExecutedParts::ExecutedParts(absl::Span<const TextRange> ranges) {
  for (const TextRange& range : ranges) cuts_.insert(cuts_.end(), {range.first, range.last});
  std::sort(cuts_.begin(), cuts_.end());
  cuts_.erase(std::unique(cuts_.begin(), cuts_.end()), cuts_.end());
  Cells cells(cuts_.size() + 1);
  const auto part_from = [this](uint32_t cut) {
    const auto found = std::lower_bound(cuts_.begin(), cuts_.end(), cut);
    return static_cast<size_t>(found - cuts_.begin()) + 1;
  };
  for (size_t i = ranges.size(); i-- > 0;) {
    if (ranges[i].first >= ranges[i].last) continue;
    cells.PaintBelow(part_from(ranges[i].first), part_from(ranges[i].last), ranges[i].executed);
  }
  parts_before_.push_back(0);
  for (size_t i = 0; i <= cuts_.size(); ++i) {
    parts_before_.push_back(parts_before_.back() + (cells.executed(i) ? 1 : 0));
  }
}

bool ExecutedParts::AnyIn(uint32_t first, uint32_t last) const {
  if (first >= last) return false;
  const auto part_of = [this](uint32_t offset) {
    const auto found = std::upper_bound(cuts_.begin(), cuts_.end(), offset);
    return static_cast<size_t>(found - cuts_.begin());
  };
  return parts_before_[part_of(last - 1) + 1] > parts_before_[part_of(first)];
}

}  // namespace testselect
