// UploadBuilder: the EvidenceSink of an upload. Maps paths, feeds a SegmentBuilder, and at the end
// matches outcomes to labels.
//
// Not thread-safe. Memory: the SegmentBuilder's, the names of labels and files, and the outcomes.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/ingest/evidence_sink.h"
#include "server/ingest/outcome_labels.h"
#include "server/ingest/path_mapper.h"
#include "storage/segment_builder.h"

namespace testselect {

class UploadBuilder : public EvidenceSink {
 public:
  static constexpr size_t kMaxLabelBytes = 64 << 10;

  UploadBuilder(PathMapper paths, std::shared_ptr<const LabelDictionary> dictionary, bool renumber,
                std::vector<std::string> tree_paths);

  absl::StatusOr<ContextId> Context(absl::string_view label, Phase phase) override;
  absl::StatusOr<FileId> File(absl::string_view report_path) override;
  absl::StatusOr<FileId> FileAmong(absl::Span<const std::string> spellings) override;
  absl::StatusOr<std::optional<std::string>> SourceText(FileId file) override;
  void AddLineBits(FileId file, ContextId context, absl::string_view bits) override;
  void AddLine(FileId file, uint32_t line, absl::Span<const ContextId> contexts) override;
  void AddFunction(FileId file, ContextId context, LineRange range) override;
  void AddOpened(FileId file, ContextId context) override;
  void AddImported(FileId file, ContextId context) override;
  void AddFixtureUse(FileId file, ContextId context, LineRange range) override;
  absl::StatusOr<FileId> Key(absl::string_view key) override;
  void AddKeyed(FileId key, ContextId context) override;
  absl::Status AddOutcome(const ReportedTest& test, const LabelOutcome& outcome) override;
  absl::Status MarkRan(absl::string_view label) override;
  absl::Status MarkOpaque(absl::string_view label) override;
  void SuiteOrder(absl::Span<const std::string> labels) override;
  void Warn(std::string message) override;

  // Where SourceText finds texts; nowhere by default.
  void set_source_texts(SourceTexts texts) { source_texts_ = std::move(texts); }

  // Consumes the builder. kInvalidArgument if paths mostly missed or if no label was named.
  absl::StatusOr<SegmentContent> Finish();

  const PathMapper& paths() const { return paths_; }
  uint64_t results() const { return results_; }  // outcomes as the reports list them
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  // All results of one test.
  struct TestResult {
    std::string suite, name, file;
    bool ran = true, file_leads = false, whole_file = false;
    std::vector<std::string> aliases;
    LabelOutcome outcome;
  };

  absl::Status CheckLabel(absl::string_view label) const;
  FileId Intern(const std::string& path);
  void SettleOutcomes();
  void WarnAboutUnmatched(const std::vector<std::string>& unmatched);

  PathMapper paths_;
  const std::shared_ptr<const LabelDictionary> dictionary_;
  const std::vector<std::string> tree_paths_;
  SourceTexts source_texts_;
  SegmentBuilder builder_;
  absl::flat_hash_map<FileId, std::string> paths_of_files_;  // where there are source texts
  std::vector<absl::string_view> order_;  // as the reports tell it; views of the builder's labels
  std::deque<std::string> not_ran_;       // those of order_ that the builder does not have
  absl::flat_hash_map<std::string, size_t> result_of_;
  std::vector<TestResult> tests_;
  uint64_t results_ = 0;
  std::vector<std::string> warnings_;
};

}  // namespace testselect
