// The recorder for JVMs (client/java): an agent that says which methods of the checkout are
// entered. It is compiled when it is needed, by the JDK that builds the tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/runners/runner.h"

namespace testselect::client {

// Archives of a folder of their own. The listener is for the class path of the tests.
struct JavaRecorder {
  std::string agent, listener;
};

// Compiles the recorder into the scratch folder. `java_home`: of the Java that
// the tests are built with; empty: not known, and then JAVA_HOME and PATH tell. kFailedPrecondition
// where no Java there (9 or later) has a compiler. Takes a second or two.
absl::StatusOr<JavaRecorder> BuildJavaRecorder(const RunnerSetup& setup,
                                               const std::string& java_home);

// What to tell the user where it could not be built.
std::string WholeFilesBecause(const absl::Status& status);

// The option that loads it into a JVM.
std::string JavaRecorderOption(const JavaRecorder& recorder);

// Of a JVM's file: PID.entered.
inline constexpr absl::string_view kEnteredEnding = ".entered";

// What it is told: the checkout, and the folder that gets a file of each JVM.
std::vector<std::pair<std::string, std::string>> JavaRecorderVariables(const std::string& top,
                                                                       const std::string& logs);

// First and last line, both inclusive.
using JavaLines = std::pair<uint32_t, uint32_t>;
// What was entered of a class.
struct EnteredMethods {
  std::vector<JavaLines> functions;
  std::vector<JavaLines> lines;  // of constructors and initialisers, which need not be neighbours
};
// By class: "p.A$B".
using EnteredClasses = absl::flat_hash_map<std::string, EnteredMethods>;
// What a file of the recorder says.
struct EnteredByTests {
  EnteredClasses all;  // a watched class of which nothing was entered is there, too
  // By the listener's word: what was entered while a test class ran. Several may run at once.
  absl::flat_hash_map<std::string, EnteredClasses> tests;
  // Outside of them, or while a class was initialised, which happens for one test and serves all.
  EnteredClasses outside;
};
// kDataLoss for a file that is cut off or has anything else.
absl::StatusOr<EnteredByTests> ReadEnteredMethods(absl::string_view text);

}  // namespace testselect::client
