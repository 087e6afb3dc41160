// Which of the labels that were to run were executed, by the outcomes that the runner left.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/upload_client.h"

namespace testselect::client {

struct ExecutedTests {
  std::vector<std::string> missing;  // those that no report names
  std::vector<std::string> failed;
};
// What `outcomes` say of `labels`, in their order. The reports' names are
// matched to labels as an upload's are (server/ingest/outcome_labels.h). Reports that do not exist
// or are empty name nothing. Errors: those of parsing.
absl::StatusOr<ExecutedTests> ReadExecuted(const std::vector<std::string>& labels,
                                           const std::vector<UploadReport>& outcomes);

}  // namespace testselect::client
