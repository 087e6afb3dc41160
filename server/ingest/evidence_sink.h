// EvidenceSink: what a report parser tells, in the report's own paths and label texts.
//
// Implemented by UploadBuilder (maps paths, feeds storage's SegmentBuilder) and by test recorders.
// Not thread-safe.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/model/evidence.h"
#include "storage/model/outcome.h"
#include "storage/segment_builder.h"

namespace testselect {

// The file a parser names lies outside the repository or matches no path: its evidence is dropped
// (and counted by the sink).
inline constexpr FileId kIgnoredFile = 0xFFFFFFFF;

class EvidenceSink {
 public:
  virtual ~EvidenceSink() = default;

  // kInvalidArgument for a label that cannot be kept (empty, over 64 KiB, not UTF-8).
  virtual absl::StatusOr<ContextId> Context(absl::string_view label, Phase phase) = 0;
  // The report's own file name -> file; kIgnoredFile where it is none of the repository's.
  // kInvalidArgument for a name that no tool writes (empty, NUL bytes, over 64 KiB).
  virtual absl::StatusOr<FileId> File(absl::string_view report_path) = 0;

  // As SegmentBuilder; all take kIgnoredFile and then do nothing.
  virtual void AddLineBits(FileId file, ContextId context, absl::string_view bits) = 0;
  virtual void AddLine(FileId file, uint32_t line, absl::Span<const ContextId> contexts) = 0;
  virtual void AddFunction(FileId file, ContextId context, LineRange range) = 0;
  virtual void AddOpened(FileId file, ContextId context) = 0;
  virtual absl::Status AddOutcome(absl::string_view label, const LabelOutcome& outcome) = 0;
  virtual absl::Status MarkRan(absl::string_view label) = 0;
};

}  // namespace testselect
