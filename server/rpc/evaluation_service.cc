#include "server/rpc/evaluation_service.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/ops/version.h"
#include "server/rpc/decision_recorder.h"
#include "server/rpc/evaluation_conversion.h"
#include "server/rpc/proto_conversion.h"
#include "server/rpc/run_evaluation.h"
#include "server/rpc/shared_index.h"
#include "server/rpc/status.h"
#include "server/selection/confirmed_misses.h"
#include "server/selection/evaluator.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr size_t kWorkers = 2;
constexpr size_t kMaxWaiting = 100;
constexpr uint32_t kDefaultLabels = 100;
constexpr uint32_t kDay = 24 * 60 * 60, kNarrowestBucket = 60;
constexpr uint32_t kDefaultPage = 100, kMaxPage = 1000;

uint32_t LabelLimit(uint32_t asked) { return asked == 0 ? kDefaultLabels : asked; }

bool HasOutcomes(const v1::RunOutcomes& run) {
  return run.outcomes_size() > 0 || run.reports_size() > 0;
}

// A token is where the next page begins.
absl::StatusOr<size_t> PlaceOf(const std::string& page_token) {
  size_t place = 0;
  if (page_token.empty() || absl::SimpleAtoi(page_token, &place)) return place;
  return FieldError("page_token", page_token, "expected a next_page_token of this call");
}

}  // namespace

EvaluationService::EvaluationService(const ServiceEnvironment& environment)
    : environment_(environment),
      pool_(kWorkers, kMaxWaiting, environment.metrics->rpc.evaluation_waiting) {}

grpc::ServerUnaryReactor* EvaluationService::Run(grpc::CallbackServerContext* context,
                                                 const UnaryMethod& method,
                                                 const std::string& repository,
                                                 std::function<absl::Status()> work) {
  return RunUnary(
      context, environment_, method,
      [this, context, &repository, work = std::move(work)]() -> absl::Status {
        TS_RETURN_IF_ERROR(KnownRepository(environment_, repository));
        environment_.decisions->Flush(std::min(DeadlineOf(*context), absl::Now() + kRecordingWait));
        HearOthers(environment_, repository, DeadlineOf(*context));
        HearDecisions(environment_, repository);
        return work();
      });
}

grpc::ServerUnaryReactor* EvaluationService::ReportOutcomes(
    grpc::CallbackServerContext* context, const v1::ReportOutcomesRequest* request,
    v1::ReportOutcomesResponse* response) {
  const UnaryMethod method{"ReportOutcomes", &environment_.metrics->rpc.report_outcomes, &pool_,
                           /*needs_token=*/true};
  return Run(context, method, request->repository(),
             [=, this] { return Report(*request, response); });
}

grpc::ServerUnaryReactor* EvaluationService::EvaluateSelection(
    grpc::CallbackServerContext* context, const v1::EvaluateSelectionRequest* request,
    v1::EvaluateSelectionResponse* response) {
  // Only to ask what was found is everybody's right.
  const UnaryMethod method{"EvaluateSelection", &environment_.metrics->rpc.evaluate_selection,
                           &pool_, /*needs_token=*/HasOutcomes(request->run())};
  return Run(context, method, request->repository(),
             [=, this] { return Evaluate(*request, response); });
}

grpc::ServerUnaryReactor* EvaluationService::GetStats(grpc::CallbackServerContext* context,
                                                      const v1::GetStatsRequest* request,
                                                      v1::GetStatsResponse* response) {
  const UnaryMethod method{"GetStats", &environment_.metrics->rpc.get_stats, &pool_};
  return Run(context, method, request->repository(),
             [=, this] { return Stats(*request, response); });
}

grpc::ServerUnaryReactor* EvaluationService::ListDecisions(grpc::CallbackServerContext* context,
                                                           const v1::ListDecisionsRequest* request,
                                                           v1::ListDecisionsResponse* response) {
  const UnaryMethod method{"ListDecisions", &environment_.metrics->rpc.list_decisions, &pool_};
  return Run(context, method, request->repository(),
             [=, this] { return List(*request, response); });
}

grpc::ServerUnaryReactor* EvaluationService::ReplayDecision(
    grpc::CallbackServerContext* context, const v1::ReplayDecisionRequest* request,
    v1::ReplayDecisionResponse* response) {
  const UnaryMethod method{"ReplayDecision", &environment_.metrics->rpc.replay_decision, &pool_};
  return Run(context, method, request->repository(),
             [=, this] { return Replay(*request, DeadlineOf(*context), response); });
}

grpc::ServerUnaryReactor* EvaluationService::ListConfirmedMisses(
    grpc::CallbackServerContext* context, const v1::ListConfirmedMissesRequest* request,
    v1::ListConfirmedMissesResponse* response) {
  const UnaryMethod method{"ListConfirmedMisses", &environment_.metrics->rpc.list_confirmed_misses,
                           &pool_};
  return Run(context, method, request->repository(),
             [=, this] { return ListMisses(*request, response); });
}

grpc::ServerUnaryReactor* EvaluationService::ForgetConfirmedMisses(
    grpc::CallbackServerContext* context, const v1::ForgetConfirmedMissesRequest* request,
    v1::ForgetConfirmedMissesResponse* response) {
  const UnaryMethod method{"ForgetConfirmedMisses",
                           &environment_.metrics->rpc.forget_confirmed_misses, &pool_,
                           /*needs_token=*/true};
  return Run(context, method, request->repository(),
             [=, this] { return ForgetMisses(*request, response); });
}

absl::Status EvaluationService::Report(const v1::ReportOutcomesRequest& request,
                                       v1::ReportOutcomesResponse* response) {
  TS_ASSIGN_OR_RETURN(const ObjectId head, CommitFromProto("commit", request.commit()));
  TS_ASSIGN_OR_RETURN(const auto known,
                      environment_.evaluator->LabelsAskedAt(request.repository(), head));
  TS_ASSIGN_OR_RETURN(const ReportedRun run,
                      ReadRun(environment_, request.repository(), head, request.run(), known));
  TS_ASSIGN_OR_RETURN(const auto judged,
                      environment_.evaluator->Report(request.repository(), head, run.job,
                                                     run.report(), absl::Now()));
  response->set_outcomes(run.outcomes.size());
  for (const JudgedDecision& one : judged) {
    TellJudged(environment_, one);
    JudgedToProto(one, LabelLimit(request.max_labels()), response->add_evaluations());
  }
  return absl::OkStatus();
}

absl::Status EvaluationService::Evaluate(const v1::EvaluateSelectionRequest& request,
                                         v1::EvaluateSelectionResponse* response) {
  const std::string& repository = request.repository();
  const auto decision =
      environment_.evaluator->decisions().Find(repository, request.selection_id());
  if (absl::IsNotFound(decision.status()) && request.has_selection()) {
    return EvaluateGiven(request, response);
  }
  TS_RETURN_IF_ERROR(decision.status());
  const uint32_t limit = LabelLimit(request.max_labels());
  if (!HasOutcomes(request.run())) {
    std::optional<JobKey> job;
    if (request.run().has_job()) {
      TS_ASSIGN_OR_RETURN(job, JobFromProto("run.job", request.run().job()));
    }
    TS_ASSIGN_OR_RETURN(const auto judged,
                        environment_.evaluator->Recall(repository, request.selection_id(),
                                                       job.has_value() ? &*job : nullptr));
    for (const JudgedDecision& one : judged) {
      JudgedToProto(one, limit, response->add_evaluations());
    }
    return absl::OkStatus();
  }
  const ObjectId& head = decision->request.head;
  TS_ASSIGN_OR_RETURN(const auto known, environment_.evaluator->LabelsAskedAt(repository, head));
  TS_ASSIGN_OR_RETURN(const ReportedRun run,
                      ReadRun(environment_, repository, head, request.run(), known));
  TS_ASSIGN_OR_RETURN(const JudgedDecision judged,
                      environment_.evaluator->ReportOf(repository, request.selection_id(), run.job,
                                                       run.report(), absl::Now()));
  TellJudged(environment_, judged);
  JudgedToProto(judged, limit, response->add_evaluations());
  return absl::OkStatus();
}

absl::Status EvaluationService::EvaluateGiven(const v1::EvaluateSelectionRequest& request,
                                              v1::EvaluateSelectionResponse* response) {
  response->set_not_recorded(true);
  TS_ASSIGN_OR_RETURN(GivenSelection given, SelectionFromContent(request.selection()));
  if (!HasOutcomes(request.run())) {
    return absl::NotFoundError(
        "the selection was not recorded, and no outcomes to evaluate it with were sent");
  }
  std::vector<std::string> known;
  for (size_t i = 0; i < given.list->size(); ++i) known.emplace_back((*given.list)[i]);
  TS_ASSIGN_OR_RETURN(const ReportedRun run,
                      ReadRun(environment_, request.repository(), given.decision.request.head,
                              request.run(), known));
  given.decision.answer.id = request.selection_id();
  const JudgedDecision judged =
      Evaluator::Judge(std::move(given.decision), std::move(given.list), run.job, run.report());
  JudgedToProto(judged, LabelLimit(request.max_labels()), response->add_evaluations());
  return absl::OkStatus();
}

absl::Status EvaluationService::Stats(const v1::GetStatsRequest& request,
                                      v1::GetStatsResponse* response) const {
  const uint32_t bucket = request.bucket_seconds() == 0 ? kDay : request.bucket_seconds();
  if (bucket < kNarrowestBucket) {
    return FieldError("bucket_seconds", absl::StrCat(bucket),
                      absl::StrCat("at least ", kNarrowestBucket));
  }
  std::optional<JobKey> job;
  if (request.has_job()) {
    TS_ASSIGN_OR_RETURN(job, JobFromProto("job", request.job()));
  }
  TS_ASSIGN_OR_RETURN(const auto rows,
                      environment_.evaluator->evaluations().List(request.repository(), ""));
  const absl::Time since = request.since_unix_seconds() == 0
                               ? absl::InfinitePast()
                               : absl::FromUnixSeconds(request.since_unix_seconds());
  StatsToProto(rows, job.has_value() ? &*job : nullptr, since, bucket, response);
  return absl::OkStatus();
}

absl::Status EvaluationService::List(const v1::ListDecisionsRequest& request,
                                     v1::ListDecisionsResponse* response) const {
  TS_ASSIGN_OR_RETURN(const size_t begin, PlaceOf(request.page_token()));
  const DecisionLog& log = environment_.evaluator->decisions();
  absl::StatusOr<std::vector<DecisionRow>> rows;
  if (request.head().empty()) {
    rows = log.List(request.repository());
  } else {
    TS_ASSIGN_OR_RETURN(const ObjectId head, CommitFromProto("head", request.head()));
    rows = log.OfHead(request.repository(), head);
  }
  TS_RETURN_IF_ERROR(rows.status());
  const uint32_t page =
      request.page_size() == 0 ? kDefaultPage : std::min(kMaxPage, request.page_size());
  const size_t end = std::min(rows->size(), begin + page);
  for (size_t i = begin; i < end; ++i) RowToProto((*rows)[i], response->add_decisions());
  if (end < rows->size()) response->set_next_page_token(absl::StrCat(end));
  return absl::OkStatus();
}

absl::Status EvaluationService::Replay(const v1::ReplayDecisionRequest& request,
                                       absl::Time deadline,
                                       v1::ReplayDecisionResponse* response) const {
  ReplayInputs inputs;
  inputs.selector = environment_.selector;
  inputs.store = environment_.store;
  inputs.repositories = environment_.repositories;
  inputs.server_version = kVersion;
  inputs.deadline = deadline;
  TS_ASSIGN_OR_RETURN(const ReplayReport report,
                      testselect::ReplayDecision(inputs, environment_.evaluator->decisions(),
                                                 request.repository(), request.selection_id()));
  ReplayToProto(report, response);
  return absl::OkStatus();
}

absl::Status EvaluationService::ListMisses(const v1::ListConfirmedMissesRequest& request,
                                           v1::ListConfirmedMissesResponse* response) const {
  TS_ASSIGN_OR_RETURN(const ConfirmedMisses all,
                      testselect::ListConfirmedMisses(*environment_.store, request.repository()));
  for (const auto& [job, misses] : all) {
    TS_ASSIGN_OR_RETURN(const JobKey key, JobKey::FromString(job));
    for (const ConfirmedMiss& miss : misses) {
      v1::ConfirmedMiss* out = response->add_misses();
      JobToProto(key, out->mutable_job());
      out->set_label(miss.label);
      out->set_selection_id(miss.decision);
      out->set_head(miss.head.ToHex());
      out->set_since_unix_seconds(absl::ToUnixSeconds(miss.since));
    }
  }
  return absl::OkStatus();
}

absl::Status EvaluationService::ForgetMisses(const v1::ForgetConfirmedMissesRequest& request,
                                             v1::ForgetConfirmedMissesResponse* response) {
  TS_ASSIGN_OR_RETURN(const JobKey job, JobFromProto("job", request.job()));
  TS_ASSIGN_OR_RETURN(const uint64_t forgotten,
                      environment_.evaluator->Forget(request.repository(), job, request.label()));
  response->set_forgotten(forgotten);
  environment_.log->Info("missed labels may be left out again",
                         {{"repository", request.repository()},
                          {"job", job.ToString()},
                          {"label", request.label()},
                          {"labels", forgotten}});
  return absl::OkStatus();
}

}  // namespace testselect
