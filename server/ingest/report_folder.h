// ReportFolder: a report of several files (Go's covdata, PHPUnit's XML, a JaCoCo file with its
// classes), and FolderParser, which reads one.
//
// The files may have come as one archive, as several, or one by one.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/ingest/report_parser.h"

namespace testselect {

// Not thread-safe.
class ReportFolder {
 public:
  virtual ~ReportFolder() = default;
  // The files as their sender called them: '/' between folders, sorted. What lay in one folder has
  // the folder's name before it; a name may be absolute, may contain "..", and may come twice: it
  // tells which files lay beside each other and must never be opened.
  virtual const std::vector<std::string>& paths() const = 0;
  // Opens file `i` of paths(), decompressed; its messages name it. Errors as OpenReportFile.
  virtual absl::StatusOr<std::unique_ptr<ReportSource>> Open(size_t i) const = 0;
  virtual const std::string& name() const = 0;  // of the whole, for messages
};

// A format whose report is several files. An upload's files of one such format are one folder; of a
// format that names no tests, those of each label are.
class FolderParser : public ReportParser {
 public:
  const FolderParser* folder_parser() const override { return this; }
  // Whether a file belongs to a report of this format, though it may say nothing by itself
  // (JaCoCo's class files). `path` as in ReportFolder::paths(), `head` as for Recognises.
  virtual bool Takes(absl::string_view path, absl::string_view head) const {
    (void)path;
    return Recognises(head);
  }
  // Whether a file of this format that is sent alone is of no use: the client then sends the files
  // of its folder, and of those below, that Takes wants.
  virtual bool NeedsItsFolder(absl::string_view path) const {
    (void)path;
    return false;
  }
  // As Parse.
  virtual absl::Status ParseFolder(const ReportFolder& folder, const ParseOptions& options,
                                   EvidenceSink& sink) const = 0;
  // Of a folder that holds `source` alone.
  absl::Status Parse(ReportSource& source, const ParseOptions& options,
                     EvidenceSink& sink) const final;
};

}  // namespace testselect
