// Evidence from the JVM's own log of the classes that it loads (-Xlog:class+load, Java 9 and
// later).
//
// Surefire starts a JVM for each test class; what that JVM loaded from the build's output folders
// is all that the test class can have executed. So a source file counts as executed by each test
// class that loaded one of its classes: whole, which is less exact than lines, and never less safe.
#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace testselect::client {

struct ClassEvidence {
  size_t labels = 0;                 // with evidence
  bool one_log_a_label = true;       // each log holds just one label
  std::vector<std::string> unknown;  // classes of the checkout whose folder is no Maven module's
};

// The option that makes a JVM write such a log to `folder`, one for each process.
std::string ClassLogOption(const std::string& folder);

// Reads the logs in `folder` that Surefire's JVMs wrote, and writes testselect-evidence to `out`.
// `top`: the checkout; `modules`: MavenModules(); `labels`: the test classes that ran. A log with
// several of them (one JVM for all) is evidence of each. Nothing is written where `unknown` is not
// empty, or there is no evidence. Errors: those of files.
absl::StatusOr<ClassEvidence> WriteClassEvidence(const std::string& folder, const std::string& top,
                                                 absl::Span<const std::string> modules,
                                                 const absl::flat_hash_set<std::string>& labels,
                                                 const std::string& out);

}  // namespace testselect::client
