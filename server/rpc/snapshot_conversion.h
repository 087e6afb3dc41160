// PutSnapshot: proto -> git.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "server/git/repository.h"
#include "testselect/v1/selection.pb.h"

namespace testselect {

inline constexpr int kMaxSnapshotFiles = 20'000;
inline constexpr size_t kMaxSnapshotBytes = 64 << 20;

// The files of a snapshot, of which the paths are not looked at. kInvalidArgument naming field and
// value; kResourceExhausted: more than the limits allow.
absl::StatusOr<std::vector<SnapshotFile>> SnapshotFromProto(const v1::PutSnapshotRequest& proto);

}  // namespace testselect
