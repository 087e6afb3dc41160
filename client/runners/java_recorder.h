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

// Compiles the recorder into the scratch folder; returns its archive. `java_home`: of the Java that
// the tests are built with; empty: not known, and then JAVA_HOME and PATH tell. kFailedPrecondition
// where no Java there (9 or later) has a compiler. Takes a second or two.
absl::StatusOr<std::string> BuildJavaRecorder(const RunnerSetup& setup,
                                              const std::string& java_home);

// What to tell the user where it could not be built.
std::string WholeFilesBecause(const absl::Status& status);

// The option that loads it into a JVM.
std::string JavaRecorderOption(const std::string& archive);

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
// What a file of the recorder says, by class: "p.A$B". A watched class of which nothing was entered
// is there, too. kDataLoss for a file that is cut off or has anything else.
absl::StatusOr<absl::flat_hash_map<std::string, EnteredMethods>> ReadEnteredMethods(
    absl::string_view text);

}  // namespace testselect::client
