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
  bool beyond_test = false;          // a goal that comes behind `test`: package, verify, ...
  bool goes_on = false;              // -fae, -fn: one module's failed tests do not end it
};
// The goals that build the tests and run none. Behind `test`: modules that use each other's
// archives (a module-info.java, a test-jar) cannot be built by test-compile alone.
std::vector<std::string> MavenListing(const MavenArguments& arguments);

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

// What the POMs of a build and their parents say. A parent that is neither a file nor in the local
// repository may say anything.
struct PomFacts {
  bool leaves_out = false;    // may name classes to leave out for Surefire
  bool names_others = false;  // may have Surefire run classes that TestClasses does not know
  bool has_failsafe = false;
};
PomFacts ReadPoms(absl::Span<const std::string> modules, const std::string& local_repository);

}  // namespace testselect::client
