// Conversions that several services need: jobs, commits, segments. Each FromProto validates.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/index_store.h"
#include "storage/model/object_id.h"
#include "storage/model/upload.h"
#include "testselect/v1/index.pb.h"
#include "testselect/v1/selection.pb.h"

namespace testselect {

// All errors are kInvalidArgument naming `field` (a path in the request), the value and the limit.
absl::StatusOr<JobKey> JobFromProto(absl::string_view field, const v1::Job& job);
absl::StatusOr<ObjectId> CommitFromProto(absl::string_view field, const std::string& hex);
// Of a commit that others are compared with: the null id too, which CI systems give for a branch
// that did not exist before. It is a commit that nobody knows.
absl::StatusOr<ObjectId> BaseFromProto(absl::string_view field, const std::string& hex);
// The name as it was configured: 1 to 200 bytes.
absl::StatusOr<std::string> RepositoryFromProto(absl::string_view field, const std::string& name);

void JobToProto(const JobKey& job, v1::Job* out);
void SegmentToProto(const SegmentInfo& info, v1::SegmentSummary* out);

}  // namespace testselect
