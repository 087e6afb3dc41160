#include "server/rpc/export_answer.h"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/rpc/index_view.h"
#include "server/rpc/proto_conversion.h"
#include "server/rpc/selection_conversion.h"
#include "server/rpc/shared_index.h"
#include "server/rpc/status.h"
#include "server/selection/index_export.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

absl::StatusOr<IndexKind> KindFromProto(v1::IndexKind kind) {
  switch (kind) {
    case v1::INDEX_KIND_UNSPECIFIED:
      return IndexKind::kPackage;
    case v1::INDEX_KIND_FILE:
    case v1::INDEX_KIND_PACKAGE:
    case v1::INDEX_KIND_DIFFED_PACKAGE:
    case v1::INDEX_KIND_LINE:
    case v1::INDEX_KIND_FUNCTION:
      return static_cast<IndexKind>(kind);
    default:
      return FieldError("kind", absl::StrCat(static_cast<int>(kind)), "expected 0 to 5");
  }
}

bool IsAsked(const v1::ExportIndexRequest& request, const std::optional<JobKey>& job,
             const JobKey& of) {
  if (!request.page_token().empty() && of.ToString() <= request.page_token()) return false;
  if (!job.has_value()) return true;
  return job->flavor.empty() ? of.name == job->name : of == *job;
}

// The usable segments of a commit by job.
using ByJob = std::map<std::string, std::vector<SegmentInfo>>;
ByJob UsableByJob(const std::vector<SegmentInfo>& all) {
  ByJob by_job;
  for (const SegmentInfo& info : all) by_job[info.header.job.ToString()].push_back(info);
  for (auto& [job, infos] : by_job) infos = UsableSegments(infos);
  std::erase_if(by_job, [](const auto& job) { return job.second.empty(); });
  return by_job;
}

absl::Status ToProto(const ExportedIndex& index, v1::ExportIndexResponse* out) {
  std::vector<uint32_t> positions(index.universe->size());
  index.ran.ForEach([&](LabelNumber n) {
    positions[n] = static_cast<uint32_t>(out->labels_size());
    const absl::string_view name = index.universe->Name(n);
    out->add_labels(name.data(), name.size());
  });
  for (const ExportedKey& key : index.keys) {
    v1::IndexKey* to = out->add_keys();
    to->set_key(key.key);
    to->set_every_label(key.every_label);
    DenseLabelSet labels(index.universe->size());
    TS_RETURN_IF_ERROR(UnionLabelSet(key.labels, index.universe->size(), &labels));
    labels.ForEach([&](LabelNumber n) { to->add_labels(positions[n]); });
  }
  out->set_labels_without_keys(index.without_keys.Count());
  for (const std::string& warning : index.warnings) out->add_warnings(warning);
  return absl::OkStatus();
}

// What a request asks for, checked.
struct Question {
  std::string repository;
  ObjectId commit;
  std::optional<JobKey> job;
  IndexKind kind = IndexKind::kPackage;
  std::vector<std::string> baseline;
};

absl::StatusOr<Question> QuestionOf(const v1::ExportIndexRequest& request) {
  Question question;
  TS_ASSIGN_OR_RETURN(question.repository, RepositoryFromProto("repository", request.repository()));
  TS_ASSIGN_OR_RETURN(question.commit, CommitFromProto("commit", request.commit()));
  if (request.has_job()) {
    TS_ASSIGN_OR_RETURN(question.job, JobFromProto("job", request.job()));
  }
  if (!request.page_token().empty() && !JobKey::FromString(request.page_token()).ok()) {
    return FieldError("page_token", request.page_token(),
                      "expected the next_page_token of an earlier answer");
  }
  TS_ASSIGN_OR_RETURN(question.kind, KindFromProto(request.kind()));
  TS_ASSIGN_OR_RETURN(
      question.baseline,
      BaselineFromProto(request.baseline_labels(), question.kind == IndexKind::kDiffedPackage));
  return question;
}

absl::Status NothingUsable(const Question& question) {
  const std::string commit = question.commit.ToHex();
  const std::string job =
      question.job.has_value() ? absl::StrCat(" and job '", question.job->ToString(), "'") : "";
  return WithField(absl::NotFoundError(absl::StrCat("commit='", commit,
                                                    "': nothing usable is indexed for it", job)),
                   "commit", commit);
}

}  // namespace

absl::Status ExportAnswer(const ServiceEnvironment& environment,
                          const v1::ExportIndexRequest& request, absl::Time deadline,
                          std::function<bool()> cancelled, v1::ExportIndexResponse* response) {
  TS_ASSIGN_OR_RETURN(const Question question, QuestionOf(request));
  TS_RETURN_IF_ERROR(environment.repositories->Find(question.repository).status());
  const IndexStore::Freshness news = HearOthers(environment, question.repository, deadline);
  if (!news.usable) return news.heard;
  if (!news.heard.ok()) {
    response->add_warnings(absl::StrCat("the index may be older than there is: ",
                                        environment.statuses->Public(news.heard.message())));
  }
  TS_ASSIGN_OR_RETURN(const std::vector<SegmentInfo> all,
                      environment.store->SegmentsAt(question.repository, question.commit));
  ByJob by_job = UsableByJob(all);
  ExportInputs inputs;
  for (const auto& [name, infos] : by_job) {
    inputs.of_all_jobs.insert(inputs.of_all_jobs.end(), infos.begin(), infos.end());
  }
  std::erase_if(by_job, [&](const auto& of) {
    return !IsAsked(request, question.job, of.second.front().header.job);
  });
  if (by_job.empty()) return NothingUsable(question);
  inputs.store = environment.store;
  inputs.segments = by_job.begin()->second;
  inputs.baseline = question.baseline;
  inputs.bodies = [&](const std::string& path) {
    return environment.selector->FindBodies(question.repository, question.commit, path, deadline);
  };
  inputs.cancelled = std::move(cancelled);
  TS_ASSIGN_OR_RETURN(const ExportedIndex index, ExportKeys(inputs, question.kind));
  JobToProto(inputs.segments.front().header.job, response->mutable_job());
  TS_RETURN_IF_ERROR(ToProto(index, response));
  if (inputs.segments.front().state == SegmentState::kBuilding) {
    response->add_warnings("shards of the job are missing: their tests are under no key");
  }
  if (by_job.size() > 1) response->set_next_page_token(by_job.begin()->first);
  return absl::OkStatus();
}

}  // namespace testselect
