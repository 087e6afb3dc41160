// Which of the JSON files that look like coverage.py's a report is.
#pragma once

#include "absl/strings/string_view.h"

namespace testselect {

enum class CoveragePyDialect {
  kNone,
  kPlain,     // coverage.py's own: contexts are names
  kLabelled,  // Codecov's compressed form of it: contexts are numbers, with a table of labels
};
// By the report's first bytes.
CoveragePyDialect CoveragePyDialectOf(absl::string_view head);

}  // namespace testselect
