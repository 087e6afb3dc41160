#include "server/selection/reason.h"

#include <array>

namespace testselect {

absl::string_view ReasonName(ReasonCode code) {
  static constexpr std::array<absl::string_view, static_cast<size_t>(ReasonCode::kCount)> kNames = {
      "ABSENT",         "COVERED_CHANGE",   "INSERTION",     "GLOBAL_LINES",   "UNCOVERED_CHANGE",
      "NEW_FILE",       "DELETED_FILE",     "RENAMED_FILE",  "UNKNOWN_FILE",   "MODE_CHANGE",
      "SUBMODULE",      "OPENED_FILE",      "LAST_FAILED",   "EMPTY_EVIDENCE", "NEVER_RUN",
      "FORCED",         "FALLBACK",         "BINARY_CHANGE", "PACKAGE",        "FILE",
      "DATA_LOSS",      "SHARED_SETUP",     "RULE_RUN_ALL",  "RULE_LABELS",    "RULE_ALWAYS_RUN",
      "RULE_ERROR",     "ENVIRONMENT_FILE", "NAME_CHANGE",   "REACH",          "CANARY",
      "GUARD",          "PROCESS",          "OWN_TEST",      "SHARED_FIXTURE", "MEMO",
      "IMPORT_TIME",    "DATA_FILE",        "TOO_COMPLEX",   "OPAQUE",         "UNSTABLE",
      "CONFIRMED_MISS", "INDEX_KEY"};
  return kNames[static_cast<size_t>(code)];
}

absl::string_view FallbackName(FallbackCode code) {
  static constexpr std::array<absl::string_view, kFallbackCodes> kNames = {
      "NONE",     "NO_INDEX",    "UNKNOWN_BASE", "MISSING_OBJECT", "DATA_LOSS",
      "DEADLINE", "ENVIRONMENT", "RUN_ALL",      "UNAVAILABLE",    "MAX_WAIT"};
  return kNames[static_cast<size_t>(code)];
}

}  // namespace testselect
