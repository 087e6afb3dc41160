// Reports that are one file of several, given alone: PHPUnit's index.xml without its documents, a
// SQLite database without its write-ahead log.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/ingest/report_folder.h"

namespace testselect::client {

// What lies beside a report, belongs to it, and is sent with it.
struct Neighbours {
  const FolderParser* format = nullptr;  // the other files of a report of this format
  bool log = false;                      // a database's write-ahead log (sqlite_log.h)
  bool any() const { return format != nullptr || log; }
};

// The neighbours of the report `path` that were left out: of a format of several files none of
// `reports` is in that folder or below. Nothing for a report that is whole, that is no regular
// file, or that cannot be read (who sends it will say so). `format` as of the upload; "": found
// from the content. Cost: reads the first ReportSource::kPeekBytes of the file.
Neighbours FindNeighbours(const std::string& path, absl::string_view format,
                          absl::Span<const std::string> reports);

// The folder that a path lies in: "a" of "a/b", "." of "b".
std::string FolderOfReport(const std::string& path);

// Packs the report `path` and its neighbours, of FolderOfReport(path). Errors as PackFolder, and
// kFailedPrecondition for a database that is written to meanwhile.
absl::Status PackNeighbours(const std::string& path, const Neighbours& neighbours, int fd);

}  // namespace testselect::client
