// Storing reports as `upload` and `run` do.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/console.h"
#include "client/cli/exit_code.h"
#include "client/cli/options.h"
#include "client/upload_client.h"

namespace testselect::client {

// What can be said of the options without opening a report: kInvalidArgument naming the flag.
absl::Status CheckUpload(const CommonOptions& common, const UploadOptions& options);

// The header that the options give, without repository and branch. Errors as CheckUpload.
absl::StatusOr<v1::UploadHeader> UploadHeaderOf(const UploadOptions& options);

// Tools that write absolute names mean this checkout unless told otherwise; without its top, a name
// such as /home/me/app/calc.py could be any file called calc.py. Not in a checkout: "".
std::string CheckoutTop(const CommonOptions& common);

struct StoredUpload {
  absl::StatusOr<v1::UploadCoverageResponse> answer;
  ExitCode for_invalid;  // what kInvalidArgument means: the command line, or a report
};
// Sends `reports` (the lists of `options` are not looked at) and tells the service's warnings.
// Without --path-root and --path-prefix, names below the top of the checkout are the repository's.
StoredUpload StoreReports(const CommonOptions& common, const UploadOptions& options,
                          std::vector<UploadReport> reports, Console& console);

// The answer as one JSON object, followed by a line feed.
std::string UploadJson(const v1::UploadCoverageResponse& stored);

}  // namespace testselect::client
