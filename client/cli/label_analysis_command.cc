#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/commands.h"
#include "client/cli/head_commit.h"
#include "client/cli/number_text.h"
#include "client/cli/selection_call.h"
#include "client/cli/target.h"
#include "client/codecov/codecov_yaml.h"
#include "client/codecov/label_runner.h"
#include "client/files.h"
#include "server/git/open_repository.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

absl::StatusOr<RunnerConfigs> ReadConfigs(const LabelAnalysisOptions& options, Console& console) {
  std::string path = options.codecov_yaml;
  if (path.empty()) {
    const absl::StatusOr<std::string> top = FindRepositoryTop(".");
    path = FindCodecovYaml(top.ok() ? *top : ".");
  }
  if (path.empty()) {
    console.Detail("no codecov.yml was found; the runners have their default settings");
    return RunnerConfigs();
  }
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (absl::IsNotFound(text.status())) {
    console.Warning(absl::StrCat("--codecov-yml-path ", path,
                                 ": no such file; the runners have their default settings"));
    return RunnerConfigs();
  }
  TS_RETURN_IF_ERROR(text.status());
  console.Detail(absl::StrCat("the runners' settings are those of ", path));
  return ParseCodecovRunners(path, *text);
}

// Codecov's words for why there is no selection.
absl::string_view ReasonFor(const AnswerFallback& fallback) {
  return fallback.code == "MAX_WAIT" ? "max_wait_time_exceeded" : "codecov_unavailable";
}

// Whether a list of lines carries the label as it is.
bool IsListable(absl::string_view label) {
  return !label.empty() && label.find_first_of("\r\n") == absl::string_view::npos;
}

class LabelAnalysis {
 public:
  LabelAnalysis(const CommonOptions& common, const LabelAnalysisOptions& options, Console& console)
      : common_(common), options_(options), console_(console) {}

  absl::Status Run() {
    TS_RETURN_IF_ERROR(CheckRepository(common_));
    TS_RETURN_IF_ERROR(CheckCommit("--base-sha", options_.base));
    TS_ASSIGN_OR_RETURN(const std::string head, HeadCommit(common_, options_.head));
    TS_RETURN_IF_ERROR(CheckCommit("--head-sha", head));
    if (head == options_.base) {
      return absl::FailedPreconditionError(
          absl::StrCat("Base and head sha can't be the same (", head, ")"));
    }
    TS_ASSIGN_OR_RETURN(const RunnerConfigs configs, ReadConfigs(options_, console_));
    std::vector<std::string> warnings;
    const RunnerParams dynamic = ParseRunnerParams(options_.runner_params, warnings);
    for (const std::string& warning : warnings) console_.Warning(warning);
    TS_ASSIGN_OR_RETURN(const std::unique_ptr<LabelRunner> runner,
                        MakeLabelRunner(options_.runner, configs, dynamic, console_));
    TS_ASSIGN_OR_RETURN(const std::vector<std::string> labels, runner->CollectTests());
    if (labels.empty()) {
      return absl::FailedPreconditionError(absl::StrCat(
          "the runner ", options_.runner, " collected no labels: which tests to run is not known"));
    }
    console_.Note(absl::StrCat("collected ", CountText(labels.size()), " labels"));
    const LabelResult result = ResultFor(labels, head);
    return options_.dry_run ? Print(result, *runner) : runner->Process(result);
  }

 private:
  // What runs, whatever happens.
  LabelResult ResultFor(const std::vector<std::string>& labels, const std::string& head) {
    std::vector<std::string> asked, odd;
    for (const std::string& label : labels) {
      (IsListable(label) ? asked : odd).push_back(label);
    }
    LabelResult result = ResultOfAsked(asked, head);
    if (!odd.empty()) {
      console_.Warning(absl::StrCat(
          CountText(odd.size()),
          " labels run without being asked about: ", "they are empty or hold a line break"));
      result.absent.insert(result.absent.end(), odd.begin(), odd.end());
    }
    return result;
  }

  LabelResult ResultOfAsked(const std::vector<std::string>& labels, const std::string& head) {
    SelectOptions select;
    select.base = options_.base;
    select.head = head;
    select.jobs = options_.jobs;
    select.max_wait = options_.max_wait;
    const absl::StatusOr<SelectionAnswer> answer = AskForSelection(
        common_, select,
        [&]() -> absl::StatusOr<std::optional<RequestedLabels>> {
          return RequestedLabels::FromLines("the runner's labels", absl::StrJoin(labels, "\n"));
        },
        console_);
    if (!answer.ok()) {
      console_.Warning(absl::StrCat("everything runs: ", answer.status().message()));
      return RunAllOf(labels, "codecov_unavailable");
    }
    TellSelection(*answer, select, console_);
    // No service made it.
    if (answer->selection_id.empty() && answer->fallback.has_value()) {
      return RunAllOf(labels, ReasonFor(*answer->fallback));
    }
    console_.Note(absl::StrCat("the selection's id is ", answer->selection_id));
    return ResultOf(*answer);
  }

  absl::Status Print(const LabelResult& result, const LabelRunner& runner) {
    return console_.Print(options_.dry_run_format == "json"
                              ? DryRunJson(result, runner.DryRunOptions())
                              : DryRunList(result, runner.DryRunOptions()));
  }

  const CommonOptions& common_;
  const LabelAnalysisOptions& options_;
  Console& console_;
};

}  // namespace

ExitCode RunLabelAnalysis(const CommonOptions& common, const LabelAnalysisOptions& options,
                          Console& console) {
  const absl::Status status = LabelAnalysis(common, options, console).Run();
  if (status.ok()) return ExitCode::kAnswered;
  const ExitCode code = console.Fail(status);
  // As Codecov ends where its tests fail or nothing was collected.
  return absl::IsFailedPrecondition(status) ? ExitCode::kFinding : code;
}

}  // namespace testselect::client
