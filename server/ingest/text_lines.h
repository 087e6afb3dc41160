// TextLines: where the lines of a program's text lie, in the UTF-16 units that V8 counts in.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/ingest/line_bits.h"

namespace testselect {

// A half-open stretch of a text that was executed or not.
struct TextRange {
  uint32_t first = 0, last = 0;
  bool executed = false;
};

// Immutable.
class TextLines {
 public:
  // A byte order mark counts as a unit, as it does for V8 where it is left in. White space at the
  // end makes no lines. Text that is not UTF-8 gives some lines.
  static TextLines OfText(absl::string_view utf8);
  // Of the lengths of lines without their line feeds.
  static TextLines OfLengths(absl::Span<const uint32_t> lengths);

  // The whole text, its end included.
  uint64_t units() const { return units_; }
  size_t size() const { return lines_.size(); }
  // The offset of a column of a line (both from 0), at most the line's end.
  uint32_t OffsetOf(uint32_t line, uint32_t column) const;
  // The end of a line; its line end does not belong to it.
  uint32_t EndOf(uint32_t line) const { return lines_[line].last; }

  // The lines, counted from 1, that were executed: not wholly inside a range that was not. Of two
  // ranges the later one tells the truth about what both hold. This is what v8-to-istanbul (and so
  // c8) makes of them. Cost: linear, but for a search per range.
  LineBits Executed(absl::Span<const TextRange> ranges) const;

 private:
  struct Line {
    uint32_t first = 0, last = 0;
  };
  void Append(uint64_t first, uint64_t last);

  std::vector<Line> lines_;
  uint64_t units_ = 0;
};

// Which parts of a text were executed, for any offsets. Of two ranges the later one tells the truth
// about what both hold; what none holds was executed. Immutable.
class ExecutedParts {
 public:
  // Cost: sorting the ranges' ends.
  explicit ExecutedParts(absl::Span<const TextRange> ranges);
  // Whether anything in [first, last) was. Cost: a search.
  bool AnyIn(uint32_t first, uint32_t last) const;

 private:
  std::vector<uint32_t> cuts_;          // part i lies between cuts i - 1 and i
  std::vector<uint32_t> parts_before_;  // executed ones among the first i
};

}  // namespace testselect
