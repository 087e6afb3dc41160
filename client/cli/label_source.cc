#include "client/cli/label_source.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/files.h"
#include "client/process.h"
#include "client/status_mapping.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect::client {

absl::StatusOr<std::string> OutputOf(const std::string& command) {
  absl::StatusOr<FinishedProcess> finished =
      RunProcess({"/bin/sh", "-c", command}, {.out = ProcessOptions::Output::kCapture});
  if (!finished.ok()) return WithContext("--labels-command", finished.status());
  if (finished->state.ok()) return std::move(finished->out);
  return absl::InvalidArgumentError(absl::StrCat(
      "--labels-command: '", Shorten(command), "' ended with ", finished->state.ToString(),
      "; its list of labels may be incomplete, so nothing was selected"));
}

absl::StatusOr<std::optional<RequestedLabels>> ReadRequestedLabels(const SelectOptions& options) {
  std::optional<RequestedLabels> labels;
  if (!options.labels_command.empty()) {
    TS_ASSIGN_OR_RETURN(const std::string output, OutputOf(options.labels_command));
    TS_ASSIGN_OR_RETURN(
        labels, RequestedLabels::FromLines("--labels-command", LabelLinesOfListing(output)));
  } else if (!options.labels_file.empty()) {
    TS_ASSIGN_OR_RETURN(const std::string text, ReadFile(options.labels_file));
    TS_ASSIGN_OR_RETURN(labels, RequestedLabels::FromLines(
                                    absl::StrCat("--labels-file ", options.labels_file), text));
  }
  return labels;
}

}  // namespace testselect::client
