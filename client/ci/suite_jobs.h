// suitespec.yml's keys -> the jobs of a pipeline, with dd-trace-py's rules.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/ci/ci_plan.h"
#include "testselect/v1/rules.pb.h"

namespace testselect::client {

// How many units (environments, shards, whatever `venvs_per_job` counts) a suite has, by its name.
using SuiteUnits = std::map<std::string, uint32_t>;

// Lines of SUITE<tab>N. kInvalidArgument naming `field` and the line.
absl::StatusOr<SuiteUnits> ParseSuiteUnits(absl::string_view field, absl::string_view text);

struct SuiteJobs {
  std::vector<CiSuite> jobs;         // by suite name
  std::vector<std::string> skipped;  // suites whose key `skip` is true
  std::vector<std::string> other;    // suites of another type
  std::vector<std::string> unsized;  // they have venvs_per_job, and their units are not known
};

// The jobs of the suites `chosen` (by name, sorted) that have the key `type` (`test` where they
// have none). A job's stage is the last folder of its suite's name, `core` where it has none; two
// suites that would have one job name get the whole folder. Parallelism: `parallelism`, else the
// units over `venvs_per_job`, at most 25; while all jobs together are fewer than `target`, the
// suite that gains most grows, to at most a job for each unit. kInvalidArgument naming the suite
// and the key for a value of the wrong kind; a chosen suite without description has a job with no
// keys.
absl::StatusOr<SuiteJobs> MakeSuiteJobs(const v1::DescribeSuitesResponse& described,
                                        const std::vector<std::string>& chosen,
                                        absl::string_view type, const SuiteUnits& units,
                                        uint32_t target);

}  // namespace testselect::client
