#include "client/runners/registry.h"

#include "absl/strings/str_cat.h"
#include "client/runners/cargo_runner.h"
#include "client/runners/command_runner.h"
#include "client/runners/ctest_runner.h"
#include "client/runners/go_runner.h"
#include "client/runners/gradle_runner.h"
#include "client/runners/gtest_runner.h"
#include "client/runners/jest_runner.h"
#include "client/runners/maven_runner.h"
#include "client/runners/pytest_runner.h"
#include "client/runners/rspec_runner.h"
#include "client/runners/vitest_runner.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

constexpr RunnerKind kRunners[] = {
    {"pytest", "pytest; evidence by pytest-testselect or pytest-cov", NewPytestRunner},
    {"go", "go test; evidence by one cover profile a test", NewGoRunner},
    {"ctest", "CTest; evidence by gcov, one process a test", NewCTestRunner},
    {"gtest", "GoogleTest programs; evidence by gcov, one process a test", NewGTestRunner},
    {"jest", "Jest; evidence by test file", NewJestRunner},
    {"vitest", "Vitest; evidence by test file, with a coverage package", NewVitestRunner},
    {"maven", "Maven Surefire; evidence by test class, one JVM each", NewMavenRunner},
    {"gradle", "Gradle's Test tasks; evidence by test class, one JVM each", NewGradleRunner},
    {"cargo", "cargo test; evidence by LLVM's counters, one process a test", NewCargoRunner},
    {"nextest", "cargo nextest; evidence by LLVM's counters, one process a test", NewNextestRunner},
    {"rspec", "RSpec; evidence by Ruby's Coverage, one example at a time", NewRspecRunner},
    {"dan", "two commands: one prints the labels, one gets the chosen ones in a JSON file",
     NewDanRunner},
    {"custom", "two commands: one prints the labels, one is a template with {labels} or {file}",
     NewCustomRunner},
};

}  // namespace

absl::Span<const RunnerKind> AllRunners() { return kRunners; }

absl::StatusOr<const RunnerKind*> FindRunner(absl::string_view name) {
  std::string known;
  for (const RunnerKind& kind : kRunners) {
    if (kind.name == name) return &kind;
    absl::StrAppend(&known, known.empty() ? "" : ", ", kind.name);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("RUNNER '", Shorten(name), "' is none of ", known));
}

}  // namespace testselect::client
