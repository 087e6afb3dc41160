#include <utility>

#include "absl/strings/str_cat.h"
#include "client/ci/ci_writers.h"
#include "client/ci/yaml_text.h"

namespace testselect::client {
namespace {

struct Step {
  std::string label;
  uint32_t jobs = 1;
  std::vector<std::pair<std::string, std::string>> env{};
};

std::string StepText(const Step& step, const CiJobOptions& options) {
  std::string text = absl::StrCat("  - label: ", YamlText(step.label),
                                  "\n    command: ", YamlText(options.command), "\n");
  if (step.jobs > 1) absl::StrAppend(&text, "    parallelism: ", step.jobs, "\n");
  if (!options.needs.empty()) {
    absl::StrAppend(&text, "    depends_on: ", YamlTexts(options.needs), "\n");
  }
  if (!step.env.empty()) absl::StrAppend(&text, "    env:\n");
  for (const auto& [name, value] : step.env) {
    absl::StrAppend(&text, "      ", name, ": ", YamlText(value), "\n");
  }
  return text;
}

std::vector<Step> StepsOf(const CiPlan& plan) {
  std::vector<Step> steps;
  if (!plan.by_suite && !plan.empty()) {
    const size_t count = plan.shards.size();
    steps.push_back({.label = "tests",
                     .jobs = static_cast<uint32_t>(count),
                     .env = {{"TESTSELECT_SHARDS", absl::StrCat(count)},
                             {"TESTSELECT_SELECTION", plan.selection_id}}});
  }
  std::vector<CiSuite> suites = plan.suites;
  LimitShards(UINT64_MAX, kBuildkiteJobs, suites);
  for (const CiSuite& suite : suites) {
    steps.push_back({.label = suite.job,
                     .jobs = suite.shards,
                     .env = {{"SUITE", suite.name}, {"SUITE_NAME", suite.pattern}}});
  }
  return steps;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> BuildkiteSteps(const CiPlan& plan,
                                                        const CiJobOptions& options) {
  if (options.command.empty()) {
    return absl::InvalidArgumentError("ci buildkite: --command is missing: what a job runs");
  }
  if (plan.empty()) {
    CiJobOptions nothing;
    nothing.command = "true";
    return std::vector<std::string>{
        absl::StrCat("steps:\n", StepText({.label = "no tests need to run"}, nothing))};
  }
  std::vector<std::string> uploads;
  uint32_t jobs = kBuildkiteJobs;
  for (const Step& step : StepsOf(plan)) {
    if (jobs + step.jobs > kBuildkiteJobs) {
      uploads.push_back("steps:\n");
      jobs = 0;
    }
    jobs += step.jobs;
    absl::StrAppend(&uploads.back(), StepText(step, options));
  }
  return uploads;
}

}  // namespace testselect::client
