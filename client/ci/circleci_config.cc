#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/ci/ci_writers.h"
#include "client/ci/yaml_text.h"
#include "client/cli/json_writer.h"

namespace testselect::client {
namespace {

std::string Parameters(const CiPlan& plan) {
  JsonWriter json;
  json.BeginObject();
  json.Key("testselect-has-tests").Bool(!plan.empty());
  // `parallelism` must be one at least.
  json.Key("testselect-shards").Number(uint64_t{std::max<size_t>(plan.shards.size(), 1)});
  json.Key("testselect-selection").String(plan.selection_id).EndObject();
  return std::move(json).Finish();
}

void AppendJob(const std::string& job, absl::string_view name, absl::string_view suite,
               uint64_t shards, const CiJobOptions& options, std::string& text) {
  absl::StrAppend(&text, "      - ", YamlText(job), ":\n          name: ", YamlText(name), "\n");
  if (!suite.empty()) absl::StrAppend(&text, "          suite: ", YamlText(suite), "\n");
  absl::StrAppend(&text, "          shards: ", shards, "\n");
  if (!options.needs.empty()) {
    absl::StrAppend(&text, "          requires: ", YamlTexts(options.needs), "\n");
  }
}

}  // namespace

absl::StatusOr<std::string> CircleciConfig(const CiPlan& plan, const CiJobOptions& options) {
  if (options.template_text.empty()) {
    if (!plan.by_suite) return Parameters(plan);
    return absl::InvalidArgumentError(
        "ci circleci --suites: --template is missing: a configuration with the job that a suite "
        "runs, and without workflows");
  }
  if (FindTopLevelKey(options.template_text, "workflows").size > 0) {
    return absl::InvalidArgumentError("--template: it has workflows of its own");
  }
  const std::string job = options.job.empty() ? "testselect" : options.job;
  std::string text = options.template_text;
  if (!absl::EndsWith(text, "\n")) text += '\n';
  absl::StrAppend(&text, "workflows:\n  testselect:\n");
  // A workflow must have a job, and one that never runs is allowed.
  if (plan.empty()) absl::StrAppend(&text, "    when: false\n");
  absl::StrAppend(&text, "    jobs:\n");
  if (plan.empty()) {
    AppendJob(job, "no tests need to run", plan.by_suite ? "none" : "", 1, options, text);
  } else if (!plan.by_suite) {
    AppendJob(job, "tests", "", plan.shards.size(), options, text);
  }
  for (const CiSuite& suite : plan.suites) {
    AppendJob(job, suite.job, suite.name, suite.shards, options, text);
  }
  return text;
}

}  // namespace testselect::client
