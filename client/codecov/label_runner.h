// LabelRunner: how label analysis learns of tests, and has them run. The runners are Codecov's:
// pytest, dan, and classes in Python that codecov.yml names.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/console.h"
#include "client/codecov/label_result.h"
#include "client/codecov/runner_params.h"

namespace testselect::client {

// Not thread-safe. CollectTests comes first, once; then Process, at most once.
class LabelRunner {
 public:
  virtual ~LabelRunner() = default;

  // All labels, in the order of the suite, repeats included. kInvalidArgument where the runner
  // fails: what it listed may be incomplete, and a label that is not asked about would be lost.
  virtual absl::StatusOr<std::vector<std::string>> CollectTests() = 0;
  // What a dry run names as the options that the tests run with. After CollectTests.
  virtual std::vector<std::string> DryRunOptions() const = 0;
  // Has the tests run. kFailedPrecondition naming the exit status where they fail.
  virtual absl::Status Process(const LabelResult& result) = 0;
};

using RunnerConfigs = std::map<std::string, RunnerParams>;

// The runner `name` with its part of `configs`, over which `dynamic` goes. `console` outlives it.
// kInvalidArgument for a name that is none of pytest, dan and those of `configs`.
absl::StatusOr<std::unique_ptr<LabelRunner>> MakeLabelRunner(const std::string& name,
                                                             const RunnerConfigs& configs,
                                                             const RunnerParams& dynamic,
                                                             Console& console);

// One of each; MakeLabelRunner chooses.
std::unique_ptr<LabelRunner> NewPytestLabelRunner(RunnerParams params, Console& console);
std::unique_ptr<LabelRunner> NewDanLabelRunner(RunnerParams params, Console& console);
absl::StatusOr<std::unique_ptr<LabelRunner>> NewPythonClassRunner(const std::string& name,
                                                                  RunnerParams config,
                                                                  const RunnerParams& dynamic);

}  // namespace testselect::client
