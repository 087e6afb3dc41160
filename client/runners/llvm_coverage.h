// LLVM's source-based counters of one test (-C instrument-coverage) -> an lcov report.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace testselect::client {

struct LlvmTools {
  std::string profdata, cov;  // llvm-profdata and llvm-cov
};
// Those of the Rust compiler in `folder` (rustup's component llvm-tools), which must be its own
// version's. Nothing where they are not installed. kNotFound where there is no rustc.
absl::StatusOr<std::optional<LlvmTools>> FindRustLlvmTools(const std::string& folder);

// Writes to `report` the lines of files below `top` that the processes executed which left
// `counters` (*.profraw). `programs`: the instrumented programs that may have run; the first must
// exist. False, and no report, where `counters` is empty. `spool`: where a temporary file may be.
// Errors: kFailedPrecondition where a tool fails. Cost: reading every program's coverage map.
absl::StatusOr<bool> LlvmCountersToLcov(const LlvmTools& tools,
                                        const std::vector<std::string>& counters,
                                        const std::vector<std::string>& programs,
                                        const std::string& top, const std::string& spool,
                                        const std::string& report);

}  // namespace testselect::client
