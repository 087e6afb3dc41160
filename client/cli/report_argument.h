// The (REPORT | LABEL=REPORT) arguments of `upload` and `inspect`.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace testselect::client {

struct ReportArgument {
  std::string label;  // empty: the report names its labels itself
  std::string path;
};

// The last '=' splits, unless the whole argument names an existing file (`exists`).
// kInvalidArgument for an empty label or report.
absl::StatusOr<ReportArgument> ParseReportArgument(
    absl::string_view argument, const std::function<bool(const std::string&)>& exists);

// Lines `label TAB report`; the last tab splits. A relative report is looked for beside `file`, as
// the list travels with its reports, unless it begins with "/". kInvalidArgument naming file and
// line.
absl::StatusOr<std::vector<ReportArgument>> ReadReportList(const std::string& file);

// All of `arguments`, then those of the list in `list_file` (if not empty); `default_label` names
// the reports that got none. kInvalidArgument if there is no report at all.
absl::StatusOr<std::vector<ReportArgument>> CollectReports(
    const std::vector<std::string>& arguments, const std::string& list_file,
    const std::string& default_label);

}  // namespace testselect::client
