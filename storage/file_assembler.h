// FileAssembler: what the builder holds about one file -> FileEvidence and its counts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/bytes_interner.h"
#include "storage/evidence_grid.h"
#include "storage/model/evidence.h"
#include "storage/model/file_evidence.h"

namespace testselect {

// The raw evidence of one file, as it arrived. Context numbers are the builder's; 0 is the time
// outside any test.
struct RawFile {
  struct Row {  // label-major: the context executed the lines of the pattern
    uint32_t context, pattern;
  };
  struct Run {  // line-major: the contexts of the set executed the lines
    uint32_t first, last, set;
  };
  struct Entered {
    uint32_t context;
    LineRange range;
  };
  std::vector<Row> rows;
  std::vector<Run> runs;
  std::vector<Entered> functions;
  std::vector<Entered> fixtures;  // used
  std::vector<Entered> unstable;  // executed in one run, not in another
  std::vector<uint32_t> opened;   // contexts
  std::vector<uint32_t> imported;
  std::vector<uint32_t> keyed;  // the "file" is a key of an imported index
};

// A context in its final form.
struct FinalContext {
  LabelNumber label = kNoLabel;  // kNoLabel: outside any test
  Phase phase = Phase::kRun;
};

// The set form of a line's contexts: zigzag varints of the differences between neighbours. Cheap
// for contexts in any order, about one byte each for those in order.
void EncodeContexts(absl::Span<const uint32_t> contexts, std::string* out);

// Not thread-safe; one assembler serves all files of an upload.
class FileAssembler {
 public:
  // All must outlive the assembler. `labels`: label numbers are below it.
  FileAssembler(const BytesInterner* patterns, const BytesInterner* sets,
                absl::Span<const FinalContext> contexts, size_t labels)
      : patterns_(*patterns), sets_(*sets), contexts_(contexts), grid_(labels) {}

  struct Counts {
    uint64_t pairs = 0;      // distinct (label, line) of all phases
    uint64_t functions = 0;  // distinct (label, function) per phase
    uint64_t global_lines = 0;
  };
  // Returns the evidence of `raw`, whose rows it reorders. Without sections and global lines if
  // `raw` says nothing. Adds to `observed` the labels that executed a line, entered a function, or
  // are under a key.
  FileEvidence Assemble(absl::string_view path, RawFile* raw, DenseLabelSet* observed,
                        Counts* counts);

 private:
  static constexpr size_t kPhases = 3;
  EvidenceBlocks& Of(Phase phase) { return blocks_[static_cast<size_t>(phase) - 1]; }

  void CollectRows(std::vector<RawFile::Row>* rows);
  void CollectRuns(std::vector<RawFile::Run>* runs);
  void AddBlock(Phase phase, absl::Span<const uint32_t> lines,
                absl::Span<const LabelNumber> labels);
  void PatternLines(uint32_t pattern, std::vector<uint32_t>* lines) const;
  void LineSections(FileEvidence* out, Counts* counts);
  EvidenceSection LineSection(Phase phase, FileEvidence* out, Counts* counts);
  uint64_t CountPairsOfAllPhases();
  // Returns how many (label, range) there are, per phase.
  uint64_t RangeSections(EvidenceKind kind, std::vector<RawFile::Entered>* ranges,
                         FileEvidence* out);
  void WholeFileSections(EvidenceKind kind, absl::Span<const uint32_t> contexts, FileEvidence* out);
  void GlobalLines(FileEvidence* out, Counts* counts);
  void Observe(const RawFile& raw, DenseLabelSet* observed) const;
  uint32_t SetNumber(const std::string& set, FileEvidence* out);

  const BytesInterner& patterns_;
  const BytesInterner& sets_;
  const absl::Span<const FinalContext> contexts_;
  EvidenceGrid grid_;
  EvidenceBlocks blocks_[kPhases];
  EvidenceBlocks all_phases_;
  std::vector<uint32_t> global_;
  std::vector<uint32_t> lines_;
  std::vector<LabelNumber> labels_[kPhases];
  absl::flat_hash_map<std::string, uint32_t> set_numbers_;
};

}  // namespace testselect
