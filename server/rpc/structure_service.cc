#include "server/rpc/structure_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/rpc/proto_conversion.h"
#include "server/rpc/selection_conversion.h"
#include "server/rpc/shared_index.h"
#include "server/rpc/status.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr size_t kWorkers = 1;  // its calls are people's
constexpr size_t kMaxWaiting = 100;
constexpr int kMaxPaths = 100'000;
constexpr int kMaxKeys = 50'000;
constexpr size_t kMaxKeyBytes = 512;
constexpr size_t kMostSourceBytes = 32 << 20;  // of one answer, uncompressed

absl::StatusOr<GraphRequest> GraphFromProto(const v1::GetGraphRequest& proto, absl::Time deadline) {
  GraphRequest request;
  TS_ASSIGN_OR_RETURN(request.repository, RepositoryFromProto("repository", proto.repository()));
  TS_ASSIGN_OR_RETURN(request.commit, CommitFromProto("commit", proto.commit()));
  if (proto.paths_size() > kMaxPaths) {
    return FieldError("paths", absl::StrCat(proto.paths_size(), " paths"),
                      absl::StrCat("at most ", kMaxPaths));
  }
  request.paths.assign(proto.paths().begin(), proto.paths().end());
  request.deadline = deadline;
  return request;
}

void GraphToProto(const FileGraph& graph, v1::GetGraphResponse* out) {
  for (const GraphFile& file : graph.files) {
    v1::GraphFile* to = out->add_files();
    to->set_path(file.path);
    to->set_language(file.language);
    for (const std::string& path : file.imports) to->add_imports(path);
  }
}

absl::StatusOr<LineRange> LinesFromProto(const v1::FindLabelsRequest& proto) {
  const uint32_t first = proto.first_line(), last = proto.last_line();
  if (first == 0 && last == 0) return LineRange{};
  if (first == 0) return FieldError("first_line", "0", "lines are counted from 1");
  if (last < first) {
    return FieldError("last_line", absl::StrCat(last),
                      absl::StrCat("expected at least first_line, ", first));
  }
  if (last > kMaxLine) {
    return FieldError("last_line", absl::StrCat(last), absl::StrCat("at most ", kMaxLine));
  }
  return LineRange{first, last};
}

absl::StatusOr<LabelQuestion> QuestionFromProto(const v1::FindLabelsRequest& proto,
                                                absl::Time deadline) {
  LabelQuestion question;
  TS_ASSIGN_OR_RETURN(question.repository, RepositoryFromProto("repository", proto.repository()));
  TS_ASSIGN_OR_RETURN(question.commit, CommitFromProto("commit", proto.commit()));
  question.path = proto.path();
  TS_ASSIGN_OR_RETURN(question.lines, LinesFromProto(proto));
  if (proto.jobs_size() > kMaxJobs) {
    return FieldError("jobs", absl::StrCat(proto.jobs_size(), " jobs"),
                      absl::StrCat("at most ", kMaxJobs));
  }
  for (int i = 0; i < proto.jobs_size(); ++i) {
    TS_ASSIGN_OR_RETURN(JobKey job, JobFromProto(absl::StrCat("jobs[", i, "]"), proto.jobs(i)));
    question.jobs.push_back(std::move(job));
  }
  question.deadline = deadline;
  return question;
}

void LabelsToProto(const LabelAnswer& answer, v1::FindLabelsResponse* out) {
  for (const std::string& label : answer.executed) out->add_executed(label);
  for (const std::string& label : answer.opened) out->add_opened(label);
  out->set_outside_tests(answer.outside_tests);
  for (const ReachingLabel& reaching : answer.reached) {
    v1::ReachingLabel* to = out->add_reached();
    to->set_label(reaching.label);
    for (const std::string& path : reaching.via) to->add_via(path);
  }
  out->set_labels_without_file(answer.homeless);
  for (const IndexUse& use : answer.index) IndexToProto(use, out->add_index());
}

absl::StatusOr<std::vector<std::string>> KeysFromProto(const v1::GetSourcesRequest& proto) {
  if (proto.keys().empty()) return FieldError("keys", "0 keys", "at least one");
  if (proto.keys_size() > kMaxKeys) {
    return FieldError("keys", absl::StrCat(proto.keys_size(), " keys"),
                      absl::StrCat("at most ", kMaxKeys));
  }
  for (int i = 0; i < proto.keys_size(); ++i) {
    if (proto.keys(i).size() <= kMaxKeyBytes) continue;
    return FieldError(absl::StrCat("keys[", i, "]"), absl::StrCat(proto.keys(i).size(), " bytes"),
                      absl::StrCat("at most ", kMaxKeyBytes));
  }
  return std::vector<std::string>(proto.keys().begin(), proto.keys().end());
}

}  // namespace

StructureService::StructureService(const ServiceEnvironment& environment)
    : environment_(environment),
      pool_(kWorkers, kMaxWaiting, environment.metrics->rpc.structure_waiting) {}

grpc::ServerUnaryReactor* StructureService::GetGraph(grpc::CallbackServerContext* context,
                                                     const v1::GetGraphRequest* request,
                                                     v1::GetGraphResponse* response) {
  const UnaryMethod method{"GetGraph", &environment_.metrics->rpc.get_graph, &pool_};
  return RunUnary(context, environment_, method, [=, this]() -> absl::Status {
    TS_ASSIGN_OR_RETURN(const GraphRequest question,
                        GraphFromProto(*request, DeadlineOf(*context)));
    TS_ASSIGN_OR_RETURN(const FileGraph graph, environment_.selector->ReadGraph(question));
    GraphToProto(graph, response);
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* StructureService::FindLabels(grpc::CallbackServerContext* context,
                                                       const v1::FindLabelsRequest* request,
                                                       v1::FindLabelsResponse* response) {
  const UnaryMethod method{"FindLabels", &environment_.metrics->rpc.find_labels, &pool_};
  return RunUnary(context, environment_, method, [=, this]() -> absl::Status {
    TS_ASSIGN_OR_RETURN(const LabelQuestion question,
                        QuestionFromProto(*request, DeadlineOf(*context)));
    const IndexStore::Freshness news =
        HearOthers(environment_, question.repository, DeadlineOf(*context));
    if (!news.usable) return news.heard;
    TS_ASSIGN_OR_RETURN(const LabelAnswer answer, environment_.selector->FindLabels(question));
    LabelsToProto(answer, response);
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* StructureService::GetSources(grpc::CallbackServerContext* context,
                                                       const v1::GetSourcesRequest* request,
                                                       v1::GetSourcesResponse* response) {
  const UnaryMethod method{"GetSources", &environment_.metrics->rpc.get_sources, &pool_};
  context->set_compression_algorithm(GRPC_COMPRESS_GZIP);
  return RunUnary(context, environment_, method, [=, this]() -> absl::Status {
    if (!request->repository().empty()) {
      TS_ASSIGN_OR_RETURN(const std::string repository,
                          RepositoryFromProto("repository", request->repository()));
      TS_RETURN_IF_ERROR(environment_.repositories->Find(repository).status());
    }
    TS_ASSIGN_OR_RETURN(const std::vector<std::string> keys, KeysFromProto(*request));
    TS_ASSIGN_OR_RETURN(Selector::KeptSources kept,
                        environment_.selector->FindSources(keys, kMostSourceBytes));
    for (CutSource& source : kept.sources) {
      v1::CutSource* to = response->add_sources();
      to->set_key(std::move(source.key));
      to->set_record(std::move(source.record));
    }
    response->set_answered(static_cast<uint32_t>(kept.answered));
    return absl::OkStatus();
  });
}

}  // namespace testselect
