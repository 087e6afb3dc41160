// The runners that `testselect run` knows, one line each in registry.cc.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "client/runners/runner.h"

namespace testselect::client {

struct RunnerKind {
  absl::string_view name;     // "pytest"
  absl::string_view summary;  // for help texts: what it runs, and what it records
  std::unique_ptr<Runner> (*make)(const RunnerSetup& setup);  // `setup` must outlive it
};

// In the order in which they are told of. Live for ever.
absl::Span<const RunnerKind> AllRunners();
// kInvalidArgument naming the known ones.
absl::StatusOr<const RunnerKind*> FindRunner(absl::string_view name);

}  // namespace testselect::client
