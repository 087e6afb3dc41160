// SelectionFile: what `select --format json` printed, read again.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace testselect::client {

struct SelectionFile {
  std::string selection_id;  // empty for an answer that no service gave
  std::string base, head;
  std::vector<std::string> jobs;       // of the index that was used
  std::vector<std::string> run, skip;  // by the shadow where there is one
  std::vector<std::string> told;       // what was told to run, whatever a shadow says
  double run_seconds = 0;              // their known durations; 0 where the file does not say
  bool is_part = false;                // it leaves out what other shards run, or a budget
};

// `name` is for messages. kInvalidArgument naming the field for anything else than such an answer.
absl::StatusOr<SelectionFile> ReadSelectionFile(absl::string_view name, absl::string_view json);

}  // namespace testselect::client
