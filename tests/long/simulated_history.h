// A project that is not run: modules of functions that call each other, tests that call them, and a
// year of commits, drawn by a seed. What a test executes is known from the calls.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/model/object_id.h"

namespace testselect {

// What the project's text depends on.
struct ProjectState {
  std::vector<int> values;       // by function
  std::vector<int> comments;     // lines of comment at the top, by module
  std::vector<bool> test_files;  // which exist
};

// Fixed: which function calls which, which test calls which.
class SimulatedProject {
 public:
  static constexpr int kModules = 100, kFunctionsOfModule = 5;
  static constexpr int kTestFiles = 100, kTestsOfFile = 10;
  static constexpr int kFunctions = kModules * kFunctionsOfModule;

  explicit SimulatedProject(std::mt19937& random);

  ProjectState FirstState() const;
  std::string ModulePath(int module) const;
  std::string TestPath(int file) const;
  std::string ModuleText(const ProjectState& state, int module) const;
  std::string TestText(int file) const;

  // The tests of the existing files, in suite order. A test is file * kTestsOfFile + its place.
  std::vector<int> Suite(const ProjectState& state) const;
  std::string Label(int test) const;
  const std::set<int>& Executes(int test) const { return executes_[test]; }

  uint32_t HeaderLine(const ProjectState& state, int function) const;  // its body is the next line
  uint32_t TestHeaderLine(int test) const;
  uint32_t ImportsOf(int module) const { return static_cast<uint32_t>(imports_[module].size()); }
  uint32_t ImportsOfTest(int file) const {
    return static_cast<uint32_t>(test_imports_[file].size());
  }

 private:
  std::vector<std::vector<int>> calls_;       // by function
  std::vector<std::vector<int>> test_calls_;  // by test
  std::vector<std::set<int>> executes_;       // by test: functions, called ones included
  std::vector<std::set<int>> imports_;        // by module: modules
  std::vector<std::set<int>> test_imports_;   // by test file
};

struct SimulatedCommit {
  ObjectId id;
  int parent = -1;  // position in the history
  int day = 0;
  bool on_main = true;   // else on a branch that a later commit of main squashes
  bool nightly = false;  // the whole suite runs here
  ProjectState state;
};

struct HistoryOptions {
  uint32_t seed = 1;
  int days = 365;
  int busy_days = 7;  // the first ones
  int commits_of_busy_day = 200;
  int commits_of_other_day = 2;
};

// Draws the history and writes it to a new repository at `path` with git fast-import. The first
// commit is the project, the second changes 1% of its modules. Errors: kInternal where git fails.
absl::StatusOr<std::vector<SimulatedCommit>> DrawHistory(const SimulatedProject& project,
                                                         const HistoryOptions& options,
                                                         const std::string& path);

}  // namespace testselect
