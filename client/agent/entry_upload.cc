#include "client/agent/entry_upload.h"

#include <sys/stat.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/json_writer.h"
#include "client/files.h"
#include "client/upload_client.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

// With the waits of UploadQueue, several minutes.
constexpr int kAttemptsForUnknownCommits = 10;

std::string Now() { return absl::FormatTime(absl::RFC3339_sec, absl::Now(), absl::UTCTimeZone()); }

std::string DoneJson(const v1::UploadCoverageResponse& stored) {
  JsonWriter json;
  json.BeginObject().Key("time").String(Now());
  json.Key("upload_id").String(stored.upload_id()).Key("segment_id").String(stored.segment_id());
  json.Key("state").String(stored.state()).Key("already_stored").Bool(stored.already_stored());
  json.Key("labels").Number(stored.labels()).Key("files").Number(stored.files());
  json.Key("pairs").Number(stored.pairs()).Key("outcomes").Number(stored.outcomes());
  json.Key("warnings").BeginArray();
  for (const std::string& warning : stored.warnings()) json.String(warning);
  return std::move(json.EndArray().EndObject()).Finish();
}

std::string RefusedJson(const absl::Status& status, int attempt) {
  JsonWriter json;
  json.BeginObject().Key("time").String(Now());
  json.Key("code").String(absl::StatusCodeToString(status.code()));
  json.Key("message").String(status.message());
  json.Key("attempts").Number(static_cast<uint64_t>(attempt)).EndObject();
  return std::move(json).Finish();
}

// A link could lead to any file that the agent may read and the uploader may not.
absl::Status CheckRegular(const std::string& path, const std::string& file) {
  struct stat info = {};
  if (lstat(path.c_str(), &info) != 0) return ErrnoStatus(absl::StrCat("report ", file), errno);
  if (S_ISREG(info.st_mode)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("report ", file, ": not a regular file"));
}

absl::StatusOr<PreparedReports> OpenReports(const Spool& spool, const std::string& name,
                                            const Manifest& manifest) {
  std::vector<UploadReport> reports;
  const auto add = [&](const std::vector<ManifestReport>& files, bool outcomes) {
    for (const ManifestReport& file : files) {
      const std::string path = absl::StrCat(spool.EntryPath(name), "/", file.file);
      TS_RETURN_IF_ERROR(CheckRegular(path, file.file));
      reports.push_back({.path = path,
                         .format = file.format,
                         .label = file.label,
                         .outcomes = outcomes,
                         .name = file.file});
    }
    return absl::OkStatus();
  };
  TS_RETURN_IF_ERROR(add(manifest.reports, false));
  TS_RETURN_IF_ERROR(add(manifest.outcomes, true));
  return PreparedReports::Open(std::move(reports));
}

bool Exists(const std::string& path) {
  struct stat info = {};
  return lstat(path.c_str(), &info) == 0;
}

EntryResult Refused(const Spool& spool, const std::string& name, absl::Status status, int attempt,
                    bool server_answered) {
  const absl::Status moved = spool.MoveToRefused(name, RefusedJson(status, attempt));
  if (!moved.ok()) return {.status = moved, .server_answered = server_answered, .moved = false};
  return {
      .fate = EntryFate::kRefused, .status = std::move(status), .server_answered = server_answered};
}

// What is wrong with the entry itself.
EntryResult Unreadable(const Spool& spool, const std::string& name, absl::Status status,
                       int attempt) {
  if (!Exists(absl::StrCat(spool.EntryPath(name), "/", kManifestName))) {
    return {.fate = EntryFate::kGone, .status = std::move(status)};
  }
  const bool wrong = status.code() == absl::StatusCode::kInvalidArgument ||
                     status.code() == absl::StatusCode::kNotFound;
  if (wrong) return Refused(spool, name, std::move(status), attempt, true);
  return {.status = std::move(status), .moved = false};
}

}  // namespace

bool MayBeTakenLater(absl::StatusCode code, int attempt) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAlreadyExists:
      return false;
    case absl::StatusCode::kNotFound:
      return attempt < kAttemptsForUnknownCommits;
    default:
      return true;
  }
}

EntryResult UploadEntry(const Spool& spool, const Connection& connection, const std::string& name,
                        int attempt, absl::Duration timeout) {
  absl::StatusOr<Manifest> manifest = spool.ReadManifest(name);
  if (!manifest.ok()) return Unreadable(spool, name, manifest.status(), attempt);
  const absl::StatusOr<PreparedReports> reports = OpenReports(spool, name, *manifest);
  if (!reports.ok()) return Unreadable(spool, name, reports.status(), attempt);
  absl::StatusOr<v1::UploadCoverageResponse> stored =
      Upload(connection, std::move(manifest->header), *reports, absl::Now() + timeout, nullptr);
  if (!stored.ok()) {
    const absl::Status& status = stored.status();
    const bool answered = status.code() != absl::StatusCode::kUnavailable &&
                          status.code() != absl::StatusCode::kDeadlineExceeded;
    if (!MayBeTakenLater(status.code(), attempt)) {
      return Refused(spool, name, status, attempt, answered);
    }
    return {.status = status, .server_answered = answered};
  }
  const absl::Status moved = spool.MoveToDone(name, DoneJson(*stored));
  if (!moved.ok()) return {.status = moved, .moved = false};
  return {.fate = EntryFate::kDone, .bytes = reports->total_bytes(), .stored = *std::move(stored)};
}

}  // namespace testselect::client
