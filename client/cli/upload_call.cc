#include "client/cli/upload_call.h"

#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "client/cli/branch_name.h"
#include "client/cli/json_writer.h"
#include "client/cli/number_text.h"
#include "client/cli/shard.h"
#include "client/cli/target.h"
#include "server/git/open_repository.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

constexpr absl::Duration kTimeout = absl::Hours(1);

absl::StatusOr<v1::Job> JobOf(const UploadOptions& options) {
  v1::Job job;
  job.set_name(options.job);
  for (const std::string& pair : options.flavor) {
    const size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == pair.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--flavor: '", Shorten(pair), "' is not KEY=VALUE"));
    }
    if (!job.mutable_flavor()->insert({pair.substr(0, equals), pair.substr(equals + 1)}).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("--flavor: '", Shorten(pair.substr(0, equals)), "' is given twice"));
    }
  }
  return job;
}

void Advise(const v1::UploadCoverageResponse& stored, Console& console) {
  for (const std::string& warning : stored.warnings()) console.Warning(warning);
  if (stored.state() == "building") {
    console.Note(
        "other shards are missing; the index is used once all have arrived (or after "
        "`testselect index seal`)");
  }
}

// The header, complete but for its reports; and the connection.
absl::StatusOr<Target> Prepare(const CommonOptions& common, const UploadOptions& options,
                               absl::Time deadline, v1::UploadHeader& header, Console& console) {
  TS_ASSIGN_OR_RETURN(header, UploadHeaderOf(options));
  TS_ASSIGN_OR_RETURN(Target target, OpenTarget(common, deadline, console));
  header.set_repository(target.repository);
  TS_ASSIGN_OR_RETURN(*header.mutable_branch(), BranchOf(common, options.branch));
  if (options.path_root.empty() && options.path_prefix.empty()) {
    header.set_path_root(CheckoutTop(common));
  }
  return target;
}

}  // namespace

absl::StatusOr<v1::UploadHeader> UploadHeaderOf(const UploadOptions& options) {
  TS_RETURN_IF_ERROR(CheckCommit("--commit", options.commit));
  v1::UploadHeader header;
  header.set_commit(options.commit);
  TS_ASSIGN_OR_RETURN(*header.mutable_job(), JobOf(options));
  TS_ASSIGN_OR_RETURN(const Shard shard, ParseShard(options.shard));
  header.set_shard_index(shard.index);
  header.set_shard_count(shard.count);
  header.set_attempt(options.attempt);
  header.set_subset(options.subset);
  if (options.isolation == "process") header.set_isolation(v1::ISOLATION_PROCESS_PER_LABEL);
  if (options.isolation == "shared") header.set_isolation(v1::ISOLATION_SHARED_PROCESS);
  header.set_environment_digest(options.environment);
  header.set_path_root(options.path_root);
  header.set_path_prefix(options.path_prefix);
  return header;
}

std::string CheckoutTop(const CommonOptions& common) {
  absl::StatusOr<std::string> top = LocalTop(common);
  if (!top.ok()) top = FindRepositoryTop(".");  // --repo is the name that a server knows
  if (!top.ok()) return "";
  while (top->size() > 1 && top->back() == '/') top->pop_back();
  return *top;
}

absl::Status CheckUpload(const CommonOptions& common, const UploadOptions& options) {
  TS_RETURN_IF_ERROR(UploadHeaderOf(options).status());
  return CheckRepository(common);
}

StoredUpload StoreReports(const CommonOptions& common, const UploadOptions& options,
                          std::vector<UploadReport> reports, Console& console) {
  const absl::StatusOr<PreparedReports> prepared = PreparedReports::Open(std::move(reports));
  if (!prepared.ok()) return {prepared.status(), ExitCode::kUsage};
  const absl::Time deadline = DeadlineOf(common, kTimeout);
  v1::UploadHeader header;
  const absl::StatusOr<Target> target = Prepare(common, options, deadline, header, console);
  if (!target.ok()) return {target.status(), ExitCode::kUsage};
  console.Detail(absl::StrCat("uploading ", prepared->size(), " reports, ",
                              BytesText(prepared->total_bytes())));
  StoredUpload stored = {
      Upload(*target->connection, std::move(header), *prepared, deadline,
             [&](uint64_t done, uint64_t total) { console.Progress("uploading", done, total); }),
      ExitCode::kRefused};
  console.EndProgress();
  if (stored.answer.ok()) Advise(*stored.answer, console);
  return stored;
}

std::string UploadJson(const v1::UploadCoverageResponse& stored) {
  JsonWriter json;
  json.BeginObject().Key("upload_id").String(stored.upload_id());
  json.Key("segment_id").String(stored.segment_id()).Key("state").String(stored.state());
  json.Key("already_stored").Bool(stored.already_stored());
  json.Key("labels").Number(stored.labels()).Key("files").Number(stored.files());
  json.Key("pairs").Number(stored.pairs()).Key("global_lines").Number(stored.global_lines());
  json.Key("outcomes").Number(stored.outcomes()).Key("formats").BeginArray();
  absl::flat_hash_set<absl::string_view> told;  // there may be a report for each label
  for (const std::string& format : stored.formats()) {
    if (told.insert(format).second) json.String(format);
  }
  json.EndArray().Key("warnings").BeginArray();
  for (const std::string& warning : stored.warnings()) json.String(warning);
  json.EndArray().EndObject();
  return std::move(json).Finish();
}

}  // namespace testselect::client
