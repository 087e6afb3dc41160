#include "client/cli/label_source.h"

#include <sys/wait.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/files.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect::client {

absl::StatusOr<std::string> OutputOf(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "re");
  if (pipe == nullptr) return ErrnoStatus("cannot start --labels-command", errno);
  std::string output;
  char buffer[1 << 16];
  for (size_t got; (got = fread(buffer, 1, sizeof(buffer), pipe)) > 0;) output.append(buffer, got);
  const int status = pclose(pipe);
  if (status == -1) return ErrnoStatus("cannot wait for --labels-command", errno);
  if (status == 0) return output;
  return absl::InvalidArgumentError(
      absl::StrCat("--labels-command: '", Shorten(command), "' ended with ",
                   WIFSIGNALED(status) ? absl::StrCat("signal ", WTERMSIG(status))
                                       : absl::StrCat("status ", WEXITSTATUS(status)),
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
