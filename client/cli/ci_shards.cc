#include "client/cli/ci_shards.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "client/cli/label_source.h"
#include "client/cli/selection_call.h"
#include "client/cli/selection_request.h"
#include "client/cli/target.h"
#include "client/files.h"
#include "client/selection_client.h"
#include "client/selection_file.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

constexpr absl::Duration kTimeout = absl::Minutes(5);

std::vector<std::string> Named(const std::vector<uint32_t>& positions,
                               const RequestedLabels& labels) {
  std::vector<std::string> names;
  names.reserve(positions.size());
  for (const uint32_t n : positions) names.emplace_back(labels[n]);
  return names;
}

// Whether the shards have every label of `run` exactly once.
bool HaveEach(const std::vector<ShardLabels>& shards, const std::vector<std::string>& run) {
  absl::flat_hash_set<absl::string_view> left(run.begin(), run.end());
  for (const ShardLabels& shard : shards) {
    for (const std::string& label : shard.labels) {
      if (left.erase(label) == 0) return false;
    }
  }
  return left.empty();
}

// The service's own division of `answer`.
absl::StatusOr<std::vector<ShardLabels>> AskForShards(const CommonOptions& common,
                                                      const CiOptions& options,
                                                      const SelectionAnswer& answer, uint32_t count,
                                                      Console& console) {
  const absl::Time deadline = DeadlineOf(common, kTimeout);
  TS_ASSIGN_OR_RETURN(v1::SelectTestsRequest request, BuildSelectRequest(common, options.select));
  TS_ASSIGN_OR_RETURN(const Target target, OpenTarget(common, deadline, console));
  request.set_repository(target.repository);
  request.set_shard_count(count);
  const bool listed = !options.select.labels_file.empty() || !options.select.labels_command.empty();
  std::optional<RequestedLabels> labels;
  if (listed) labels = RequestedLabels::FromPacked(answer.labels.packed());
  std::vector<ShardLabels> shards;
  for (uint32_t n = 0; n < count; ++n) {
    request.set_shard_index(n);
    TS_ASSIGN_OR_RETURN(const SelectionAnswer part,
                        Select(*target.connection, request, labels, deadline));
    if (part.run.empty()) continue;
    shards.push_back({Named(part.run, part.labels), part.part_seconds});
  }
  return shards;
}

absl::StatusOr<DividedSelection> DivideFile(const CiOptions& options, uint32_t limit) {
  TS_ASSIGN_OR_RETURN(const std::string json, ReadFile(options.selection));
  const std::string name = absl::StrCat("--selection ", options.selection);
  TS_ASSIGN_OR_RETURN(SelectionFile file, ReadSelectionFile(name, json));
  if (file.is_part) {
    return absl::InvalidArgumentError(absl::StrCat(
        name, ": it leaves out labels that must run (--shards or --budget); give a whole one"));
  }
  DividedSelection divided;
  divided.selection_id = file.selection_id;
  divided.run = std::move(file.told);
  divided.shards =
      DivideByNumber(divided.run, ShardCount(options, file.run_seconds, divided.run.size(), limit));
  for (ShardLabels& shard : divided.shards) {
    shard.seconds = file.run_seconds * static_cast<double>(shard.labels.size()) /
                    static_cast<double>(divided.run.size());
  }
  return divided;
}

}  // namespace

uint32_t ShardCount(const CiOptions& options, double seconds, size_t labels, uint32_t limit) {
  double count = options.shards > 0 ? options.shards : 1;
  if (options.shard_seconds > 0 && seconds > 0) {
    count = std::ceil(seconds / options.shard_seconds);
    if (options.shards > 0) count = std::min(count, static_cast<double>(options.shards));
  }
  count = std::min({std::max(count, 1.0), static_cast<double>(limit), static_cast<double>(labels)});
  return static_cast<uint32_t>(count);
}

std::vector<ShardLabels> DivideByNumber(const std::vector<std::string>& labels, uint32_t count) {
  std::vector<ShardLabels> shards(count);
  for (size_t n = 0; n < labels.size(); ++n) {
    shards[n * count / labels.size()].labels.push_back(labels[n]);
  }
  return shards;
}

absl::StatusOr<DividedSelection> DivideSelection(const CommonOptions& common,
                                                 const CiOptions& options, uint32_t limit,
                                                 Console& console) {
  if (!options.selection.empty()) return DivideFile(options, limit);
  TS_ASSIGN_OR_RETURN(
      const SelectionAnswer answer,
      AskForSelection(
          common, options.select, [&] { return ReadRequestedLabels(options.select); }, console));
  TellSelection(answer, options.select, console);
  if (answer.fallback.has_value() && answer.labels.size() == 0) {
    return absl::NotFoundError(
        absl::StrCat("everything must run (", answer.fallback->code,
                     "), but no label is known: give --labels-file or --labels-command"));
  }
  if (options.shard_seconds > 0 && answer.run_seconds == 0 && !answer.run.empty()) {
    console.Warning("--shard-seconds: no duration is known; upload outcomes to have some");
  }
  DividedSelection divided{answer.selection_id, Named(answer.run, answer.labels), {}};
  const uint32_t count = ShardCount(options, answer.run_seconds, divided.run.size(), limit);
  if (count <= 1) {
    if (count == 1) divided.shards.push_back({divided.run, answer.run_seconds});
    return divided;
  }
  if (!answer.selection_id.empty()) {
    absl::StatusOr<std::vector<ShardLabels>> shards =
        AskForShards(common, options, answer, count, console);
    if (shards.ok() && HaveEach(*shards, divided.run)) {
      divided.shards = *std::move(shards);
      return divided;
    }
    console.Warning(absl::StrCat("the labels are divided by number, not by duration: ",
                                 shards.ok() ? "the service's answers for them are not parts of one"
                                             : std::string(shards.status().message())));
  }
  divided.shards = DivideByNumber(divided.run, count);
  return divided;
}

}  // namespace testselect::client
