#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/label_source.h"
#include "client/cli/selection_call.h"
#include "client/cli/selection_output.h"
#include "client/files.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

// A list of nothing must not be taken for "nothing to run" where in truth nothing is known.
absl::Status CheckListed(const SelectionAnswer& answer, const SelectOptions& options) {
  if (options.format == "list") {
    for (uint32_t n : answer.run) {
      if (!absl::StrContains(answer.labels[n], "\n")) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("--format list: the label '", Shorten(answer.labels[n]),
                       "' holds a line feed; use --format json or args"));
    }
  }
  if (options.format == "datadog" && (options.shards > 0 || !options.budget.empty())) {
    return absl::InvalidArgumentError(
        "--format datadog has whole jobs: leave --shards and --budget out");
  }
  if (options.format == "json" || options.format == "datadog" || !answer.fallback.has_value() || answer.labels.size() > 0 ||
      !options.labels_file.empty() || !options.labels_command.empty()) {
    return absl::OkStatus();
  }
  return absl::NotFoundError(
      absl::StrCat("everything must run (", answer.fallback->code,
                   "), but no label is known: give --labels-file or --labels-command"));
}

absl::Status Deliver(const SelectionAnswer& answer, const SelectOptions& options,
                     Console& console) {
  const PartAsked part{.budget = !options.budget.empty(),
                       .per_job = options.per_job,
                       .shard = options.shard,
                       .shards = options.shards};
  const std::string text = options.format == "json"      ? SelectionJson(answer, part)
                           : options.format == "list"    ? SelectionList(answer)
                           : options.format == "datadog" ? SelectionByJob(answer)
                                                         : SelectionArgs(answer);
  if (options.out.empty() || options.out == "-") return console.Print(text);
  return WriteFileAtomically(options.out, text);
}

}  // namespace

ExitCode RunSelect(const CommonOptions& common, const SelectOptions& options, Console& console) {
  const absl::StatusOr<SelectionAnswer> answer = AskForSelection(
      common, options, [&] { return ReadRequestedLabels(options); }, console);
  if (!answer.ok()) return console.Fail(answer.status());
  TellSelection(*answer, options, console);
  if (absl::Status listed = CheckListed(*answer, options); !listed.ok()) {
    return console.Fail(listed);
  }
  if (absl::Status delivered = Deliver(*answer, options, console); !delivered.ok()) {
    return console.Fail(delivered);
  }
  return options.fail_on_fallback && answer->fallback.has_value() ? ExitCode::kFallback
                                                                  : ExitCode::kAnswered;
}

}  // namespace testselect::client
