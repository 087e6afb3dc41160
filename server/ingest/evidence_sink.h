// EvidenceSink: what a report parser tells, in the report's own paths and label texts.
//
// Implemented by UploadBuilder (maps paths, feeds storage's SegmentBuilder) and by test recorders.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

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

// How an outcome report calls a test. `suite` and `file` are empty where the format has one name
// per test; outcome_labels.h finds the label that is meant.
struct ReportedTest {
  absl::string_view suite;  // JUnit's classname
  absl::string_view name;   // may be empty where `suite` is not: the whole suite is meant
  absl::string_view file;   // as the report writes it
  bool ran = true;          // false: the test was not started, so this alone makes it no label
  // The label begins with the file: "test/a.test.js > Suite > test", and `name` alone is no label.
  bool file_leads = false;
  // All tests of `file`, which did not load. Does not count as a result that the report lists.
  bool whole_file = false;
  // Other names that a known label may have for the test, the best first.
  absl::Span<const std::string> aliases = {};
};

// The text of a repository's file at the commit that an upload was recorded at; nothing where it is
// not known. Errors: kUnavailable, kDataLoss.
using SourceTexts =
    std::function<absl::StatusOr<std::optional<std::string>>(const std::string& path)>;

class EvidenceSink {
 public:
  virtual ~EvidenceSink() = default;

  // kInvalidArgument for a label that cannot be kept (empty, over 64 KiB, not UTF-8).
  virtual absl::StatusOr<ContextId> Context(absl::string_view label, Phase phase) = 0;
  // The report's own file name -> file; kIgnoredFile where it is none of the repository's.
  // kInvalidArgument for a name that no tool writes (empty, NUL bytes, over 64 KiB).
  virtual absl::StatusOr<FileId> File(absl::string_view report_path) = 0;
  // As File for a name that may lie below any of several folders (Cobertura's sources): the first
  // of the spellings that is a file of the repository, else the first that could be one.
  virtual absl::StatusOr<FileId> FileAmong(absl::Span<const std::string> spellings) = 0;
  // What a file held when it was executed, for formats that tell offsets; nothing where it is not
  // known, or for kIgnoredFile. Errors: SourceTexts's.
  virtual absl::StatusOr<std::optional<std::string>> SourceText(FileId file) = 0;

  // As SegmentBuilder; all take kIgnoredFile and then do nothing.
  virtual void AddLineBits(FileId file, ContextId context, absl::string_view bits) = 0;
  virtual void AddLine(FileId file, uint32_t line, absl::Span<const ContextId> contexts) = 0;
  virtual void AddFunction(FileId file, ContextId context, LineRange range) = 0;
  virtual void AddOpened(FileId file, ContextId context) = 0;
  virtual void AddImported(FileId file, ContextId context) = 0;
  virtual void AddFixtureUse(FileId file, ContextId context, LineRange range) = 0;
  // A key of an index, as it is written there: a file, a folder or a pattern; mapped to no path.
  // kInvalidArgument as File, and for what is not UTF-8.
  virtual absl::StatusOr<FileId> Key(absl::string_view key) = 0;
  // The index names the context under the key that Key numbered.
  virtual void AddKeyed(FileId key, ContextId context) = 0;
  // One result as the report lists it; of several for one test the sink makes one.
  virtual absl::Status AddOutcome(const ReportedTest& test, const LabelOutcome& outcome) = 0;
  virtual absl::Status MarkRan(absl::string_view label) = 0;
  // The label did more than its evidence shows (LabelOutcome::opaque).
  virtual absl::Status MarkOpaque(absl::string_view label) = 0;
  // The order in which the tests ran, where the report tells it. Labels given to Context before.
  virtual void SuiteOrder(absl::Span<const std::string> labels) = 0;
  // Something the uploader should know.
  virtual void Warn(std::string message) = 0;
};

}  // namespace testselect
