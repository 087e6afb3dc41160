// EvidenceGrid: rectangles "these labels executed these lines" -> per line, the exact label set.
//
// Both shapes of input become rectangles: the labels that share a bit pattern of lines (label-major
// formats), and the lines that share a label set (line-major formats). They may overlap. Not
// thread-safe; one grid is reused for all files of an upload, so that its scratch space is
// allocated once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "storage/model/evidence.h"

namespace testselect {

// One rectangle: indexes into the arrays of its EvidenceBlocks.
struct EvidenceBlock {
  size_t first_line = 0, line_count = 0;
  size_t first_label = 0, label_count = 0;
};

// The rectangles of one file in one phase. Lines of a block ascend without repeats; labels of a
// block may repeat.
struct EvidenceBlocks {
  std::vector<EvidenceBlock> blocks;
  std::vector<uint32_t> lines;
  std::vector<LabelNumber> labels;
  void Clear();
};

// Lines that the same labels executed, as one class.
struct LineClass {
  std::string set;       // gap runs (label_set.h)
  uint64_t members = 0;  // labels in it
  uint64_t lines = 0;    // lines that belong to it
};

class EvidenceGrid {
 public:
  // `universe`: label numbers are below it.
  explicit EvidenceGrid(size_t universe) : rank_of_(universe) {}

  // Computes the classes of `in`, which must stay unchanged while the results are read. With
  // `with_sets` = false only the counts are filled. Cost, in time and memory: linear in the lines
  // of the blocks plus the members of the classes; where lines lie far apart, their sorting in
  // time.
  void Build(const EvidenceBlocks& in, bool with_sets);

  // After Build: the class of line(0), line(1), ..., which ascend and hold every covered line;
  // kUncovered where no label was.
  static constexpr uint32_t kUncovered = 0;
  absl::Span<const uint32_t> class_of() const { return class_of_; }
  uint32_t line(size_t place) const {
    return sparse_lines_.empty() ? static_cast<uint32_t>(place) : sparse_lines_[place];
  }
  // By class number; classes()[kUncovered] is empty.
  absl::Span<const LineClass> classes() const { return classes_; }

 private:
  void RankLabels(const EvidenceBlocks& in);
  size_t PlaceLines(const EvidenceBlocks& in);
  void RefineClasses(const EvidenceBlocks& in);
  void RefineBy(absl::Span<const uint32_t> places);
  void FillRows(const EvidenceBlocks& in, uint32_t first_class, uint32_t last_class);
  void ReadRow(absl::Span<const uint64_t> row, bool with_sets, LineClass* out) const;

  // A line's place is its number, or its rank among the file's lines where these lie far apart: a
  // few lines with absurd numbers must not take memory by their numbers.
  absl::Span<const uint32_t> place_of_;  // parallel to the lines of the blocks
  std::vector<uint32_t> sparse_lines_;   // by rank; empty: places are line numbers
  std::vector<uint32_t> sparse_places_;  // what place_of_ shows of sparse lines
  std::vector<uint32_t> class_of_;       // by place
  std::vector<LineClass> classes_;
  std::vector<uint32_t> moved_to_;       // per class, during one refinement
  std::vector<uint32_t> touched_lines_;  // per class, during one refinement
  std::vector<uint32_t> touched_;        // classes
  std::vector<LabelNumber> by_rank_;     // the file's labels, ascending
  std::vector<uint32_t> rank_of_;        // by label number; valid for the file's labels only
  std::vector<uint64_t> breaks_;         // bit r: by_rank_[r] does not follow by_rank_[r - 1]
  std::vector<uint64_t> seen_;           // bit per label number
  std::vector<uint64_t> rows_;           // one bit row over ranks per class of the batch
};

}  // namespace testselect
