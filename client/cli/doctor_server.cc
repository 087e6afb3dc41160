// doctor: what the service says.
#include <sys/stat.h>

#include <algorithm>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/doctor.h"
#include "client/handshake_log.h"
#include "client/local_service.h"
#include "client/status_mapping.h"
#include "server/rpc/health_probe.h"
#include "storage/model/digest.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"
#include "testselect/v1/index.grpc.pb.h"
#include "testselect/v1/ingest.grpc.pb.h"
#include "testselect/v1/rules.grpc.pb.h"

namespace testselect::client {
namespace {

constexpr absl::Duration kProbeTimeout = absl::Seconds(10);
constexpr absl::Duration kOldIndex = absl::Hours(7 * 24);
constexpr uint32_t kFarIndex = 100;
constexpr uint32_t kPage = 1000;
constexpr char kUpload[] =
    "upload a full run of the main branch: testselect upload --commit SHA --job NAME REPORT...";

absl::Time Deadline(const Diagnosis& diagnosis) {
  return std::min(DeadlineOf(diagnosis.common, absl::Minutes(2)), absl::Now() + absl::Minutes(2));
}

void CheckToken(Diagnosis& diagnosis) {
  // An upload that nobody made: who may ask for its state may upload.
  v1::GetUploadStatusRequest request;
  v1::UploadHeader& header = *request.mutable_header();
  header.set_repository(diagnosis.target->repository);
  header.set_commit(std::string(ObjectId::kHexChars, 'd'));
  header.mutable_job()->set_name("testselect-doctor");
  header.add_reports()->set_digest(std::string(Digest::Of("testselect doctor").bytes()));
  v1::GetUploadStatusResponse response;
  const auto stub = v1::CoverageIngestService::NewStub(diagnosis.target->connection->channel());
  const auto context = diagnosis.target->connection->NewContext(Deadline(diagnosis));
  const grpc::Status status = stub->GetUploadStatus(context.get(), request, &response);
  const bool shown = !diagnosis.common.remote.token_file.empty();
  switch (status.error_code()) {
    case grpc::StatusCode::OK:
    case grpc::StatusCode::NOT_FOUND:
      return diagnosis.Ok("token", shown ? "uploads are allowed" : "uploads need none");
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::PERMISSION_DENIED:
      return diagnosis.Problem(
          "token", absl::StrCat("uploads are not allowed: ", status.error_message()),
          shown ? "have the server take the token in that file (testselectd --token-file)"
                : "give --token-file FILE with a token that the server takes");
    case grpc::StatusCode::UNIMPLEMENTED:
      return diagnosis.Warn("token", "this server takes no uploads",
                            "upload to one with --role=indexer or all");
    default:
      return diagnosis.Warn("token", FromGrpcStatus("asking", status).ToString(), "try again");
  }
}

// Whether the server has the commits that a selection here would name.
void CheckCommits(Diagnosis& diagnosis) {
  if (!diagnosis.head.has_value()) return diagnosis.Skip("commits", "no commit is checked out");
  v1::CheckRulesRequest request;
  request.set_repository(diagnosis.target->repository);
  request.set_head(diagnosis.head->ToHex());
  if (diagnosis.base.has_value()) request.set_base(diagnosis.base->ToHex());
  v1::CheckRulesResponse response;
  const auto stub = v1::RuleService::NewStub(diagnosis.target->connection->channel());
  const auto context = diagnosis.target->connection->NewContext(Deadline(diagnosis));
  const grpc::Status status = stub->CheckRules(context.get(), request, &response);
  switch (status.error_code()) {
    case grpc::StatusCode::OK:
      return diagnosis.Ok("commits", diagnosis.base.has_value() ? "the server has HEAD and base"
                                                                : "the server has HEAD");
    case grpc::StatusCode::NOT_FOUND:
      return diagnosis.Problem("commits", status.error_message(),
                               "push it; or see whether the server's repository is the one of this "
                               "clone, and can be fetched");
    case grpc::StatusCode::INVALID_ARGUMENT:
      return diagnosis.Problem("commits", status.error_message(), "mend the rule file at HEAD");
    case grpc::StatusCode::UNIMPLEMENTED:
      return diagnosis.Warn("commits", "this server makes no selections",
                            "ask one with --role=frontend or all");
    default:
      return diagnosis.Warn("commits", status.error_message(), "try again");
  }
}

void CheckRemote(Diagnosis& diagnosis) {
  const std::string& server = diagnosis.common.remote.server;
  const char* const no_token = "there is no connection";
  absl::StatusOr<std::unique_ptr<Connection>> connection = ConnectRemote(diagnosis.common.remote);
  if (!connection.ok()) {
    diagnosis.Problem("server", std::string(connection.status().message()), "mend that flag");
    return diagnosis.Skip("token", no_token);
  }
  const absl::Status healthy =
      ProbeChannel((*connection)->channel(), server, absl::Now() + kProbeTimeout);
  if (!healthy.ok()) {
    diagnosis.Problem("server", ExplainUnavailable(healthy.message(), HandshakeFailure()),
                      "start testselectd, or mend --server, TESTSELECT_SERVER, --tls or the "
                      "network between");
    return diagnosis.Skip("token", no_token);
  }
  const absl::Status named = CheckRepository(diagnosis.common);
  if (!named.ok()) {
    diagnosis.Problem("server", absl::StrCat(server, " serves; ", named.message()),
                      "give --repo NAME");
    return diagnosis.Skip("token", "the repository has no name");
  }
  diagnosis.Ok("server", absl::StrCat(server, " serves"));
  diagnosis.target.emplace();
  diagnosis.target->connection = *std::move(connection);
  diagnosis.target->repository = diagnosis.common.repo;
  CheckToken(diagnosis);
  CheckCommits(diagnosis);
}

absl::StatusOr<std::vector<v1::IndexedCommit>> ListIndex(const Diagnosis& diagnosis) {
  v1::ListIndexedCommitsRequest request;
  request.set_repository(diagnosis.target->repository);
  request.set_page_size(kPage);
  v1::ListIndexedCommitsResponse response;
  const auto stub = v1::IndexService::NewStub(diagnosis.target->connection->channel());
  const auto context = diagnosis.target->connection->NewContext(Deadline(diagnosis));
  TS_RETURN_IF_ERROR(FromGrpcStatus("listing the index",
                                    stub->ListIndexedCommits(context.get(), request, &response)));
  return std::vector<v1::IndexedCommit>(response.commits().begin(), response.commits().end());
}

bool IsUsable(const v1::IndexedCommit& commit) {
  return std::any_of(commit.segments().begin(), commit.segments().end(),
                     [](const v1::SegmentSummary& s) { return s.state() == "sealed"; });
}

std::string DaysText(absl::Duration age) {
  const int64_t hours = absl::ToInt64Hours(age);
  return hours < 48 ? absl::StrCat(hours, " hours") : absl::StrCat(hours / 24, " days");
}

void CheckStates(Diagnosis& diagnosis) {
  std::map<std::string, uint64_t> by_state;
  absl::Time newest = absl::InfinitePast();
  for (const v1::IndexedCommit& commit : *diagnosis.index) {
    for (const v1::SegmentSummary& segment : commit.segments()) {
      ++by_state[segment.state()];
      if (segment.state() != "sealed") continue;
      newest = std::max(newest, absl::FromUnixSeconds(segment.created_unix_seconds()));
    }
  }
  std::string found = absl::StrCat(diagnosis.index->size(), " commits");
  for (const auto& [state, count] : by_state) absl::StrAppend(&found, ", ", count, " ", state);
  if (newest == absl::InfinitePast()) {
    return diagnosis.Problem("index", absl::StrCat(found, ": none is usable"),
                             "upload the missing shards, or `testselect index seal SHA "
                             "[--include-quarantined]`");
  }
  const absl::Duration age = absl::Now() - newest;
  absl::StrAppend(&found, "; the newest is ", DaysText(age), " old");
  if (by_state["quarantined"] > 0) {
    return diagnosis.Warn("index", found,
                          "`testselect index list` names the quarantined: mend the job, or seal "
                          "them if the suite did shrink");
  }
  if (by_state["building"] > 0) {
    return diagnosis.Warn("index", found,
                          "upload the missing shards, or `testselect index seal SHA`");
  }
  if (age > kOldIndex) return diagnosis.Warn("index", found, kUpload);
  diagnosis.Ok("index", found);
}

// Where a selection for a change of HEAD would begin.
void CheckDistance(Diagnosis& diagnosis) {
  if (!diagnosis.head.has_value()) return diagnosis.Skip("distance", "no commit is checked out");
  std::map<ObjectId, std::string> usable;
  for (const v1::IndexedCommit& commit : *diagnosis.index) {
    const absl::StatusOr<ObjectId> id = ObjectId::FromHex("commit", commit.commit());
    if (id.ok() && IsUsable(commit)) usable.emplace(*id, commit.commit());
  }
  uint32_t distance = 0;
  bool shallow_end = false;
  const absl::Status walked = diagnosis.git->WalkAncestors(
      *diagnosis.head,
      [&](const CommitInfo& commit, uint32_t from_head) {
        const auto found = usable.find(commit.id);
        if (found == usable.end()) return true;
        diagnosis.indexed = found->second;
        distance = from_head;
        return false;
      },
      &shallow_end);
  if (!walked.ok()) {
    return diagnosis.Warn("distance", walked.message(), "git fsck; fetch what is missing");
  }
  if (diagnosis.indexed.empty()) {
    return diagnosis.Problem(
        "distance",
        absl::StrCat("none of the indexed commits is an ancestor of HEAD",
                     shallow_end ? ", as far as this shallow clone tells" : ""),
        shallow_end ? "git fetch --unshallow, and check again" : kUpload);
  }
  const std::string found = absl::StrCat(diagnosis.indexed.substr(0, 12), " is indexed, ", distance,
                                         " commits behind HEAD");
  if (distance > kFarIndex) return diagnosis.Warn("distance", found, kUpload);
  diagnosis.Ok("distance", found);
}

void CheckLocalIndex(Diagnosis& diagnosis) {
  const char* const in_process = "none is named: commands work in process, on .testselect/";
  if (diagnosis.top.empty()) return diagnosis.Skip("server", in_process);
  struct stat info = {};
  // Looking must not create it.
  if (stat(absl::StrCat(diagnosis.top, "/", kLocalFolder).c_str(), &info) != 0) {
    diagnosis.index.emplace();
    return diagnosis.Skip("server", in_process);
  }
  absl::StatusOr<Target> target =
      OpenTarget(diagnosis.common, DeadlineOf(diagnosis.common, kProbeTimeout), diagnosis.console);
  if (!target.ok()) {
    return diagnosis.Problem("server", target.status().message(),
                             "end what uses the index, or mend the folder");
  }
  diagnosis.target = *std::move(target);
  diagnosis.Skip("server", in_process);
}

}  // namespace

void CheckService(Diagnosis& diagnosis) {
  if (!diagnosis.common.remote.server.empty()) return CheckRemote(diagnosis);
  CheckLocalIndex(diagnosis);
  diagnosis.Skip("token", "there is no server");
}

void CheckIndex(Diagnosis& diagnosis) {
  if (!diagnosis.index.has_value()) {
    if (!diagnosis.target.has_value()) return diagnosis.Skip("index", "there is no service to ask");
    absl::StatusOr<std::vector<v1::IndexedCommit>> listed = ListIndex(diagnosis);
    if (!listed.ok()) {
      return diagnosis.Problem("index", std::string(listed.status().message()),
                               absl::IsNotFound(listed.status())
                                   ? "mend --repo, or configure it (testselectd --repository "
                                     "NAME=PATH)"
                                   : "see the server's log");
    }
    diagnosis.index = *std::move(listed);
  }
  if (diagnosis.index->empty()) {
    return diagnosis.Problem("index", "nothing is indexed: everything runs (NO_INDEX)", kUpload);
  }
  CheckStates(diagnosis);
  CheckDistance(diagnosis);
}

}  // namespace testselect::client
