#include "client/cli/selection_request.h"

#include <map>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/cli/branch_name.h"
#include "client/cli/local_state.h"
#include "client/cli/target.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

constexpr double kMostBudget = 1e9;  // seconds

v1::Granularity GranularityOf(const std::string& name) {
  static const auto* const kByName = new std::map<std::string, v1::Granularity>{
      {"function", v1::GRANULARITY_FUNCTION},
      {"line", v1::GRANULARITY_LINE},
      {"file", v1::GRANULARITY_FILE},
      {"package", v1::GRANULARITY_PACKAGE},
      {"diffed-package", v1::GRANULARITY_DIFFED_PACKAGE}};
  const auto found = kByName->find(name);
  return found == kByName->end() ? v1::GRANULARITY_UNSPECIFIED : found->second;
}

// "90", "90s", "5m", "1h30m"
absl::StatusOr<double> ParseBudget(const std::string& text) {
  absl::Duration duration;
  double seconds = 0;
  if (absl::ParseDuration(text, &duration)) {
    seconds = absl::ToDoubleSeconds(duration);
  } else if (!absl::SimpleAtod(text, &seconds)) {
    seconds = 0;
  }
  if (seconds > 0 && seconds <= kMostBudget) return seconds;
  return absl::InvalidArgumentError(
      absl::StrCat("--budget '", text, "': expected a time like 90, 90s, 5m or 1h30m, at most ",
                   kMostBudget, " seconds"));
}

absl::Status UseParts(const SelectOptions& options, v1::SelectTestsRequest& request) {
  if (!options.budget.empty()) {
    TS_ASSIGN_OR_RETURN(const double seconds, ParseBudget(options.budget));
    request.set_budget_seconds(seconds);
  }
  if ((options.shards == 0) != (options.shard == 0)) {
    return absl::InvalidArgumentError(
        "--shards and --shard go together: of how many shards, and which one, from 1");
  }
  if (options.shard > options.shards) {
    return absl::InvalidArgumentError(absl::StrCat("--shard ", options.shard, ": there are ",
                                                   options.shards, " shards (--shards)"));
  }
  if (options.shards > 0) {
    request.set_shard_count(options.shards);
    request.set_shard_index(options.shard - 1);
  }
  const bool as_index = options.format == "datadog";
  request.set_per_job(options.per_job || as_index);
  request.set_triggering_paths(as_index);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::SelectTestsRequest> BuildSelectRequest(const CommonOptions& common,
                                                          const SelectOptions& options) {
  v1::SelectTestsRequest request;
  const bool local_state = options.working_tree || options.staged;
  if (!local_state || !options.base.empty()) {
    TS_RETURN_IF_ERROR(CheckCommit("--base", options.base));
    request.set_base(options.base);
  }
  if (local_state) {
    TS_RETURN_IF_ERROR(UseLocalState(common, options, request));
  } else {
    TS_RETURN_IF_ERROR(CheckCommit("--head", options.head));
    request.set_head(options.head);
  }
  for (const std::string& job : options.jobs) {
    TS_ASSIGN_OR_RETURN(*request.add_jobs(), ParseJob("--job", job));
  }
  request.set_granularity(GranularityOf(options.granularity));
  if ((options.granularity == "diffed-package") == options.baseline.empty()) {
    return absl::InvalidArgumentError(
        "--granularity diffed-package and --baseline LABEL go together: what the baseline executes "
        "too is left out");
  }
  for (const std::string& label : options.baseline) request.add_baseline_labels(label);
  request.set_unknown_change(options.unknown_change == "none"  ? v1::UNKNOWN_CHANGE_NONE
                             : options.unknown_change == "all" ? v1::UNKNOWN_CHANGE_ALL
                                                               : v1::UNKNOWN_CHANGE_UNSPECIFIED);
  TS_ASSIGN_OR_RETURN(*request.mutable_branch(), BranchOf(common, options.branch));
  request.set_environment_digest(options.environment);
  request.set_run_all(options.run_all);
  request.set_include_building(options.include_building);
  for (const std::string& label : options.force) request.add_force_labels(label);
  TS_RETURN_IF_ERROR(UseParts(options, request));
  return request;
}

}  // namespace testselect::client
