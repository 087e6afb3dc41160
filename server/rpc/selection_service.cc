#include "server/rpc/selection_service.h"

#include <grpcpp/support/proto_buffer_writer.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/time/clock.h"
#include "server/rpc/decision_recorder.h"
#include "server/rpc/evaluation_conversion.h"
#include "server/rpc/run_evaluation.h"
#include "server/rpc/selection_conversion.h"
#include "server/rpc/shared_index.h"
#include "server/rpc/snapshot_conversion.h"
#include "server/selection/evaluator.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

// How long an answer waits for its decision to be on disk.
constexpr absl::Duration kAnswerWait = absl::Seconds(2);

size_t Workers(uint64_t configured) {
  return configured != 0 ? configured : std::max(1u, std::thread::hardware_concurrency());
}

// Leaves time to send the fallback answer before the client stops waiting for it.
absl::Time ComputeUntil(absl::Time deadline) {
  if (deadline == absl::InfiniteFuture()) return deadline;
  return deadline - std::min(absl::Milliseconds(200), (deadline - absl::Now()) / 10);
}

absl::StatusOr<grpc::ByteBuffer> Encode(const v1::SelectTestsResponse& response) {
  const size_t size = response.ByteSizeLong();
  if (size > static_cast<size_t>(INT32_MAX)) {
    return absl::ResourceExhaustedError(
        "the answer would be over 2 GiB; ask for packed lists or bits");
  }
  grpc::ByteBuffer bytes;
  grpc::ProtoBufferWriter writer(&bytes, 1 << 20, static_cast<int>(size));
  if (!response.SerializeToZeroCopyStream(&writer)) {
    return absl::InternalError("the answer cannot be encoded");
  }
  return bytes;
}

void CountLabels(const ListSizes& sizes, const SelectionMetrics& metrics) {
  metrics.requested.Add(static_cast<double>(sizes.requested));
  metrics.absent.Add(static_cast<double>(sizes.absent));
  metrics.present_diff.Add(static_cast<double>(sizes.present_diff));
  metrics.global_level.Add(static_cast<double>(sizes.global_level));
  metrics.present_report.Add(static_cast<double>(sizes.present_report));
  metrics.run.Add(static_cast<double>(sizes.run));
  metrics.skip.Add(static_cast<double>(sizes.requested - std::min(sizes.requested, sizes.run)));
}

// Under the names that dynamic test selection's dashboards know.
void CountIndexError(FallbackCode fallback, const DecisionMetrics& metrics) {
  switch (fallback) {
    case FallbackCode::kNoIndex:
    case FallbackCode::kUnknownBase:
      return metrics.index_not_found.Add();
    case FallbackCode::kDataLoss:
    case FallbackCode::kMissingObject:
      return metrics.index_initialization_failed.Add();
    case FallbackCode::kDeadline:
    case FallbackCode::kUnavailable:
    case FallbackCode::kMaxWait:
      return metrics.unexpected_error.Add();
    case FallbackCode::kNone:
    case FallbackCode::kEnvironment:
    case FallbackCode::kRunAll:
      return;  // as asked for
  }
}

}  // namespace

SelectionService::SelectionService(const ServiceEnvironment& environment)
    : environment_(environment),
      cache_(environment.config->response_cache_bytes),
      pool_(Workers(environment.config->selection_workers),
            environment.config->max_waiting_selections, environment.metrics->rpc.select_waiting) {}

grpc::ServerUnaryReactor* SelectionService::SelectTests(grpc::CallbackServerContext* context,
                                                        const grpc::ByteBuffer* request,
                                                        grpc::ByteBuffer* response) {
  const auto received = std::make_shared<const ReceivedSelection>(*request);
  const auto known = FindAnswer(received->key());
  const UnaryMethod method{"SelectTests", &environment_.metrics->rpc.select_tests, &pool_};
  if (known == nullptr) {
    return RunUnary(context, environment_, method, [this, context, received, response] {
      return Select(*received, DeadlineOf(*context), response);
    });
  }
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const CallRecord record(environment_, method.name, method.metrics);
  *response = known->response;
  environment_.metrics->selection.repeated.Add();
  CountLabels(known->sizes, environment_.metrics->selection);
  reactor->Finish(record.End(absl::OkStatus()));
  return reactor;
}

grpc::ServerUnaryReactor* SelectionService::ExplainTest(grpc::CallbackServerContext* context,
                                                        const v1::ExplainTestRequest* request,
                                                        v1::ExplainTestResponse* response) {
  const UnaryMethod method{"ExplainTest", &environment_.metrics->rpc.explain_test, &pool_};
  return RunUnary(context, environment_, method, [this, context, request, response] {
    return Explain(*request, DeadlineOf(*context), response);
  });
}

grpc::ServerUnaryReactor* SelectionService::GetDecision(grpc::CallbackServerContext* context,
                                                        const v1::GetDecisionRequest* request,
                                                        v1::GetDecisionResponse* response) {
  const UnaryMethod method{"GetDecision", &environment_.metrics->rpc.get_decision, &pool_};
  return RunUnary(context, environment_, method, [this, context, request, response] {
    return FindDecision(*request, DeadlineOf(*context), response);
  });
}

grpc::ServerUnaryReactor* SelectionService::PutSnapshot(grpc::CallbackServerContext* context,
                                                        const v1::PutSnapshotRequest* request,
                                                        v1::PutSnapshotResponse* response) {
  const UnaryMethod method{"PutSnapshot", &environment_.metrics->rpc.put_snapshot, &pool_};
  return RunUnary(context, environment_, method, [this, context, request, response] {
    return Put(*request, DeadlineOf(*context), response);
  });
}

absl::Status SelectionService::Put(const v1::PutSnapshotRequest& request, absl::Time deadline,
                                   v1::PutSnapshotResponse* response) {
  TS_RETURN_IF_ERROR(KnownRepository(environment_, request.repository()));
  TS_ASSIGN_OR_RETURN(const ObjectId parent, ObjectId::FromHex("commit", request.commit()));
  TS_ASSIGN_OR_RETURN(const std::vector<SnapshotFile> files, SnapshotFromProto(request));
  RepositorySource& repositories = *environment_.repositories;
  TS_RETURN_IF_ERROR(repositories.EnsureCommit(request.repository(), parent, deadline));
  TS_ASSIGN_OR_RETURN(const ObjectId commit,
                      repositories.PutSnapshot(request.repository(), parent, files));
  response->set_commit(commit.ToHex());
  return absl::OkStatus();
}

absl::Status SelectionService::FindDecision(const v1::GetDecisionRequest& request,
                                            absl::Time deadline,
                                            v1::GetDecisionResponse* response) {
  TS_ASSIGN_OR_RETURN(const v1::ListForm form, ListFormFromProto(request.list_form()));
  TS_RETURN_IF_ERROR(KnownRepository(environment_, request.repository()));
  environment_.decisions->Flush(std::min(deadline, absl::Now() + kRecordingWait));
  const DecisionLog& log = environment_.evaluator->decisions();
  absl::StatusOr<Decision> decision = log.Find(request.repository(), request.selection_id());
  if (absl::IsNotFound(decision.status()) && environment_.store->IsShared()) {
    HearDecisions(environment_, request.repository());
    decision = log.Find(request.repository(), request.selection_id());
  }
  TS_RETURN_IF_ERROR(decision.status());
  TS_ASSIGN_OR_RETURN(const auto list, log.FindList(request.repository(), decision->list));
  DecisionToProto(*decision, list, form, response);
  return absl::OkStatus();
}

std::shared_ptr<const ResponseCache::Entry> SelectionService::FindAnswer(const Digest& key) {
  auto entry = cache_.Find(key, environment_.store->generation());
  if (entry == nullptr || !HeardOthers(environment_, entry->repository)) return nullptr;
  if (entry->list.IsNull()) return entry;
  // Looking for the list is also what keeps one that is asked about from being forgotten.
  const bool list_known = environment_.selector->FindList(entry->list) != nullptr;
  return list_known || !entry->makes_list_known ? entry : nullptr;
}

absl::Status SelectionService::Select(const ReceivedSelection& request, absl::Time deadline,
                                      grpc::ByteBuffer* response) {
  const auto select = [&]() -> absl::Status {
    TS_ASSIGN_OR_RETURN(v1::SelectTestsRequest proto, request.Parse());
    TS_ASSIGN_OR_RETURN(SelectionRequest domain, SelectionFromProto(proto));
    const IndexStore::Freshness news = HearOthers(environment_, domain.repository, deadline);
    if (!news.usable) domain.unheard = environment_.statuses->Public(news.heard.message());
    const uint64_t generation = environment_.store->generation();
    TS_ASSIGN_OR_RETURN(const v1::ListForm form, ListFormFromProto(proto.list_form()));
    const bool labels_sent = proto.requested().digest().empty();
    TS_ASSIGN_OR_RETURN(domain.requested, RequestedFromProto(proto.requested(), request.packed(),
                                                             environment_.selector));
    domain.deadline = ComputeUntil(deadline);
    TS_ASSIGN_OR_RETURN(const SelectionResult result, environment_.selector->Select(domain));
    environment_.decisions->Record(domain, result);  // while the answer is encoded
    v1::SelectTestsResponse answer;
    SelectionToProto(result, form, domain.requested != nullptr, domain.omit_order, &answer);
    if (!news.heard.ok()) answer.set_degraded(environment_.statuses->Public(news.heard.message()));
    auto entry = std::make_shared<ResponseCache::Entry>();
    entry->generation = generation;
    entry->repository = domain.repository;
    entry->sizes = SizesOf(result);
    if (domain.requested != nullptr) {
      entry->list = domain.requested->digest();
      entry->makes_list_known =
          labels_sent && environment_.selector->FindList(entry->list) != nullptr;
    }
    TS_ASSIGN_OR_RETURN(entry->response, Encode(answer));
    *response = entry->response;
    Count(result, entry->sizes);
    // An answer that somebody has is not forgotten by a crash; but no disk keeps it for long.
    if (!environment_.decisions->Flush(std::min(domain.deadline, absl::Now() + kAnswerWait))) {
      environment_.log->Warning(
          "an answer left before its decision was on disk",
          {{"repository", domain.repository}, {"selection", result.selection->id}});
    }
    // What made a fallback (a missing object, a deadline) may be gone the next time.
    const bool lasting = !result.selection->fallback.has_value() && news.heard.ok();
    if (lasting) cache_.Insert(request.key(), std::move(entry));
    return absl::OkStatus();
  };
  absl::Status status = select();
  if (!status.ok()) environment_.metrics->selection.error.Add();
  return status;
}

absl::Status SelectionService::Explain(const v1::ExplainTestRequest& request, absl::Time deadline,
                                       v1::ExplainTestResponse* response) {
  if (request.label().empty()) return FieldError("label", "", "expected a label");
  TS_ASSIGN_OR_RETURN(SelectionRequest domain, SelectionFromProto(request.selection()));
  const IndexStore::Freshness news = HearOthers(environment_, domain.repository, deadline);
  if (!news.usable) domain.unheard = environment_.statuses->Public(news.heard.message());
  domain.deadline = ComputeUntil(deadline);
  TS_ASSIGN_OR_RETURN(const Explanation explanation,
                      environment_.selector->Explain(domain, request.label()));
  ExplanationToProto(explanation, response);
  return absl::OkStatus();
}

void SelectionService::Count(const SelectionResult& result, const ListSizes& sizes) {
  const SelectionMetrics& metrics = environment_.metrics->selection;
  const Selection& selection = *result.selection;
  const auto fallback =
      selection.fallback.has_value() ? selection.fallback->code : FallbackCode::kNone;
  if (selection.fallback.has_value()) {
    metrics.fallback[std::min<size_t>(static_cast<size_t>(fallback), metrics.fallback.size() - 1)]
        .Add();
    CountIndexError(fallback, environment_.metrics->decision);
  } else {
    (result.times.cached ? metrics.cached : metrics.computed).Add();
  }
  CountLabels(sizes, metrics);
  metrics.total.Observe(result.times.total);
  if (!result.times.cached) {
    metrics.resolve.Observe(result.times.resolve);
    metrics.diff.Observe(result.times.diff);
    metrics.lookup.Observe(result.times.lookup);
    uint32_t distance = 0;
    absl::Time created = absl::Now();
    for (const IndexUse& use : selection.index) {
      distance = std::max(distance, use.distance);
      created = std::min(created, use.created);
    }
    if (!selection.index.empty()) {
      metrics.age_commits.Observe(distance);
      metrics.age_seconds.Observe(absl::Now() - created);
    }
  }
  environment_.log->Log(result.times.cached ? LogLevel::kDebug : LogLevel::kInfo, "tests selected",
                        {{"selection", selection.id},
                         {"fallback", FallbackName(fallback)},
                         {"requested", sizes.requested},
                         {"run", sizes.run},
                         {"cached", result.times.cached},
                         {"seconds", result.times.total}});
}

}  // namespace testselect
