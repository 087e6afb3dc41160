// Evidence from the JVM's own log of the classes that it loads (-Xlog:class+load, Java 9 and
// later).
//
// A JVM of its own runs each test class; what that JVM loaded from the build's output folders is
// all that the test class can have executed. Where our recorder watched a class (java_recorder.h),
// its entered methods count as executed. Where it did not (there was no compiler for it, the JVM
// was killed), the class's source file counts as executed, whole: less exact, and never less safe.
#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace testselect::client {

// A part of a build: where its sources are, and what is made of them. Absolute, no slash at the
// end.
struct BuildModule {
  std::string folder;  // the sources are below it
  std::string output;  // classes and archives made of them are below it
};

struct ClassLogs {
  std::string folder;  // the logs
  std::string top;     // of the checkout
  std::vector<BuildModule> modules;
  std::string producer;           // "testselect run maven"
  bool only_of_surefire = false;  // there are logs of Maven's own JVMs, too
};

struct ClassEvidence {
  size_t labels = 0;                 // with evidence
  bool one_log_a_label = true;       // each log holds just one label
  std::vector<std::string> unknown;  // classes of the checkout that lie in no module's output
};

// "p.ATest$Inner" -> "p.ATest"
std::string OutermostClass(absl::string_view name);

// The option that makes a JVM write such a log to `folder`, one for each process.
std::string ClassLogOption(const std::string& folder);

// Reads the logs (*.log, and the recorder's files beside them), and writes testselect-evidence to
// `out`. `labels`: the test classes that ran; a nested class is its outermost one's. A log with
// several of them (one JVM for all) is evidence of each. Nothing is written where `unknown` is not
// empty, or there is no evidence. Errors: those of files.
absl::StatusOr<ClassEvidence> WriteClassEvidence(const ClassLogs& logs,
                                                 const absl::flat_hash_set<std::string>& labels,
                                                 const std::string& out);

}  // namespace testselect::client
