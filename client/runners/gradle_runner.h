// `testselect run gradle`: Gradle, from 4.4 on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "client/runners/class_log.h"
#include "client/runners/runner.h"

namespace testselect::client {

std::unique_ptr<Runner> NewGradleRunner(const RunnerSetup& setup);

// What the user gave behind "--".
struct GradleArguments {
  std::vector<std::string> words;  // with the task "test" where none is given
  bool goes_on = false;            // --continue: a task that fails does not end the build
};
// kInvalidArgument naming an option that chooses tests, or that `run` gives itself.
absl::StatusOr<GradleArguments> ParseGradleArguments(absl::Span<const std::string> arguments);

// What the init script (gradle_init.gradle) wrote to the file `listed`.
struct GradleListing {
  std::vector<BuildModule> modules;
  // Outermost classes that may hold tests: "com.example.ATest", in Gradle's order, each once. Those
  // without any sign of a test are left out: no annotation, nothing but known classes as parents.
  std::vector<std::string> labels;
  int tasks = 0;                   // that run tests of the JVM
  std::vector<std::string> other;  // tasks that run tests, and do not say which
};
// kDataLoss where `content` is cut off. Reads the classes' files.
absl::StatusOr<GradleListing> ReadGradleListing(absl::string_view content);

// The records of a file that the init script wrote: each the number of its fields, then the fields,
// all ended by a NUL. kDataLoss where it is cut off.
absl::StatusOr<std::vector<std::vector<std::string>>> ReadRecords(absl::string_view content);

}  // namespace testselect::client
