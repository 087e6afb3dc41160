// SegmentBuilder: evidence in any order -> SegmentContent.
//
// Takes evidence label by label or line by line, as formats deliver it; keeps it encoded, so that
// memory follows the information in the upload and not labels times lines. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "storage/index_store.h"
#include "storage/model/evidence.h"
#include "storage/model/outcome.h"
#include "storage/segment_content.h"

namespace testselect {

// A (label, phase) pair, numbered by the builder. 0 is the time outside any test (global lines).
using ContextId = uint32_t;
inline constexpr ContextId kGlobalContext = 0;

// A file of the upload, numbered by the builder.
using FileId = uint32_t;

class SegmentBuilder {
 public:
  // Label numbers extend `dictionary` (may be empty). With `renumber`, or without a dictionary,
  // numbers are given afresh: in the order of Order(), then of the labels' names.
  explicit SegmentBuilder(std::shared_ptr<const LabelDictionary> dictionary, bool renumber = false);
  ~SegmentBuilder();
  SegmentBuilder(SegmentBuilder&&) noexcept;
  SegmentBuilder& operator=(SegmentBuilder&&) noexcept;

  // The same arguments give the same id. A label that is asked for counts as run. `label` must not
  // be empty. Cost: one hash of the name.
  ContextId Context(absl::string_view label, Phase phase);
  FileId File(absl::string_view path);

  // Label-major: the context executed the lines whose bit is set. Bit i of byte i/8 (least
  // significant first) is line i; bit 0 is ignored. Cost: one hash of the bytes.
  void AddLineBits(FileId file, ContextId context, absl::string_view bits);
  // Line-major: the contexts (any order, repeats allowed) executed the line, 1..kMaxLine. Calls for
  // neighbouring lines with equal spans are cheap.
  void AddLine(FileId file, uint32_t line, absl::Span<const ContextId> contexts);
  // The context entered the function that spans `range`.
  void AddFunction(FileId file, ContextId context, LineRange range);
  // The context opened the file as data.
  void AddOpened(FileId file, ContextId context);
  // The file was imported while the context ran.
  void AddImported(FileId file, ContextId context);
  // An imported index names the context under a key; File(key) numbered it.
  void AddKeyed(FileId key, ContextId context);
  // The context used what the fixture that spans `range` made, whoever ran the fixture.
  void AddFixtureUse(FileId file, ContextId context, LineRange range);
  // The context executed the function that spans `range` in one run, and not in another.
  void AddCameOrWent(FileId file, ContextId context, LineRange range);

  // Merges with what was said of the label before (MergeOutcomes). The label counts as run.
  void AddOutcome(absl::string_view label, const LabelOutcome& outcome);
  // Tells the suite's order: labels without a number yet are numbered so, the others after them. A
  // label that is told here only is not added to the upload: it did not run. Of a label told twice
  // the first place counts.
  void Order(absl::Span<const absl::string_view> labels);
  // The label ran, though no evidence may come.
  void MarkRan(absl::string_view label);
  // The labels that count as run so far, in the order in which they came; views stay valid as long
  // as the builder.
  std::vector<absl::string_view> RanLabels() const;
  // The builder's own copy of the label; nullopt if it does not count as run.
  absl::optional<absl::string_view> FindRan(absl::string_view label) const;

  uint64_t pairs_so_far() const;  // repeats counted: at least SegmentContent's `pairs`
  size_t labels_so_far() const;
  size_t files_so_far() const;
  // Bytes of heap the builder holds, for the ingest memory limit; an estimate within 20%.
  size_t memory_bytes() const;

  // Consumes the builder. kInvalidArgument if nothing at all was added (no label, no line), or if a
  // line was not 1..kMaxLine (the message names the file and the line).
  // Cost: linear in the distinct label sets.
  absl::StatusOr<SegmentContent> Finish() &&;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace testselect
