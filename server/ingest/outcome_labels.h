// OutcomeLabels: which label an outcome report's test is.
//
// JUnit XML has a classname and a name; labels are spelled as the runner prints them. Known labels
// (the coverage's, and those of earlier uploads) are tried in the spellings of pytest, Go,
// GoogleTest, JUnit, PHPUnit, nextest, Jest, Vitest and of lcov's test names; the exact one first,
// a test file as a whole last. Several tests may be one label (parameters, where the coverage knows
// none; Go's subtests). A test that matches none is spelled as its neighbours are. Built once, then
// read-only.
#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/ingest/evidence_sink.h"

namespace testselect {

struct OutcomeMatch {
  std::string label;
  bool known = false;  // it is one of the known labels
  bool part = false;   // the test is a part of the label (Go's subtests), whose time includes its
};

class OutcomeLabels {
 public:
  // `known`: in order of preference. `files`: repository paths, to find a Python module's file.
  // Cost: a few hashes per label.
  OutcomeLabels(absl::Span<const std::string> known, absl::Span<const std::string> files);

  OutcomeMatch Find(const ReportedTest& test) const;
  // The known labels of a whole suite (a class or a file), for a result without a test's name.
  std::vector<std::string> OfSuite(absl::string_view suite) const;

 private:
  using Index = absl::flat_hash_map<std::string, std::string>;  // key -> label

  void AddLabel(const std::string& label);
  void AddFile(const std::string& path);
  const std::string* FindKnown(const ReportedTest& test) const;
  const std::string* FindByName(const ReportedTest& test) const;
  const std::string* FindInFile(const ReportedTest& test) const;
  const std::string* FindNodeId(absl::string_view id) const;
  const std::string* FindPython(const ReportedTest& test) const;
  const std::string* FindJoined(absl::string_view suite, absl::string_view name) const;
  const std::string* FindLoose(absl::string_view suite, absl::string_view name) const;
  std::string Spell(const ReportedTest& test) const;
  std::string PythonId(absl::string_view module, absl::string_view name) const;

  Index exact_;    // the label itself
  Index python_;   // "tests.test_a.TestX" '\1' "test_y[1]"
  Index methods_;  // "com.example.ATest#method[1]", signatures and display names taken off
  Index dotted_;   // "test_a.TestX.test_y", for contexts that are qualified names
  Index modules_;  // "tests.test_a" -> "tests/test_a.py"
};

}  // namespace testselect
