#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/ci/ci_writers.h"
#include "client/ci/yaml_text.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

constexpr size_t kMostNeeds = 50;
constexpr size_t kMostBytes = 5'000'000;
constexpr char kShardJob[] = ".testselect_shard";
constexpr char kSuiteJob[] = ".testselect_suite";

class PipelineWriter {
 public:
  PipelineWriter(const CiPlan& plan, const CiJobOptions& options)
      : plan_(plan),
        options_(options),
        base_(!options.job.empty() ? options.job
              : plan.by_suite      ? kSuiteJob
                                   : kShardJob) {}

  std::string Jobs() && {
    if (plan_.empty()) {
      Nothing();
    } else if (plan_.by_suite) {
      for (const CiSuite& suite : plan_.suites) Suite(suite);
    } else {
      Shards();
    }
    return std::move(text_);
  }

 private:
  template <typename... Parts>
  void Line(const Parts&... parts) {
    absl::StrAppend(&text_, parts..., "\n");
  }

  void Begin(absl::string_view name, absl::string_view extends) {
    Line(YamlText(name), ":");
    // A job with a command of its own, and no template anywhere, stands alone.
    if (options_.command.empty() || !options_.job.empty() || !options_.template_text.empty()) {
      Line("  extends: ", YamlText(extends));
    }
  }

  void Common() {
    if (!options_.command.empty()) Line("  script:\n    - ", YamlText(options_.command));
    if (options_.needs.empty()) return;
    Line("  needs:");
    for (const std::string& job : options_.needs) Line("    - ", YamlText(job));
  }

  void Nothing() {
    Begin("testselect-noop", base_);
    Line("  services: []\n  needs: []\n  before_script: []\n  after_script: []");
    Line("  script:\n    - \"echo no tests need to run\"");
  }

  void Shards() {
    Begin("testselect", base_);
    Common();
    const size_t count = plan_.shards.size();
    if (count > 1) Line("  parallel: ", count);
    Line("  variables:");
    Line("    TESTSELECT_SHARDS: ", YamlText(absl::StrCat(count)));
    Line("    TESTSELECT_SELECTION: ", YamlText(plan_.selection_id));
  }

  void Suite(const CiSuite& suite) {
    const std::string extends =
        absl::StrCat(base_, suite.gpu ? "_gpu" : "", suite.snapshot ? "_snapshot" : "");
    Begin(suite.job, extends);
    Line("  stage: ", YamlText(suite.stage));
    Common();
    Services(suite, extends);
    Line("  variables:");
    const bool named = std::any_of(suite.env.begin(), suite.env.end(),
                                   [](const auto& value) { return value.first == "SUITE_NAME"; });
    if (!named) Line("    SUITE_NAME: ", YamlText(suite.pattern));
    for (const auto& [name, value] : suite.env) {
      Line("    ", YamlText(name), ": ", value[0] == '"' ? value : YamlText(value));
    }
    if (!suite.only.empty()) Line("  only: ", YamlTexts(suite.only));
    if (suite.shards > 1) Line("  parallel: ", suite.shards);
    if (!suite.retry.empty()) Line("  retry: ", suite.retry);
    if (!suite.timeout.empty()) Line("  timeout: ", suite.timeout);
    if (suite.allow_failure) Line("  allow_failure: true");
  }

  // References into the template, in the declared order: a service may need the one before it.
  void Services(const CiSuite& suite, const std::string& extends) {
    if (suite.services.empty()) return;
    Line("  services:");
    if (suite.snapshot) Line("    - !reference [", YamlText(extends), ", services]");
    for (const std::string& service : suite.services) {
      Line("    - !reference [.services, ", YamlText(service), "]");
    }
  }

  const CiPlan& plan_;
  const CiJobOptions& options_;
  const std::string base_;
  std::string text_;
};

// The template's stages and then what the suites have beside them, by name.
absl::StatusOr<std::vector<std::string>> Stages(const CiPlan& plan, absl::string_view block) {
  std::vector<std::string> stages;
  try {  // yaml-cpp throws; nothing of it leaves this function
    const YAML::Node root = YAML::Load(std::string(block));
    if (block.empty()) {
      stages.push_back("setup");
    } else {
      for (const YAML::Node& stage : root["stages"]) stages.push_back(stage.as<std::string>());
    }
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(absl::StrCat("--template: stages: ", Shorten(error.msg)));
  }
  std::set<std::string> more;
  for (const CiSuite& suite : plan.suites) more.insert(suite.stage);
  for (const std::string& stage : stages) more.erase(stage);
  stages.insert(stages.end(), more.begin(), more.end());
  return stages;
}

}  // namespace

absl::StatusOr<std::string> GitlabPipeline(const CiPlan& plan, const CiJobOptions& options) {
  if (options.needs.size() > kMostNeeds) {
    return absl::OutOfRangeError(absl::StrCat("--needs: ", options.needs.size(),
                                              " jobs; GitLab takes at most ", kMostNeeds));
  }
  CiPlan limited = plan;
  LimitShards(UINT64_MAX, kGitlabParallel, limited.suites);
  std::string text = options.template_text;
  if (!text.empty() && !absl::EndsWith(text, "\n")) text += '\n';
  if (plan.by_suite && !plan.empty()) {
    const TextRange block = FindTopLevelKey(text, "stages");
    TS_ASSIGN_OR_RETURN(
        const std::vector<std::string> stages,
        Stages(plan,
               block.size == 0 ? "" : absl::string_view(text).substr(block.begin, block.size)));
    const std::string written = absl::StrCat("stages: ", YamlTexts(stages), "\n\n");
    block.size == 0 ? text.insert(0, written) : text.replace(block.begin, block.size, written);
  }
  absl::StrAppend(&text, PipelineWriter(limited, options).Jobs());
  if (text.size() > kMostBytes) {
    return absl::OutOfRangeError(absl::StrCat("the pipeline has ", text.size(),
                                              " bytes; GitLab takes at most ", kMostBytes));
  }
  return text;
}

}  // namespace testselect::client
