// The tests of Datadog's test events (citestcycle), which its coverage (citestcov) names by number.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/ingest/evidence_sink.h"
#include "server/ingest/report_parser.h"

namespace testselect {

inline constexpr absl::string_view kDatadogCitestcov = "datadog-citestcov";

// Not thread-safe. Memory: the names of all tests.
class DatadogEvents {
 public:
  // Reads one citestcycle report. Errors as ReportParser::Parse.
  absl::Status Read(ReportSource& source);

  bool empty() const { return tests_.empty(); }
  // The label of the test of that span; null where no event has it.
  const std::string* LabelOf(uint64_t span) const;
  // The labels of all tests of a suite.
  std::vector<const std::string*> LabelsOfSuite(uint64_t suite) const;
  // Sends how the tests ended. Attempts of one test that its events call retries are one result:
  // the last one's, flaky if it passed.
  absl::Status SendOutcomes(EvidenceSink& sink) const;

 private:
  struct Test {
    std::string label;
    uint64_t span = 0, suite = 0, start = 0;
    LabelOutcome outcome;
    bool ran = true, retry = false;
  };
  friend class DatadogEventReader;

  std::vector<Test> tests_;
  absl::flat_hash_map<uint64_t, size_t> by_span_;
  absl::flat_hash_map<uint64_t, std::vector<size_t>> by_suite_;
};

}  // namespace testselect
