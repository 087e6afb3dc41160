#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/branch_name.h"
#include "client/cli/commands.h"
#include "client/cli/json_writer.h"
#include "client/cli/number_text.h"
#include "client/cli/report_argument.h"
#include "client/cli/shard.h"
#include "client/cli/spool_upload.h"
#include "client/cli/target.h"
#include "client/upload_client.h"
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

absl::StatusOr<v1::UploadHeader> HeaderOf(const UploadOptions& options) {
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

absl::StatusOr<std::vector<ReportArgument>> ArgumentsOf(const UploadOptions& options) {
  return CollectReports(options.reports, options.reports_from, options.label);
}

absl::StatusOr<PreparedReports> ReportsOf(const UploadOptions& options) {
  TS_ASSIGN_OR_RETURN(std::vector<ReportArgument> arguments, ArgumentsOf(options));
  std::vector<UploadReport> reports;
  reports.reserve(arguments.size() + options.outcomes.size());
  for (ReportArgument& argument : arguments) {
    reports.push_back({std::move(argument.path), options.format, std::move(argument.label), false});
  }
  for (const std::string& file : options.outcomes) reports.push_back({file, "", "", true});
  return PreparedReports::Open(std::move(reports));
}

// Tools that write absolute names mean this checkout unless told otherwise; without its top, a name
// such as /home/me/app/calc.py could be any file called calc.py. Not in a checkout: no root.
std::string CheckoutTop(const CommonOptions& common) {
  absl::StatusOr<std::string> top = LocalTop(common);
  if (!top.ok()) top = FindRepositoryTop(".");  // --repo is the name that a server knows
  if (!top.ok()) return "";
  while (top->size() > 1 && top->back() == '/') top->pop_back();
  return *top;
}

std::string AnswerJson(const v1::UploadCoverageResponse& stored) {
  JsonWriter json;
  json.BeginObject().Key("upload_id").String(stored.upload_id());
  json.Key("segment_id").String(stored.segment_id()).Key("state").String(stored.state());
  json.Key("already_stored").Bool(stored.already_stored());
  json.Key("labels").Number(stored.labels()).Key("files").Number(stored.files());
  json.Key("pairs").Number(stored.pairs()).Key("global_lines").Number(stored.global_lines());
  json.Key("outcomes").Number(stored.outcomes()).Key("formats").BeginArray();
  for (const std::string& format : stored.formats()) json.String(format);
  json.EndArray().Key("warnings").BeginArray();
  for (const std::string& warning : stored.warnings()) json.String(warning);
  json.EndArray().EndObject();
  return std::move(json).Finish();
}

std::string AnswerText(const v1::UploadCoverageResponse& stored) {
  return absl::StrCat(stored.already_stored() ? "already stored as segment " : "stored segment ",
                      stored.segment_id(), " (", stored.state(), "): ", CountText(stored.labels()),
                      " labels, ", CountText(stored.files()), " files, ", CountText(stored.pairs()),
                      " pairs, ", CountText(stored.global_lines()), " global lines, ",
                      CountText(stored.outcomes()), " outcomes\n");
}

void Advise(const v1::UploadCoverageResponse& stored, Console& console) {
  for (const std::string& warning : stored.warnings()) console.Warning(warning);
  if (stored.state() == "building") {
    console.Note(
        "other shards are missing; the index is used once all have arrived (or after "
        "`testselect index seal`)");
  }
}

// With --spool: nothing is sent; the agent does that.
ExitCode PutInSpool(const CommonOptions& common, const UploadOptions& options,
                    v1::UploadHeader header, Console& console) {
  if (!MayBeRepositoryName(common.repo)) {
    return console.Fail(absl::InvalidArgumentError(absl::StrCat(
        "--repo: with --spool give the NAME under which the agent's server knows the repository",
        common.repo.empty() ? "" : absl::StrCat(", not the path '", Shorten(common.repo), "'"))));
  }
  header.set_repository(common.repo);
  header.set_branch(options.branch.empty() ? BranchOfEnvironment(std::getenv) : options.branch);
  if (options.path_root.empty() && options.path_prefix.empty()) {
    header.set_path_root(CheckoutTop(common));
  }
  const absl::StatusOr<std::vector<ReportArgument>> reports = ArgumentsOf(options);
  if (!reports.ok()) return console.Fail(reports.status());
  const absl::StatusOr<std::string> entry = PutReportsInSpool(
      options.spool, std::move(header), options.format, *reports, options.outcomes);
  if (!entry.ok()) return console.Fail(entry.status());
  const absl::Status printed =
      console.Print(common.json    ? SpoolEntryJson(*entry)
                    : common.quiet ? std::string()
                                   : absl::StrCat("in the spool as ", *entry, "\n"));
  return printed.ok() ? ExitCode::kAnswered : console.Fail(printed);
}

}  // namespace

ExitCode RunUpload(const CommonOptions& common, const UploadOptions& options, Console& console) {
  absl::StatusOr<v1::UploadHeader> header = HeaderOf(options);
  if (!header.ok()) return console.Fail(header.status());
  if (!options.spool.empty()) return PutInSpool(common, options, *std::move(header), console);
  if (absl::Status repository = CheckRepository(common); !repository.ok()) {
    return console.Fail(repository);
  }
  const absl::StatusOr<PreparedReports> reports = ReportsOf(options);
  if (!reports.ok()) return console.Fail(reports.status());
  const absl::Time deadline = DeadlineOf(common, kTimeout);
  absl::StatusOr<Target> target = OpenTarget(common, deadline, console);
  if (!target.ok()) return console.Fail(target.status());
  header->set_repository(target->repository);
  absl::StatusOr<std::string> branch = BranchOf(common, options.branch);
  if (!branch.ok()) return console.Fail(branch.status());
  header->set_branch(*std::move(branch));
  if (options.path_root.empty() && options.path_prefix.empty()) {
    header->set_path_root(CheckoutTop(common));
  }
  console.Detail(
      absl::StrCat("uploading ", reports->size(), " reports, ", BytesText(reports->total_bytes())));
  const auto stored =
      Upload(*target->connection, *std::move(header), *reports, deadline,
             [&](uint64_t done, uint64_t total) { console.Progress("uploading", done, total); });
  console.EndProgress();
  if (!stored.ok()) return console.Fail(stored.status(), ExitCode::kRefused);
  Advise(*stored, console);
  const absl::Status printed = console.Print(common.json    ? AnswerJson(*stored)
                                             : common.quiet ? std::string()
                                                            : AnswerText(*stored));
  return printed.ok() ? ExitCode::kAnswered : console.Fail(printed);
}

}  // namespace testselect::client
