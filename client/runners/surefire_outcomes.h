// What Surefire says of test classes, one file each.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/types/span.h"

namespace testselect::client {

struct ClassOutcome {
  bool ran = false;  // some test of it did more than being skipped
  bool failed = false, error = false, flaky = false;
  double seconds = 0;
};

// Adds what the report `file` (target/surefire-reports/TEST-*.xml) says to the outcomes of
// `classes`: a nested class counts for its outermost one. `spool`: a folder for temporary files.
// Errors as ReadXml.
absl::Status AddSurefireReport(const std::string& file,
                               const absl::flat_hash_set<std::string>& classes,
                               const std::string& spool,
                               std::map<std::string, ClassOutcome>& outcomes);

// JUnit XML with one test for each class; those of `empty` were skipped.
std::string ClassOutcomesXml(const std::map<std::string, ClassOutcome>& outcomes,
                             absl::Span<const std::string> empty);

}  // namespace testselect::client
