// upload --spool: reports go to an agent's spool instead of a server.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/report_argument.h"
#include "testselect/v1/ingest.pb.h"

namespace testselect::client {

// Adds one entry to the spool `dir`, in one step, and returns its name. `format` is that of
// `reports`, empty where it is found from the content. kInvalidArgument for what the agent would
// refuse; errors of Spool.
absl::StatusOr<std::string> PutReportsInSpool(const std::string& dir, v1::UploadHeader header,
                                              const std::string& format,
                                              const std::vector<ReportArgument>& reports,
                                              const std::vector<std::string>& outcomes);

// The answer of --json.
std::string SpoolEntryJson(const std::string& entry);

}  // namespace testselect::client
