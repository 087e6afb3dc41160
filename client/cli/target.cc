#include "client/cli/target.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/local_service.h"
#include "client/remote_sources.h"
#include "client/status_mapping.h"
#include "server/git/open_repository.h"
#include "storage/model/object_id.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"
#include "storage/model/upload.h"

namespace testselect::client {
namespace {

// A name may contain slashes, but what begins like this is a path to everybody who types it.
bool LooksLikePath(absl::string_view repo) {
  return repo == "." || repo == ".." || absl::StartsWith(repo, "/") ||
         absl::StartsWith(repo, "./") || absl::StartsWith(repo, "../") ||
         absl::StartsWith(repo, "~");
}

}  // namespace

bool MayBeRepositoryName(absl::string_view repo) { return !repo.empty() && !LooksLikePath(repo); }

absl::Status CheckRepository(const CommonOptions& common) {
  const std::string& server = common.remote.server;
  if (server.empty()) return absl::OkStatus();
  if (!MayBeRepositoryName(common.repo)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--repo: with a server (", server,
        ") give the NAME under which the server knows the repository (testselectd --repository "
        "NAME=PATH)",
        common.repo.empty() ? "" : absl::StrCat(", not the path '", Shorten(common.repo), "'"),
        "; without --server and TESTSELECT_SERVER a directory is used in process"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> LocalTop(const CommonOptions& common) {
  const std::string start = common.repo.empty() ? "." : common.repo;
  auto top = FindRepositoryTop(start);
  if (!top.ok()) return WithContext(absl::StrCat("--repo ", start), top.status());
  while (top->size() > 1 && top->back() == '/') top->pop_back();
  return top;
}

absl::StatusOr<Target> OpenTarget(const CommonOptions& common, absl::Time deadline,
                                  Console& console) {
  TS_RETURN_IF_ERROR(CheckRepository(common));
  Target target;
  if (!common.remote.server.empty()) {
    TS_ASSIGN_OR_RETURN(target.connection, ConnectRemote(common.remote));
    target.repository = common.repo;
    return target;
  }
  LocalOptions options;
  TS_ASSIGN_OR_RETURN(options.top, LocalTop(common));
  options.lock_wait = absl::Seconds(common.lock_wait);
  options.deadline = deadline;
  options.verbose = console.verbose();
  if (!common.sources.empty()) {
    RemoteOptions server = common.remote;
    server.server = common.sources;
    auto connection = ConnectRemote(server);
    if (!connection.ok()) return WithContext("--sources", connection.status());
    options.sources = std::make_shared<RemoteSources>(*std::move(connection));
  }
  options.notice = [&console](absl::string_view sentence) { console.Note(sentence); };
  TS_ASSIGN_OR_RETURN(target.connection, ConnectLocal(options));
  target.repository = kLocalRepository;
  return target;
}

absl::Time DeadlineOf(const CommonOptions& common, absl::Duration fallback) {
  if (common.timeout > 0) return absl::Now() + absl::Seconds(common.timeout);
  return common.remote.server.empty() ? absl::InfiniteFuture() : absl::Now() + fallback;
}

absl::Status CheckCommit(absl::string_view flag, const std::string& commit) {
  const auto id = ObjectId::FromHex(flag, commit);
  if (id.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      id.status().message(), commit.empty() ? "" : ", or name a revision of the clone at hand",
      "; a full id is what `git rev-parse ",
      commit.empty() || Shorten(commit) != commit ? "HEAD" : commit, "` prints"));
}

absl::StatusOr<v1::Job> ParseJob(absl::string_view flag, const std::string& text) {
  const auto key = JobKey::FromString(text);
  if (!key.ok()) return WithContext(flag, key.status());
  v1::Job job;
  job.set_name(key->name);
  for (const auto& [name, value] : key->flavor) (*job.mutable_flavor())[name] = value;
  return job;
}

}  // namespace testselect::client
