#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "client/cli/commands.h"
#include "client/cli/evaluation_output.h"
#include "client/cli/evaluation_page.h"
#include "client/cli/service_call.h"
#include "client/cli/target.h"
#include "client/files.h"
#include "client/selection_answer.h"
#include "client/selection_file.h"
#include "storage/model/status_macros.h"
#include "testselect/v1/evaluation.grpc.pb.h"
#include "testselect/v1/selection.grpc.pb.h"

namespace testselect::client {
namespace {

constexpr size_t kIdChars = 32;
constexpr uint32_t kShownLabels = 100, kAllLabels = 2'000'000;
constexpr uint64_t kMaxOutcomeBytes = 480ull << 20;  // of a request of 512 MiB

using Stub = v1::EvaluationService::Stub;

bool IsId(const std::string& text) {
  return text.size() == kIdChars && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isxdigit(static_cast<unsigned char>(c));
         });
}

class EvaluateRun {
 public:
  EvaluateRun(const CommonOptions& common, const EvaluateOptions& options, Console& console)
      : common_(common), options_(options), console_(console) {}

  absl::StatusOr<v1::EvaluateSelectionResponse> Run() {
    TS_RETURN_IF_ERROR(CheckRepository(common_));
    TS_RETURN_IF_ERROR(ReadSelection());
    TS_RETURN_IF_ERROR(ReadOutcomes());
    TS_RETURN_IF_ERROR(FindJob());
    request_.set_max_labels(options_.all ? kAllLabels : kShownLabels);
    TS_ASSIGN_OR_RETURN(const auto response,
                        (CallService<v1::EvaluationService, v1::EvaluateSelectionResponse>(
                            common_, console_, "evaluating", request_, &Stub::EvaluateSelection)));
    if (response.not_recorded()) {
      console_.Warning(
          "the selection is not among those that are kept: it was evaluated from the "
          "file, and nothing was stored");
    }
    return response;
  }

 private:
  absl::Status ReadSelection() {
    if (IsId(options_.selection)) {
      request_.set_selection_id(absl::AsciiStrToLower(options_.selection));
      return absl::OkStatus();
    }
    TS_ASSIGN_OR_RETURN(const std::string text, ReadFile(options_.selection));
    TS_ASSIGN_OR_RETURN(file_, ReadSelectionFile(options_.selection, text));
    request_.set_selection_id(file_->selection_id);
    v1::SelectionContent& content = *request_.mutable_selection();
    content.set_base(file_->base);
    content.set_head(file_->head);
    for (const std::string& label : file_->run) content.add_run(label);
    for (const std::string& label : file_->skip) content.add_skip(label);
    return absl::OkStatus();
  }

  absl::Status ReadOutcomes() {
    uint64_t bytes = 0;
    for (const std::string& name : options_.outcomes) {
      v1::OutcomeReport& report = *request_.mutable_run()->add_reports();
      TS_ASSIGN_OR_RETURN(*report.mutable_content(), ReadFile(name));
      report.set_name(name);
      report.set_format(options_.format);
      bytes += report.content().size();
      if (bytes > kMaxOutcomeBytes) {
        return absl::InvalidArgumentError(
            absl::StrCat("--outcomes: over ", kMaxOutcomeBytes >> 20,
                         " MiB of results; compress them, or evaluate them in several calls: "
                         "reports of one job add up"));
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<std::string>> JobsOfSelection() {
    if (file_.has_value()) return file_->jobs;
    v1::GetDecisionRequest request;
    request.set_selection_id(request_.selection_id());
    request.set_list_form(v1::LIST_FORM_BITS);
    TS_ASSIGN_OR_RETURN(const auto decision,
                        (CallService<v1::TestSelectionService, v1::GetDecisionResponse>(
                            common_, console_, "asking for the selection", request,
                            &v1::TestSelectionService::Stub::GetDecision)));
    std::vector<std::string> jobs;
    for (const v1::IndexUse& use : decision.answer().index()) jobs.push_back(JobText(use.job()));
    return jobs;
  }

  absl::Status FindJob() {
    std::string job = options_.job;
    if (job.empty()) {
      if (options_.outcomes.empty()) return absl::OkStatus();
      TS_ASSIGN_OR_RETURN(const std::vector<std::string> jobs, JobsOfSelection());
      if (jobs.size() > 1) {
        return absl::InvalidArgumentError(
            absl::StrCat("--job: the selection is about several jobs (", absl::StrJoin(jobs, ", "),
                         "); say which of them ran"));
      }
      job = jobs.empty() ? UploadOptions().job : jobs.front();
    }
    TS_ASSIGN_OR_RETURN(*request_.mutable_run()->mutable_job(), ParseJob("--job", job));
    return absl::OkStatus();
  }

  const CommonOptions& common_;
  const EvaluateOptions& options_;
  Console& console_;
  std::optional<SelectionFile> file_;
  v1::EvaluateSelectionRequest request_;
};

absl::StatusOr<v1::GetStatsResponse> AskForStats(const CommonOptions& common,
                                                 const v1::GetStatsRequest& request,
                                                 Console& console) {
  return CallService<v1::EvaluationService, v1::GetStatsResponse>(
      common, console, "asking for statistics", request, &Stub::GetStats);
}

absl::Status WritePage(const CommonOptions& common, const EvaluateOptions& options,
                       const v1::EvaluateSelectionResponse& response, Console& console) {
  TS_ASSIGN_OR_RETURN(const v1::GetStatsResponse stats,
                      AskForStats(common, v1::GetStatsRequest(), console));
  return WriteFileAtomically(options.html, EvaluationPage(response, stats));
}

// Results of other tests than the selection's say nothing of it.
absl::Status CheckExecuted(const EvaluateOptions& options,
                           const v1::EvaluateSelectionResponse& response) {
  if (options.outcomes.empty()) return absl::OkStatus();
  for (const v1::Evaluation& one : response.evaluations()) {
    if (one.counts().executed() > 0) return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      "--outcomes: no test that ran is one of the selection's labels; are they named alike?");
}

std::string TextOf(const v1::EvaluateSelectionResponse& response) {
  std::string text;
  for (const v1::Evaluation& one : response.evaluations()) {
    absl::StrAppend(&text, text.empty() ? "" : "\n", EvaluationText(one));
  }
  return text;
}

}  // namespace

ExitCode RunEvaluate(const CommonOptions& common, const EvaluateOptions& options,
                     Console& console) {
  const auto response = EvaluateRun(common, options, console).Run();
  if (!response.ok()) return console.Fail(response.status());
  absl::Status told = console.Print(common.json ? EvaluationsJson(*response) : TextOf(*response));
  if (told.ok() && !options.html.empty()) told = WritePage(common, options, *response, console);
  if (!told.ok()) return console.Fail(told);
  if (const absl::Status executed = CheckExecuted(options, *response); !executed.ok()) {
    return console.Fail(executed, ExitCode::kRefused);
  }
  for (const v1::Evaluation& one : response->evaluations()) {
    if (one.counts().missed() > 0) return ExitCode::kFinding;
  }
  return ExitCode::kAnswered;
}

ExitCode RunStats(const CommonOptions& common, const StatsOptions& options, Console& console) {
  v1::GetStatsRequest request;
  if (!options.job.empty()) {
    auto job = ParseJob("--job", options.job);
    if (!job.ok()) return console.Fail(job.status());
    *request.mutable_job() = *std::move(job);
  }
  if (options.days > 0) {
    request.set_since_unix_seconds(
        absl::ToUnixSeconds(absl::Now() - absl::Hours(24 * int64_t{options.days})));
  }
  const auto stats = AskForStats(common, request, console);
  if (!stats.ok()) return console.Fail(stats.status());
  const absl::Status told = console.Print(common.json ? StatsJson(*stats) : StatsText(*stats));
  return told.ok() ? ExitCode::kAnswered : console.Fail(told);
}

}  // namespace testselect::client
