// The labels that run, divided among the jobs of a pipeline.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/console.h"
#include "client/cli/options.h"

namespace testselect::client {

struct ShardLabels {
  std::vector<std::string> labels;  // in running order
  double seconds = 0;               // known durations
};

struct DividedSelection {
  std::string selection_id;         // empty for an answer that no service gave
  std::vector<std::string> run;     // all of them, in running order
  std::vector<ShardLabels> shards;  // each label once; none empty; none where nothing runs
};

// How many shards: what --shard-seconds needs of `seconds`, at most --shards; else --shards; else
// one. At most `limit` and `labels`; 0 without labels.
uint32_t ShardCount(const CiOptions& options, double seconds, size_t labels, uint32_t limit);

// `labels` cut into `count` runs of sizes that differ by one at most.
std::vector<ShardLabels> DivideByNumber(const std::vector<std::string>& labels, uint32_t count);

// Selects (or reads --selection) and divides into at most `limit` shards, by the known durations
// where a service makes the division. Where its answers for the shards do not belong to one
// selection, the labels are divided by number: each label is in a shard in any case. Errors: as
// AskForSelection; kNotFound where everything must run and no label is known; kInvalidArgument for
// a --selection that is only a part of one.
absl::StatusOr<DividedSelection> DivideSelection(const CommonOptions& common,
                                                 const CiOptions& options, uint32_t limit,
                                                 Console& console);

}  // namespace testselect::client
