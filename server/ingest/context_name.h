// The names of coverage.py's contexts: "nodeid|run" -> label and phase.
#pragma once

#include "absl/strings/string_view.h"
#include "storage/model/evidence.h"

namespace testselect {

struct ContextName {
  absl::string_view label;  // empty: outside any test
  Phase phase = Phase::kRun;
};

// Cuts at the last '|', and only if setup, run or teardown follows: labels may contain '|'.
// The result points into `context`.
inline ContextName SplitContext(absl::string_view context) {
  const size_t bar = context.rfind('|');
  if (bar == absl::string_view::npos) return {context, Phase::kRun};
  const absl::string_view phase = context.substr(bar + 1);
  if (phase == "run") return {context.substr(0, bar), Phase::kRun};
  if (phase == "setup") return {context.substr(0, bar), Phase::kSetup};
  if (phase == "teardown") return {context.substr(0, bar), Phase::kTeardown};
  return {context, Phase::kRun};
}

}  // namespace testselect
