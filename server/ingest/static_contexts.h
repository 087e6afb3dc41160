// Static contexts of coverage.py: a run's own name, joined by '|' before the test's.
//
// The static context alone ("py=3.11" beside "py=3.11|test_a.test_x") marks lines that ran outside
// tests, though it looks like a label.
#pragma once

#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/types/span.h"
#include "server/ingest/evidence_sink.h"
#include "server/ingest/line_bits.h"

namespace testselect {

// The contexts S among `contexts` for which there is a test's context "S|test" as well. (A phase
// after the bar makes S a test.) Cost: a hash per '|'.
absl::flat_hash_set<std::string> StaticContexts(absl::Span<const std::string> contexts);

// A sink for a second reading of a report: passes on the files, and the lines of static contexts as
// global lines; drops everything else.
class StaticContextSink : public EvidenceSink {
 public:
  // `sink` must outlive this.
  StaticContextSink(absl::flat_hash_set<std::string> statics, EvidenceSink* sink)
      : statics_(std::move(statics)), sink_(sink) {}

  absl::StatusOr<ContextId> Context(absl::string_view label, Phase phase) override;
  absl::StatusOr<FileId> File(absl::string_view report_path) override;
  absl::StatusOr<FileId> FileAmong(absl::Span<const std::string> spellings) override;
  absl::StatusOr<std::optional<std::string>> SourceText(FileId) override { return std::nullopt; }
  void AddLineBits(FileId file, ContextId context, absl::string_view bits) override;
  void AddLine(FileId file, uint32_t line, absl::Span<const ContextId> contexts) override;
  void AddFunction(FileId, ContextId, LineRange) override {}
  void AddOpened(FileId, ContextId) override {}
  void AddImported(FileId, ContextId) override {}
  void AddFixtureUse(FileId, ContextId, LineRange) override {}
  absl::StatusOr<FileId> Key(absl::string_view) override { return kIgnoredFile; }
  void AddKeyed(FileId, ContextId) override {}
  absl::Status AddOutcome(const ReportedTest&, const LabelOutcome&) override;
  absl::Status MarkRan(absl::string_view) override;
  absl::Status MarkOpaque(absl::string_view) override;
  void SuiteOrder(absl::Span<const std::string>) override {}
  void Warn(std::string) override {}

  // Hands over what was collected. Call once, at the end.
  void Flush();

 private:
  static constexpr ContextId kStatic = 1, kOther = 2;

  const absl::flat_hash_set<std::string> statics_;
  EvidenceSink* const sink_;
  absl::flat_hash_map<FileId, LineBits> lines_;
};

}  // namespace testselect
