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

  // Computes the classes of `in`. With `with_sets` = false only the counts are filled. Cost: linear
  // in the lines of the blocks plus the members of the classes.
  void Build(const EvidenceBlocks& in, bool with_sets);

  // After Build: class of each line from 0 to the greatest one covered; kUncovered where no label
  // was.
  static constexpr uint32_t kUncovered = 0;
  absl::Span<const uint32_t> class_of_line() const { return class_of_; }
  // By class number; classes()[kUncovered] is empty.
  absl::Span<const LineClass> classes() const { return classes_; }

 private:
  void RankLabels(const EvidenceBlocks& in);
  void RefineClasses(const EvidenceBlocks& in);
  void RefineBy(absl::Span<const uint32_t> lines);
  void FillRows(const EvidenceBlocks& in, uint32_t first_class, uint32_t last_class);
  void ReadRow(absl::Span<const uint64_t> row, bool with_sets, LineClass* out) const;

  std::vector<uint32_t> class_of_;
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
