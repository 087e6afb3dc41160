#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/evaluation_output.h"
#include "client/cli/service_call.h"
#include "client/cli/target.h"
#include "storage/model/status_macros.h"
#include "testselect/v1/evaluation.grpc.pb.h"
#include "testselect/v1/selection.grpc.pb.h"

namespace testselect::client {
namespace {

constexpr uint32_t kPage = 1000;

using Stub = v1::EvaluationService::Stub;

ExitCode Printed(Console& console, const std::string& text, ExitCode code = ExitCode::kAnswered) {
  const absl::Status printed = console.Print(text);
  return printed.ok() ? code : console.Fail(printed);
}

absl::StatusOr<v1::ListDecisionsResponse> ListAll(const CommonOptions& common,
                                                  const DecisionOptions& options,
                                                  Console& console) {
  TS_RETURN_IF_ERROR(CheckRepository(common));
  v1::ListDecisionsRequest request;
  if (!options.head.empty()) {
    TS_RETURN_IF_ERROR(CheckCommit("--head", options.head));
    request.set_head(options.head);
  }
  const absl::Time deadline = DeadlineOf(common, absl::Minutes(2));
  TS_ASSIGN_OR_RETURN(const Target target, OpenTarget(common, deadline, console));
  const auto stub = v1::EvaluationService::NewStub(target.connection->channel());
  request.set_repository(target.repository);
  v1::ListDecisionsResponse all;
  do {
    const auto have = static_cast<uint32_t>(all.decisions_size());
    request.set_page_size(std::min(kPage, options.limit - have));
    request.set_page_token(all.next_page_token());
    v1::ListDecisionsResponse page;
    TS_RETURN_IF_ERROR(CallWithRetry(target.connection->retry(), deadline, [&] {
      page.Clear();
      auto context = target.connection->NewContext(deadline);
      return FromGrpcStatus("listing the decisions",
                            stub->ListDecisions(context.get(), request, &page));
    }));
    all.MergeFrom(page);
    all.set_next_page_token(page.next_page_token());
  } while (!all.next_page_token().empty() &&
           static_cast<uint32_t>(all.decisions_size()) < options.limit);
  return all;
}

}  // namespace

ExitCode RunDecisions(const CommonOptions& common, const DecisionOptions& options,
                      Console& console) {
  const auto all = ListAll(common, options, console);
  if (!all.ok()) return console.Fail(all.status());
  if (!all->next_page_token().empty()) {
    console.Note(absl::StrCat("there are more decisions; --limit is ", options.limit));
  }
  return Printed(console, common.json ? DecisionsJson(*all) : DecisionsText(*all));
}

ExitCode RunDecisionsShow(const CommonOptions& common, const DecisionOptions& options,
                          Console& console) {
  v1::GetDecisionRequest request;
  request.set_selection_id(options.id);
  const auto decision = CallService<v1::TestSelectionService, v1::GetDecisionResponse>(
      common, console, "asking for the selection", request,
      &v1::TestSelectionService::Stub::GetDecision);
  if (!decision.ok()) return console.Fail(decision.status());
  return Printed(console, common.json ? DecisionJson(*decision) : DecisionText(*decision));
}

ExitCode RunReplay(const CommonOptions& common, const DecisionOptions& options, Console& console) {
  v1::ReplayDecisionRequest request;
  request.set_selection_id(options.id);
  const auto replayed = CallService<v1::EvaluationService, v1::ReplayDecisionResponse>(
      common, console, "replaying", request, &Stub::ReplayDecision);
  if (!replayed.ok()) return console.Fail(replayed.status());
  return Printed(
      console, common.json ? ReplayJson(options.id, *replayed) : ReplayText(options.id, *replayed),
      replayed->same() ? ExitCode::kAnswered : ExitCode::kFinding);
}

ExitCode RunMisses(const CommonOptions& common, const MissesOptions&, Console& console) {
  const auto list = CallService<v1::EvaluationService, v1::ListConfirmedMissesResponse>(
      common, console, "listing misses", v1::ListConfirmedMissesRequest(),
      &Stub::ListConfirmedMisses);
  if (!list.ok()) return console.Fail(list.status());
  return Printed(console, common.json ? MissesJson(*list) : MissesText(*list));
}

ExitCode RunMissesForget(const CommonOptions& common, const MissesOptions& options,
                         Console& console) {
  if (options.label.empty() && !options.all) {
    return console.Fail(absl::InvalidArgumentError("LABEL: give one, or --all"));
  }
  v1::ForgetConfirmedMissesRequest request;
  auto job = ParseJob("--job", options.job);
  if (!job.ok()) return console.Fail(job.status());
  *request.mutable_job() = *std::move(job);
  request.set_label(options.label);
  const auto forgotten = CallService<v1::EvaluationService, v1::ForgetConfirmedMissesResponse>(
      common, console, "forgetting misses", request, &Stub::ForgetConfirmedMisses);
  if (!forgotten.ok()) return console.Fail(forgotten.status());
  if (forgotten->forgotten() == 0 && !options.all) {
    return console.Fail(absl::NotFoundError(
        absl::StrCat("'", options.label, "' is none that runs always since it was missed")));
  }
  return Printed(console, common.json
                              ? absl::StrCat("{\"forgotten\": ", forgotten->forgotten(), "}\n")
                              : absl::StrCat("forgot ", forgotten->forgotten(), " labels\n"));
}

}  // namespace testselect::client
