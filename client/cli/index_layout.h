// Where datadog-agent's programs keep their indexes in a bucket:
//
//   dynamic_test/KIND/KEY/index.json            of all jobs, put together ("consolidated")
//   dynamic_test/KIND/KEY/JOB_ID/index.json     of one CI job
//
// KEY is a commit, whole or cut short.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cli/dynamic_index.h"
#include "client/cli/index_objects.h"

namespace testselect::client {

// All: errors of `objects`; kInvalidArgument for a key or job id that is no name of one folder, and
// for an object that is no index. `kind` is spelled as on the command line.

// Writes an index under `key`; of one CI job where `job_id` is not empty. Returns the object's
// name.
absl::StatusOr<std::string> WriteIndex(IndexObjects& objects, absl::string_view kind,
                                       absl::string_view key, absl::string_view job_id,
                                       const DynamicIndex& index);

// The index under `key`, else under the longest beginning of it, of 7 digits or more, that there is
// one for: the consolidated one and all parts together, because a part that came after the
// consolidation would lose its tests. kNotFound.
absl::StatusOr<DynamicIndex> ReadIndex(IndexObjects& objects, absl::string_view kind,
                                       absl::string_view key);

// The keys that have an index, or a part of one; sorted.
absl::StatusOr<std::vector<std::string>> IndexedKeys(IndexObjects& objects, absl::string_view kind);

}  // namespace testselect::client
