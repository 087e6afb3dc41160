// ReportReader: finds out what the reports of one upload are and has them parsed in an order that
// makes sense.
//
// Coverage comes before outcomes, because it spells the labels that outcomes are matched to.
// Reports are opened one at a time, because an upload may have a file per test. Not thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "server/ingest/ingestor.h"
#include "server/ingest/report_archive.h"
#include "server/ingest/report_folder.h"

namespace testselect {

class ReportReader {
 public:
  // All must outlive this.
  ReportReader(absl::Span<const ReportFile> reports, const IngestOptions& options,
               EvidenceSink* sink);

  // Once. Errors as ParseUpload.
  absl::Status Read();
  std::vector<std::string> TakeFormats();  // IngestSummary::formats

 private:
  // A file of an archive, and who reads it.
  struct Found {
    ReportFile file;
    const ReportParser* parser = nullptr;  // that recognises it; null: none does
    bool named = false;                    // the format that the upload names recognises it
    std::vector<const FolderParser*> takers;
  };
  // The files of one report of several files.
  struct Group {
    std::string name, label;
    std::vector<ReportFile> files;
  };
  // The label is empty for formats that name their tests.
  using GroupKey = std::pair<const FolderParser*, std::string>;

  absl::StatusOr<std::unique_ptr<ReportSource>> Open(const ReportFile& file) const;
  absl::StatusOr<const ReportParser*> ChooseParser(const ReportFile& file,
                                                   ReportSource& source) const;
  absl::Status TakeReport(size_t report);
  absl::Status TakeFile(size_t report, const ReportFile& file, const ReportParser* parser,
                        ReportSource& source);
  absl::Status TakeArchive(size_t report, ReportSource& source);
  absl::StatusOr<Found> Examine(ReportFile file, const ReportParser* named) const;
  absl::Status TakeFound(size_t report, const ReportParser* named, std::vector<Found> found);
  absl::Status TakeUnrecognised(size_t report, std::vector<Found> found,
                                const std::vector<std::string>& extensions);
  absl::Status Remember(size_t report, const ReportParser* parser);
  void Gather(const FolderParser* parser, const std::string& name, ReportFile file);
  absl::Status JoinCompanions();
  absl::Status ParseGroup(const FolderParser* parser, Group& group);
  ParseOptions OptionsFor(const std::string& label) const;

  const absl::Span<const ReportFile> reports_;
  const IngestOptions& options_;
  EvidenceSink* const sink_;
  bool lcov_seen_ = false;
  std::vector<std::string> formats_, more_formats_;
  std::vector<std::unique_ptr<UnpackedArchive>> archives_;
  std::vector<std::pair<ReportFile, const ReportParser*>> outcomes_;
  std::map<GroupKey, Group> groups_;
  std::vector<GroupKey> group_order_;
  std::vector<std::vector<Found>> companions_;  // of archives that hold no report themselves
};

}  // namespace testselect
