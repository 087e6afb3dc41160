// Reports that are one file of several, given alone: PHPUnit's index.xml without its documents.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/ingest/report_folder.h"

namespace testselect::client {

// The format whose other files lie in the folder of the report `path` and were left out: none of
// `reports` but it is in that folder or below. Null for a report that is whole, that is no regular
// file, or that cannot be read (who sends it will say so). `format` as of the upload; "": found
// from the content. Cost: reads the first ReportSource::kPeekBytes of the file.
const FolderParser* FormatOfNeighbours(const std::string& path, absl::string_view format,
                                       absl::Span<const std::string> reports);

// The folder that a path lies in: "a" of "a/b", "." of "b".
std::string FolderOfReport(const std::string& path);

// Packs (PackFolder) those files of FolderOfReport(path) that `parser` takes.
absl::Status PackNeighbours(const std::string& path, const FolderParser& parser, int fd);

}  // namespace testselect::client
