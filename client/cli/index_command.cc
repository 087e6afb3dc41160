#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/cli/commands.h"
#include "client/cli/index_output.h"
#include "client/cli/target.h"
#include "client/retry.h"
#include "client/status_mapping.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"
#include "testselect/v1/index.grpc.pb.h"
#include "testselect/v1/ingest.grpc.pb.h"

namespace testselect::client {
namespace {

constexpr absl::Duration kTimeout = absl::Minutes(2);
constexpr absl::Duration kRetainTimeout = absl::Hours(1);
constexpr uint64_t kMaxDays = 36'600;
constexpr uint32_t kPage = 1000;

// One call with retries; `Request` gets its repository from the target.
template <typename Response, typename Request, typename Method>
absl::StatusOr<Response> Call(const CommonOptions& common, Console& console,
                              absl::string_view doing, Request request, Method method,
                              absl::Duration timeout = kTimeout) {
  TS_RETURN_IF_ERROR(CheckRepository(common));
  const absl::Time deadline = DeadlineOf(common, timeout);
  TS_ASSIGN_OR_RETURN(const Target target, OpenTarget(common, deadline, console));
  request.set_repository(target.repository);
  Response response;
  TS_RETURN_IF_ERROR(CallWithRetry(target.connection->retry(), deadline, [&] {
    response.Clear();
    auto context = target.connection->NewContext(deadline);
    return FromGrpcStatus(doing,
                          method(target.connection->channel(), context.get(), request, &response));
  }));
  return response;
}

// Checks and sets what all commands about one commit share.
template <typename Request>
absl::Status SetCommitAndJob(const IndexOptions& options, Request& request) {
  TS_RETURN_IF_ERROR(CheckCommit("SHA", options.commit));
  request.set_commit(options.commit);
  if (!options.job.empty()) {
    TS_ASSIGN_OR_RETURN(*request.mutable_job(), ParseJob("--job", options.job));
  }
  return absl::OkStatus();
}

// "30d", or a duration as in settings.
absl::StatusOr<uint64_t> SecondsOfAge(absl::string_view text) {
  absl::string_view number = text;
  uint64_t days = 0;
  if (absl::ConsumeSuffix(&number, "d") && absl::SimpleAtoi(number, &days) && days <= kMaxDays) {
    return days * 86400;
  }
  absl::Duration age;
  if (absl::ParseDuration(text, &age) && age >= absl::ZeroDuration() &&
      age <= absl::Hours(24 * kMaxDays) &&
      (age == absl::ZeroDuration() || age >= absl::Seconds(1))) {
    return static_cast<uint64_t>(absl::ToInt64Seconds(age));
  }
  return absl::InvalidArgumentError(absl::StrCat("--max-age='", Shorten(text),
                                                 "': expected an age such as 30d or 12h, from 1s "
                                                 "to ",
                                                 kMaxDays, "d, or 0 for any"));
}

absl::StatusOr<v1::ApplyRetentionRequest> RetentionRequest(const RetainOptions& options) {
  v1::ApplyRetentionRequest request;
  request.set_dry_run(options.dry_run);
  if (!options.max_age.empty()) {
    TS_ASSIGN_OR_RETURN(const uint64_t seconds, SecondsOfAge(options.max_age));
    request.set_max_age_seconds(seconds);
  }
  if (options.commits != RetainOptions::kNotGiven) request.set_commits_per_branch(options.commits);
  if (options.total != RetainOptions::kNotGiven) request.set_commits_in_all(options.total);
  return request;
}

ExitCode Printed(Console& console, const std::string& text) {
  const absl::Status printed = console.Print(text);
  return printed.ok() ? ExitCode::kAnswered : console.Fail(printed);
}

absl::StatusOr<v1::ListIndexedCommitsResponse> ListAll(const CommonOptions& common, uint32_t limit,
                                                       Console& console) {
  TS_RETURN_IF_ERROR(CheckRepository(common));
  const absl::Time deadline = DeadlineOf(common, kTimeout);
  TS_ASSIGN_OR_RETURN(const Target target, OpenTarget(common, deadline, console));
  const auto stub = v1::IndexService::NewStub(target.connection->channel());
  v1::ListIndexedCommitsRequest request;
  request.set_repository(target.repository);
  v1::ListIndexedCommitsResponse all;
  do {
    const auto have = static_cast<uint32_t>(all.commits_size());
    request.set_page_size(std::min(kPage, limit - have));
    request.set_page_token(all.next_page_token());
    v1::ListIndexedCommitsResponse page;
    TS_RETURN_IF_ERROR(CallWithRetry(target.connection->retry(), deadline, [&] {
      page.Clear();
      auto context = target.connection->NewContext(deadline);
      return FromGrpcStatus("listing the index",
                            stub->ListIndexedCommits(context.get(), request, &page));
    }));
    all.MergeFrom(page);
    all.set_next_page_token(page.next_page_token());
  } while (!all.next_page_token().empty() && static_cast<uint32_t>(all.commits_size()) < limit);
  return all;
}

}  // namespace

ExitCode RunIndexList(const CommonOptions& common, const IndexOptions& options, Console& console) {
  const auto all = ListAll(common, options.limit, console);
  if (!all.ok()) return console.Fail(all.status());
  if (!all->next_page_token().empty()) {
    console.Note(absl::StrCat("there are more commits; --limit is ", options.limit));
  }
  return Printed(console, common.json ? IndexListJson(*all) : IndexListText(*all));
}

ExitCode RunIndexShow(const CommonOptions& common, const IndexOptions& options, Console& console) {
  v1::GetIndexRequest request;
  if (absl::Status set = SetCommitAndJob(options, request); !set.ok()) return console.Fail(set);
  request.set_label(options.label);
  const auto index = Call<v1::GetIndexResponse>(
      common, console, "showing the index", request,
      [](const auto& channel, auto* context, const auto& sent, auto* response) {
        return v1::IndexService::NewStub(channel)->GetIndex(context, sent, response);
      });
  if (!index.ok()) return console.Fail(index.status());
  if (options.label.empty()) {
    return Printed(console, common.json ? IndexJson(*index) : IndexText(*index));
  }
  return Printed(console, common.json ? LabelEvidenceJson(index->label_evidence())
                                      : LabelEvidenceText(index->label_evidence()));
}

ExitCode RunIndexSeal(const CommonOptions& common, const IndexOptions& options, Console& console) {
  v1::SealIndexRequest request;
  if (absl::Status set = SetCommitAndJob(options, request); !set.ok()) return console.Fail(set);
  if (options.job.empty()) request.mutable_job()->set_name(UploadOptions().job);
  request.set_include_quarantined(options.include_quarantined);
  const auto sealed = Call<v1::SealIndexResponse>(
      common, console, "sealing the index", request,
      [](const auto& channel, auto* context, const auto& sent, auto* response) {
        return v1::CoverageIngestService::NewStub(channel)->SealIndex(context, sent, response);
      });
  if (!sealed.ok()) return console.Fail(sealed.status());
  return Printed(console, common.json
                              ? SealedJson(*sealed)
                              : absl::StrCat("sealed ", sealed->segment_ids_size(), " segments\n"));
}

ExitCode RunIndexDelete(const CommonOptions& common, const IndexOptions& options,
                        Console& console) {
  v1::DeleteIndexRequest request;
  if (absl::Status set = SetCommitAndJob(options, request); !set.ok()) return console.Fail(set);
  const auto deleted = Call<v1::DeleteIndexResponse>(
      common, console, "deleting the index", request,
      [](const auto& channel, auto* context, const auto& sent, auto* response) {
        return v1::IndexService::NewStub(channel)->DeleteIndex(context, sent, response);
      });
  if (!deleted.ok()) return console.Fail(deleted.status());
  return Printed(console, common.json
                              ? DeletedJson(*deleted)
                              : absl::StrCat("deleted ", deleted->segments(), " segments\n"));
}

ExitCode RunIndexRetain(const CommonOptions& common, const RetainOptions& options,
                        Console& console) {
  const auto request = RetentionRequest(options);
  if (!request.ok()) return console.Fail(request.status());
  const auto applied = Call<v1::ApplyRetentionResponse>(
      common, console, "applying retention", *request,
      [](const auto& channel, auto* context, const auto& sent, auto* response) {
        return v1::IndexService::NewStub(channel)->ApplyRetention(context, sent, response);
      },
      kRetainTimeout);
  if (!applied.ok()) return console.Fail(applied.status());
  return Printed(console, common.json ? RetentionJson(*applied, options.dry_run)
                                      : RetentionText(*applied, options.dry_run));
}

}  // namespace testselect::client
