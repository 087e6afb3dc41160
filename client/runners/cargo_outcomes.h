// What became of Rust's tests.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace testselect::client {

struct CargoOutcome {
  bool passed = false, failed = false;  // both: it failed before it passed, or the reverse
  bool skipped = false;
  double seconds = 0;
};

// One start of a test, as cargo_exec.sh left it.
struct CargoAttempt {
  std::string label, program;
  bool passed = false;
  double seconds = 0;
  int64_t ended = 0;  // nanoseconds since 1970; 0: it did not end
  std::vector<std::string> counters;
};
// Those below `folder`, in the order in which they ended. `ids`: of the programs, by file. Errors:
// those of files.
absl::StatusOr<std::vector<CargoAttempt>> ReadAttempts(
    const std::string& folder, const std::map<std::string, std::string>& ids);
// Adds those that ended.
void AddAttempts(const std::vector<CargoAttempt>& attempts,
                 std::map<std::string, CargoOutcome>& outcomes);

// Reads what rustdoc prints of the documentation's examples, as it comes.
class DocOutcomes {
 public:
  // `examples` must outlive this.
  explicit DocOutcomes(const absl::flat_hash_set<std::string>& examples) : examples_(examples) {}
  void Take(absl::string_view bytes);
  std::map<std::string, CargoOutcome> Finish() &&;

 private:
  void TakeLine(absl::string_view line);

  const absl::flat_hash_set<std::string>& examples_;
  std::string rest_;  // of a line
  std::map<std::string, CargoOutcome> outcomes_;
};

// JUnit XML with a test for each label.
std::string CargoOutcomesXml(const std::map<std::string, CargoOutcome>& outcomes);

}  // namespace testselect::client
