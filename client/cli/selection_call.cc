#include "client/cli/selection_call.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/number_text.h"
#include "client/cli/selection_output.h"
#include "client/cli/selection_request.h"
#include "client/cli/target.h"
#include "client/selection_client.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

constexpr absl::Duration kTimeout = absl::Minutes(5);

// What the caller did wrong, and has to know of, rather than what keeps the service from answering.
bool IsCallersError(absl::StatusCode code) {
  return code == absl::StatusCode::kInvalidArgument || code == absl::StatusCode::kNotFound ||
         code == absl::StatusCode::kUnauthenticated || code == absl::StatusCode::kPermissionDenied;
}

// What keeps a server from being shown the files as they are; an older one cannot be shown any.
bool IsServicesError(absl::StatusCode code) {
  return code == absl::StatusCode::kUnavailable || code == absl::StatusCode::kDeadlineExceeded ||
         code == absl::StatusCode::kResourceExhausted || code == absl::StatusCode::kAborted ||
         code == absl::StatusCode::kCancelled || code == absl::StatusCode::kUnimplemented;
}

class SelectRun {
 public:
  SelectRun(const CommonOptions& common, const SelectOptions& options, Console& console)
      : common_(common),
        options_(options),
        console_(console),
        deadline_(DeadlineOf(common, kTimeout)) {
    if (options.max_wait > 0) {
      wait_ends_ = absl::Now() + absl::Seconds(options.max_wait);
      deadline_ = std::min(deadline_, wait_ends_);
    }
  }

  absl::StatusOr<SelectionAnswer> Run(const LabelSource& source) {
    TS_RETURN_IF_ERROR(CheckRepository(common_));
    const absl::StatusOr<v1::SelectTestsRequest> request = BuildSelectRequest(common_, options_);
    if (!request.ok() && !IsServicesError(request.status().code())) return request.status();
    TS_ASSIGN_OR_RETURN(std::optional<RequestedLabels> labels, source());
    absl::StatusOr<SelectionAnswer> answer =
        request.ok() ? Ask(*request, labels) : absl::StatusOr<SelectionAnswer>(request.status());
    if (answer.ok() || IsCallersError(answer.status().code())) return answer;
    if (!labels.has_value()) {
      return absl::Status(answer.status().code(),
                          absl::StrCat(answer.status().message(),
                                       "; no labels were given, so run the whole suite"));
    }
    SelectionAnswer everything =
        RunEverything(*std::move(labels), CodeFor(answer.status()), answer.status().message());
    if (request.ok()) {
      everything.base = request->base();
      everything.head = request->head();
    }
    return everything;
  }

 private:
  absl::StatusOr<SelectionAnswer> Ask(v1::SelectTestsRequest request,
                                      const std::optional<RequestedLabels>& labels) {
    TS_ASSIGN_OR_RETURN(const Target target, OpenTarget(common_, deadline_, console_));
    request.set_repository(target.repository);
    return Select(*target.connection, std::move(request), labels, deadline_);
  }

  absl::string_view CodeFor(const absl::Status& status) const {
    const bool waited = absl::IsDeadlineExceeded(status) || absl::IsUnavailable(status) ||
                        absl::IsCancelled(status);
    return waited && absl::Now() >= wait_ends_ - absl::Milliseconds(5) ? "MAX_WAIT" : "UNAVAILABLE";
  }

  const CommonOptions& common_;
  const SelectOptions& options_;
  Console& console_;
  absl::Time deadline_;
  absl::Time wait_ends_ = absl::InfiniteFuture();
};

}  // namespace

absl::StatusOr<SelectionAnswer> AskForSelection(const CommonOptions& common,
                                                const SelectOptions& options,
                                                const LabelSource& labels, Console& console) {
  return SelectRun(common, options, console).Run(labels);
}

void TellSelection(const SelectionAnswer& answer, const SelectOptions& options, Console& console) {
  if (answer.fallback.has_value()) {
    console.Warning(
        absl::StrCat("everything runs (", answer.fallback->code, "): ", answer.fallback->message));
  }
  if (!answer.degraded.empty()) {
    console.Warning(
        absl::StrCat("the answer may rest on an older index than there is: ", answer.degraded));
  }
  for (const std::string& caution : answer.cautions) console.Warning(caution);
  console.Note(absl::StrCat("run ", CountText(answer.run.size()), " of ",
                            CountText(answer.labels.size()), " (", CountText(answer.absent.size()),
                            " absent, ", CountText(answer.present_diff.size()), " by diff, ",
                            CountText(answer.global_level.size()), " global), skip ",
                            CountText(answer.skip.size())));
  if (options.shards > 0) {
    console.Note(absl::StrCat("shard ", options.shard, " of ", options.shards, ": ",
                              CountText(answer.other_shards.size()), " run in other shards"));
  }
  if (!answer.over_budget.empty()) {
    console.Warning(absl::StrCat("--budget ", options.budget, " leaves out ",
                                 CountText(answer.over_budget.size()),
                                 " of the labels that must run"));
  }
  if (answer.shadow.has_value()) {
    console.Note(absl::StrCat("shadow: a selection would run ", CountText(answer.shadow->run),
                              " and skip ", CountText(answer.shadow->skip.size())));
  }
  for (const AnswerIndex& use : answer.index) {
    console.Detail(absl::StrCat("index: job ", use.job, " at ", use.commit, ", ", use.distance,
                                " commits before base, ", use.state));
  }
  if (options.reasons) console.Note(ReasonHistogram(answer));
}

}  // namespace testselect::client
