#include "client/cli/local_state.h"

#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/cli/target.h"
#include "client/connection.h"
#include "client/retry.h"
#include "client/status_mapping.h"
#include "server/git/open_repository.h"
#include "storage/model/object_id.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"
#include "testselect/v1/selection.grpc.pb.h"

namespace testselect::client {
namespace {

constexpr size_t kMostBytes = 64 << 20;  // what the server takes

v1::SnapshotFileType TypeOf(FileType type) {
  switch (type) {
    case FileType::kRegular:
      return v1::SNAPSHOT_FILE_TYPE_REGULAR;
    case FileType::kExecutable:
      return v1::SNAPSHOT_FILE_TYPE_EXECUTABLE;
    case FileType::kSymlink:
      return v1::SNAPSHOT_FILE_TYPE_SYMLINK;
    case FileType::kSubmodule:
      return v1::SNAPSHOT_FILE_TYPE_SUBMODULE;
    case FileType::kNone:
      return v1::SNAPSHOT_FILE_TYPE_DELETED;
  }
  return v1::SNAPSHOT_FILE_TYPE_UNSPECIFIED;
}

// What differs between a commit and a snapshot, with its content.
absl::Status AddChanges(const GitRepository& git, const ObjectId& from, const ObjectId& snapshot,
                        v1::PutSnapshotRequest* request) {
  TS_ASSIGN_OR_RETURN(const CommitInfo old_state, git.Commit(from));
  TS_ASSIGN_OR_RETURN(const CommitInfo new_state, git.Commit(snapshot));
  TS_ASSIGN_OR_RETURN(const auto changes, git.DiffTrees(old_state.tree, new_state.tree));
  size_t bytes = 0;
  const auto add = [&](const std::string& path, FileType type) {
    v1::SnapshotFile* file = request->add_files();
    file->set_path(path);
    file->set_type(TypeOf(type));
    return file;
  };
  for (const FileChange& change : *changes) {
    if (!change.old_path.empty() && change.old_path != change.new_path) {
      add(change.old_path, FileType::kNone);
    }
    if (change.new_path.empty()) continue;
    v1::SnapshotFile* file = add(change.new_path, change.new_type);
    if (change.new_type == FileType::kSubmodule) {
      file->set_content(change.new_blob.ToHex());
      continue;
    }
    TS_ASSIGN_OR_RETURN(*file->mutable_content(), git.ReadBlob(change.new_blob));
    bytes += file->content().size();
    if (bytes > kMostBytes) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the files that differ from commit ", from.ToHex(), " have over ", kMostBytes >> 20,
          " MiB, which is more than a server takes; '", Shorten(change.new_path), "' has ",
          file->content().size(), " bytes: commit and push, or have git ignore what is no source"));
    }
  }
  return absl::OkStatus();
}

// Gives the server a snapshot as what differs from `parent`; what the server calls it. kNotFound:
// the server does not have the parent.
absl::StatusOr<std::string> Put(const CommonOptions& common, const GitRepository& git,
                                const ObjectId& parent, const ObjectId& snapshot) {
  v1::PutSnapshotRequest request;
  request.set_repository(common.repo);
  request.set_commit(parent.ToHex());
  TS_RETURN_IF_ERROR(AddChanges(git, parent, snapshot, &request));
  const absl::Time deadline = DeadlineOf(common, absl::Minutes(2));
  TS_ASSIGN_OR_RETURN(const auto connection, ConnectRemote(common.remote));
  const auto stub = v1::TestSelectionService::NewStub(connection->channel());
  v1::PutSnapshotResponse response;
  TS_RETURN_IF_ERROR(CallWithRetry(connection->retry(), deadline, [&] {
    response.Clear();
    auto context = connection->NewContext(deadline);
    return FromGrpcStatus("showing the changed files to the server",
                          stub->PutSnapshot(context.get(), request, &response));
  }));
  return response.commit();
}

absl::Status UseServer(const CommonOptions& common, const std::string& top, const ObjectId& head,
                       const ObjectId& snapshot, v1::SelectTestsRequest& request) {
  TS_RETURN_IF_ERROR(CheckRepository(common));
  TS_ASSIGN_OR_RETURN(const auto git, OpenGitRepository(top));
  ObjectId parent = head;
  auto put = Put(common, *git, parent, snapshot);
  if (absl::IsNotFound(put.status())) {
    TS_ASSIGN_OR_RETURN(const std::optional<ObjectId> pushed, NewestPushedCommit(top));
    if (!pushed.has_value() || *pushed == head) return put.status();
    parent = *pushed;
    put = Put(common, *git, parent, snapshot);
  }
  TS_RETURN_IF_ERROR(put.status());
  request.set_head(*put);
  if (request.base().empty()) request.set_base(parent.ToHex());
  return absl::OkStatus();
}

}  // namespace

absl::Status UseLocalState(const CommonOptions& common, const SelectOptions& options,
                           v1::SelectTestsRequest& request) {
  const char* flag = options.staged ? "--staged" : "--working-tree";
  CommonOptions here = common;  // with a server, --repo is its name there
  if (!common.remote.server.empty()) here.repo.clear();
  TS_ASSIGN_OR_RETURN(const std::string top, LocalTop(here));
  TS_ASSIGN_OR_RETURN(const ObjectId head, ResolveRevision(top, "HEAD"));
  if (!options.head.empty()) {
    TS_RETURN_IF_ERROR(CheckCommit("--head", options.head));
    if (absl::AsciiStrToLower(options.head) != head.ToHex()) {
      return absl::InvalidArgumentError(
          absl::StrCat(flag, " selects for the files as they are, on top of HEAD (", head.ToHex(),
                       "); --head names ", options.head, ": leave --head out"));
    }
  }
  TS_ASSIGN_OR_RETURN(const ObjectId snapshot, SnapshotCommit(top, options.staged));
  if (!common.remote.server.empty()) return UseServer(common, top, head, snapshot, request);
  request.set_head(snapshot.ToHex());
  if (request.base().empty()) request.set_base(head.ToHex());
  return absl::OkStatus();
}

}  // namespace testselect::client
