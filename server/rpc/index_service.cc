#include "server/rpc/index_service.h"

#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "server/rpc/export_answer.h"
#include "server/rpc/index_retention.h"
#include "server/rpc/index_view.h"
#include "server/rpc/proto_conversion.h"
#include "server/rpc/shared_index.h"
#include "server/rpc/status.h"
#include "server/rpc/upload_spec.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr size_t kThreads = 2;
constexpr size_t kMaxWaiting = 256;
constexpr uint32_t kDefaultPage = 100;
constexpr uint32_t kMaxPage = 1000;
constexpr uint64_t kMaxAgeSeconds = 100ull * 366 * 86400;

// The segments of a commit that belong to `job`; one without a flavor stands for all its flavors.
std::vector<SegmentInfo> OfJob(std::vector<SegmentInfo> infos, const std::optional<JobKey>& job) {
  if (!job.has_value()) return infos;
  std::erase_if(infos, [&](const SegmentInfo& info) {
    return job->flavor.empty() ? info.header.job.name != job->name : info.header.job != *job;
  });
  return infos;
}

absl::StatusOr<std::optional<JobKey>> OptionalJob(bool given, const v1::Job& proto) {
  if (!given) return std::nullopt;
  TS_ASSIGN_OR_RETURN(JobKey job, JobFromProto("job", proto));
  return job;
}

// The settings' policy with what the request says instead.
absl::StatusOr<RetentionPolicy> PolicyOf(const v1::ApplyRetentionRequest& request,
                                         const ServerConfig& config) {
  RetentionPolicy policy = RetentionOf(config);
  if (request.max_age_seconds() > kMaxAgeSeconds) {
    return FieldError("max_age_seconds", absl::StrCat(request.max_age_seconds()),
                      absl::StrCat("at most ", kMaxAgeSeconds));
  }
  if (request.has_max_age_seconds()) {
    policy.max_age = request.max_age_seconds() == 0
                         ? absl::InfiniteDuration()
                         : absl::Seconds(static_cast<int64_t>(request.max_age_seconds()));
  }
  if (request.has_commits_per_branch()) policy.commits_per_branch = request.commits_per_branch();
  if (request.has_commits_in_all()) policy.commits_in_all = request.commits_in_all();
  return policy;
}

void RetentionToProto(const RetentionPolicy& policy, const RetentionReport& report,
                      v1::ApplyRetentionResponse* out) {
  for (const RetentionVerdict& verdict : report.plan.verdicts) {
    v1::RetentionVerdict* v = out->add_verdicts();
    SegmentToProto(verdict.segment, v->mutable_segment());
    v->set_kept(verdict.keep());
    v->set_reason(verdict.reason);
  }
  out->set_segments_kept(report.kept);
  out->set_segments_dropped(report.dropped);
  out->set_notes_dropped(report.notes);
  out->set_decisions_dropped(report.decisions);
  out->set_bytes_before(report.bytes_before);
  out->set_bytes_after(report.bytes_after);
  if (policy.max_age < absl::InfiniteDuration()) {
    out->set_max_age_seconds(static_cast<uint64_t>(absl::ToInt64Seconds(policy.max_age)));
  }
  out->set_commits_per_branch(policy.commits_per_branch);
  out->set_commits_in_all(policy.commits_in_all);
}

absl::Status NothingIndexed(const ObjectId& commit, const std::optional<JobKey>& job) {
  return WithField(absl::NotFoundError(absl::StrCat(
                       "commit='", commit.ToHex(), "': nothing is indexed for it",
                       job.has_value() ? absl::StrCat(" and job '", job->ToString(), "'") : "")),
                   "commit", commit.ToHex());
}

void LabelToProto(const LabelFigures& figures, v1::LabelEvidence* out) {
  for (const auto& [path, ranges] : figures.files) {
    v1::FileLines* file = out->add_files();
    file->set_path(path);
    for (const LineRange& range : ranges) {
      v1::LineSpan* span = file->add_spans();
      span->set_first(range.first);
      span->set_last(range.last);
    }
  }
  const absl::string_view outcome = OutcomeName(figures.outcome.outcome);
  out->set_outcome(outcome.data(), outcome.size());
  out->set_seconds(figures.outcome.seconds);
}

void HistoryToProto(const JobKey& job, const LabelHistory& history, v1::LabelHistory* out) {
  JobToProto(job, out->mutable_job());
  const absl::string_view outcome = OutcomeName(history.last);
  out->set_outcome(outcome.data(), outcome.size());
  out->set_failed(history.failed);
  out->set_seconds(history.Seconds());
  out->set_runs(history.runs);
  out->set_failures(history.failures);
  out->set_failure_rate(history.FailureRate());
  out->set_flaky(history.IsKnownFlaky());
}

// What the jobs of `segments` remember of `label`.
absl::Status AddHistories(const TestHistory& histories, const std::vector<SegmentInfo>& segments,
                          absl::string_view label, v1::LabelEvidence* out) {
  std::set<JobKey> jobs;
  for (const SegmentInfo& info : segments) jobs.insert(info.header.job);
  for (const JobKey& job : jobs) {
    TS_ASSIGN_OR_RETURN(const std::shared_ptr<const JobHistory> history,
                        histories.Of(segments[0].header.repository, job));
    const LabelHistory* const found = history->Find(label);
    if (found != nullptr) HistoryToProto(job, *found, out->add_history());
  }
  return absl::OkStatus();
}

}  // namespace

IndexService::IndexService(const ServiceEnvironment& environment)
    : environment_(environment),
      pool_(kThreads, kMaxWaiting, environment.metrics->rpc.index_waiting) {}

grpc::ServerUnaryReactor* IndexService::ListIndexedCommits(
    grpc::CallbackServerContext* context, const v1::ListIndexedCommitsRequest* request,
    v1::ListIndexedCommitsResponse* response) {
  return RunUnary(context, environment_,
                  {"ListIndexedCommits", &environment_.metrics->rpc.list_indexed_commits, &pool_},
                  [this, request, response] { return List(*request, response); });
}

grpc::ServerUnaryReactor* IndexService::GetIndex(grpc::CallbackServerContext* context,
                                                 const v1::GetIndexRequest* request,
                                                 v1::GetIndexResponse* response) {
  return RunUnary(context, environment_, {"GetIndex", &environment_.metrics->rpc.get_index, &pool_},
                  [this, context, request, response] {
                    return Get(
                        *request, [context] { return context->IsCancelled(); }, response);
                  });
}

grpc::ServerUnaryReactor* IndexService::ExportIndex(grpc::CallbackServerContext* context,
                                                    const v1::ExportIndexRequest* request,
                                                    v1::ExportIndexResponse* response) {
  return RunUnary(context, environment_,
                  {"ExportIndex", &environment_.metrics->rpc.export_index, &pool_},
                  [this, context, request, response] {
                    return ExportAnswer(
                        environment_, *request, DeadlineOf(*context),
                        [context] { return context->IsCancelled(); }, response);
                  });
}

grpc::ServerUnaryReactor* IndexService::DeleteIndex(grpc::CallbackServerContext* context,
                                                    const v1::DeleteIndexRequest* request,
                                                    v1::DeleteIndexResponse* response) {
  return RunUnary(context, environment_,
                  {"DeleteIndex", &environment_.metrics->rpc.delete_index, &pool_,
                   /*needs_token=*/true},
                  [this, request, response] { return Delete(*request, response); });
}

grpc::ServerUnaryReactor* IndexService::ApplyRetention(grpc::CallbackServerContext* context,
                                                       const v1::ApplyRetentionRequest* request,
                                                       v1::ApplyRetentionResponse* response) {
  return RunUnary(context, environment_,
                  {"ApplyRetention", &environment_.metrics->rpc.apply_retention, &pool_,
                   /*needs_token=*/true},
                  [this, context, request, response] {
                    return Retain(
                        *request, [context] { return context->IsCancelled(); }, response);
                  });
}

// What was heard before is an answer; nothing is none.
absl::Status IndexService::CheckHeard(const std::string& repository) const {
  const IndexStore::Freshness news = HearOthers(environment_, repository, absl::InfiniteFuture());
  return news.usable ? absl::OkStatus() : news.heard;
}

absl::Status IndexService::List(const v1::ListIndexedCommitsRequest& request,
                                v1::ListIndexedCommitsResponse* response) const {
  TS_ASSIGN_OR_RETURN(const std::string repository,
                      RepositoryFromProto("repository", request.repository()));
  if (request.page_size() > kMaxPage) {
    return FieldError("page_size", absl::StrCat(request.page_size()),
                      absl::StrCat("at most ", kMaxPage));
  }
  TS_RETURN_IF_ERROR(environment_.repositories->Find(repository).status());
  TS_RETURN_IF_ERROR(CheckHeard(repository));
  TS_ASSIGN_OR_RETURN(std::vector<IndexedCommit> all, environment_.store->ListCommits(repository));
  const size_t size = request.page_size() == 0 ? kDefaultPage : request.page_size();
  TS_ASSIGN_OR_RETURN(const CommitPage page, PageOf(std::move(all), size, request.page_token()));
  for (const IndexedCommit& commit : page.commits) {
    v1::IndexedCommit* out = response->add_commits();
    out->set_commit(commit.commit.ToHex());
    for (const SegmentInfo& info : commit.segments) SegmentToProto(info, out->add_segments());
  }
  response->set_next_page_token(page.next_token);
  return absl::OkStatus();
}

absl::Status IndexService::Get(const v1::GetIndexRequest& request,
                               const std::function<bool()>& cancelled,
                               v1::GetIndexResponse* response) const {
  TS_ASSIGN_OR_RETURN(const std::string repository,
                      RepositoryFromProto("repository", request.repository()));
  TS_ASSIGN_OR_RETURN(const ObjectId commit, CommitFromProto("commit", request.commit()));
  TS_ASSIGN_OR_RETURN(const std::optional<JobKey> job,
                      OptionalJob(request.has_job(), request.job()));
  TS_RETURN_IF_ERROR(environment_.repositories->Find(repository).status());
  TS_RETURN_IF_ERROR(CheckHeard(repository));
  TS_ASSIGN_OR_RETURN(std::vector<SegmentInfo> all,
                      environment_.store->SegmentsAt(repository, commit));
  all = OfJob(std::move(all), job);
  if (all.empty()) return NothingIndexed(commit, job);
  const std::vector<SegmentInfo> usable = UsableSegments(all);
  TS_ASSIGN_OR_RETURN(const IndexFigures figures,
                      CountEvidence(*environment_.store, usable, cancelled));
  response->set_labels(figures.labels);
  response->set_files(figures.files);
  response->set_pairs(figures.pairs);
  response->set_global_lines(figures.global_lines);
  for (const SegmentInfo& info : all) SegmentToProto(info, response->add_segments());
  if (request.label().empty()) return absl::OkStatus();
  TS_ASSIGN_OR_RETURN(const LabelFigures label,
                      EvidenceOfLabel(*environment_.store, usable, request.label(), cancelled));
  LabelToProto(label, response->mutable_label_evidence());
  return AddHistories(*environment_.history, all, request.label(),
                      response->mutable_label_evidence());
}

absl::Status IndexService::Delete(const v1::DeleteIndexRequest& request,
                                  v1::DeleteIndexResponse* response) {
  TS_ASSIGN_OR_RETURN(const std::string repository,
                      RepositoryFromProto("repository", request.repository()));
  TS_ASSIGN_OR_RETURN(const ObjectId commit, CommitFromProto("commit", request.commit()));
  TS_ASSIGN_OR_RETURN(const std::optional<JobKey> job,
                      OptionalJob(request.has_job(), request.job()));
  absl::StatusOr<uint64_t> deleted = environment_.store->Delete(repository, commit, job);
  if (absl::IsNotFound(deleted.status())) return NothingIndexed(commit, job);
  TS_RETURN_IF_ERROR(deleted.status());
  response->set_segments(*deleted);
  environment_.log->Info(
      "index deleted",
      {{"repository", repository}, {"commit", commit.ToHex()}, {"segments", *deleted}});
  // The notes of its uploads answer for segments that are gone. One that stays is harmless: an
  // upload's answer is given again only while its segment exists.
  TS_ASSIGN_OR_RETURN(const auto notes,
                      environment_.store->NotesWithPrefix(UploadNotePrefix(repository, commit)));
  TS_ASSIGN_OR_RETURN(const auto left, environment_.store->SegmentsAt(repository, commit));
  for (size_t i = 0; left.empty() && i < notes.size(); ++i) {
    TS_RETURN_IF_ERROR(environment_.store->DeleteNote(notes[i].first));
  }
  return absl::OkStatus();
}

absl::Status IndexService::Retain(const v1::ApplyRetentionRequest& request,
                                  const std::function<bool()>& cancelled,
                                  v1::ApplyRetentionResponse* response) {
  TS_ASSIGN_OR_RETURN(const std::string repository,
                      RepositoryFromProto("repository", request.repository()));
  TS_ASSIGN_OR_RETURN(const RetentionPolicy policy, PolicyOf(request, *environment_.config));
  TS_ASSIGN_OR_RETURN(
      const RetentionReport report,
      environment_.retention->Apply(repository, policy, request.dry_run(), cancelled));
  RetentionToProto(policy, report, response);
  return absl::OkStatus();
}

}  // namespace testselect
