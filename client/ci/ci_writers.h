// What CI systems read: each of these is the plan within one system's limits.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/ci/ci_plan.h"

namespace testselect::client {

// The most jobs of one matrix, of one `parallel`, and of one upload of steps.
inline constexpr uint32_t kGithubJobs = 256;
inline constexpr uint32_t kGitlabParallel = 200;
inline constexpr uint32_t kBuildkiteJobs = 500;

// Lines for $GITHUB_OUTPUT: matrix (an object with `include`), has_tests, selection_id. Where
// nothing runs, the matrix has one entry with no tests, for an empty one is an error there. More
// suites than a matrix takes share entries. kOutOfRange where it is too long for an output all the
// same.
absl::StatusOr<std::string> GithubOutput(const CiPlan& plan);

// A child pipeline: the template, and the jobs. Where nothing runs, one job that does nothing, for
// a pipeline without jobs fails. kOutOfRange for more than 50 needs or 5 MB.
absl::StatusOr<std::string> GitlabPipeline(const CiPlan& plan, const CiJobOptions& options);

// Texts for `buildkite-agent pipeline upload`, in order: as many as the limit of one upload makes
// of them, at least one. kInvalidArgument without a command.
absl::StatusOr<std::vector<std::string>> BuildkiteSteps(const CiPlan& plan,
                                                        const CiJobOptions& options);

// With a template: the configuration to continue with, the template and a workflow of its job
// `options.job`. Without: the parameters to continue with, as JSON. kInvalidArgument for a template
// that has workflows of its own.
absl::StatusOr<std::string> CircleciConfig(const CiPlan& plan, const CiJobOptions& options);

}  // namespace testselect::client
