// What lies in the folders of a Maven build: its compiled test classes, and whether its POMs leave
// classes out.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace testselect::client {

// What the user gave behind "--".
struct MavenArguments {
  std::vector<std::string> options;  // with their values
  std::vector<std::string> goals;    // "test" where none is given
  std::string folder;                // of the POM (-f); empty: where Maven is started
  bool goes_on = false;              // -fae, -fn: one module's failed tests do not end it
};
// kInvalidArgument naming an option that `run` gives itself, or that chooses tests.
absl::StatusOr<MavenArguments> ParseMavenArguments(absl::Span<const std::string> arguments);

struct MavenModule {
  std::string folder;
  bool has_tests = false;  // target/test-classes
};
// The folders below `top` that have a pom.xml and target. Sorted.
std::vector<MavenModule> MavenModules(const std::string& top);

// Classes of a module's target/test-classes that Surefire runs by its own choice of names and that
// can be made: "com.example.ATest". Sorted. What it lacks (other names, chosen by the POM) is in no
// list and so always runs; nested classes belong to the outermost.
std::vector<std::string> TestClasses(const std::string& module);

// Whether a POM of the build, or one of its parents, may name classes to leave out for Surefire. A
// parent that is neither a file nor in the local repository may.
bool LeavesOutClasses(absl::Span<const std::string> modules, const std::string& local_repository);

}  // namespace testselect::client
