// go test. Labels are "import/path.TestX", of tests, fuzz targets (with their seeds) and examples.
//
// One `go test -json -exec SCRIPT` builds all packages that have something to run; the script (a
// file in the scratch folder) starts a package's test binary once for each line of that package's
// list. Without evidence a line is a `-test.run` expression of many tests; with evidence it is one
// test, which so has a process and a cover profile of its own.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "client/runners/runner.h"

namespace testselect::client {

std::unique_ptr<Runner> NewGoRunner(const RunnerSetup& setup);

// What the user gave behind "--": flags of `go test` with their values, package patterns ("./..."
// where there is none), and what follows -args.
struct GoArguments {
  std::vector<std::string> flags, packages, binary;  // `binary` begins with "-args" or is empty
  bool verbose = false;
  bool counted = false;     // -count is given
  bool covers = false;      // -coverpkg is given
  bool fails_fast = false;  // -failfast
  std::string list = ".";   // -run's expression, for `-list`
};
// kInvalidArgument naming a flag that `run` gives itself, or cannot follow.
absl::StatusOr<GoArguments> ParseGoArguments(absl::Span<const std::string> arguments);

// `names` as -test.run expressions that match just these, each of at most `limit` bytes.
std::vector<std::string> GoExpressions(const std::vector<std::string>& names, size_t limit);

}  // namespace testselect::client
