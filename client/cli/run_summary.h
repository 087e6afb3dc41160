// What `run` tells at its end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/selection_answer.h"
#include "testselect/v1/ingest.pb.h"

namespace testselect::client {

struct RunSummary {
  std::string runner;
  std::string selection_id, base, head;    // empty where nothing was selected
  std::optional<AnswerFallback> fallback;  // why everything ran
  uint64_t listed = 0, selected = 0, skipped = 0, executed = 0;
  std::vector<std::string> not_executed;  // selected, but neither executed nor reported
  std::vector<std::string> failed;
  bool checked = true;  // false: the runner does not tell what it executed
  int rounds = 0;
  int exit_code = 0;  // the runner's
  std::string stopped;
  std::optional<v1::UploadCoverageResponse> upload;
  std::string not_uploaded;  // why there is no upload
};

// One object, on one line.
std::string RunSummaryJson(const RunSummary& summary);
// A sentence for a person.
std::string RunSummaryText(const RunSummary& summary);

}  // namespace testselect::client
