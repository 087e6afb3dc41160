#include "server/rpc/proto_conversion.h"

#include "absl/strings/str_cat.h"
#include "server/rpc/status.h"
#include "storage/model/status_macros.h"

namespace testselect {

absl::StatusOr<JobKey> JobFromProto(absl::string_view field, const v1::Job& job) {
  JobKey key;
  key.name = job.name();
  for (const auto& [name, value] : job.flavor()) key.flavor.emplace(name, value);
  const absl::Status valid = key.Validate();
  if (!valid.ok()) {
    return WithField(absl::InvalidArgumentError(absl::StrCat(field, ": ", valid.message())), field,
                     key.name);
  }
  return key;
}

absl::StatusOr<ObjectId> BaseFromProto(absl::string_view field, const std::string& hex) {
  absl::StatusOr<ObjectId> id = ObjectId::FromHex(field, hex);
  if (!id.ok()) return WithField(id.status(), field, hex);
  return id;
}

absl::StatusOr<ObjectId> CommitFromProto(absl::string_view field, const std::string& hex) {
  absl::StatusOr<ObjectId> id = BaseFromProto(field, hex);
  if (id.ok() && id->IsNull()) return FieldError(field, hex, "names no commit");
  return id;
}

absl::StatusOr<std::string> RepositoryFromProto(absl::string_view field, const std::string& name) {
  if (name.empty() || name.size() > 200) {
    return FieldError(field, name, "expected a configured name of 1 to 200 bytes");
  }
  return name;
}

void JobToProto(const JobKey& job, v1::Job* out) {
  out->set_name(job.name);
  for (const auto& [name, value] : job.flavor) (*out->mutable_flavor())[name] = value;
}

void SegmentToProto(const SegmentInfo& info, v1::SegmentSummary* out) {
  out->set_segment_id(info.id.ToHex());
  JobToProto(info.header.job, out->mutable_job());
  out->set_commit(info.header.commit.ToHex());
  out->set_shard_index(info.header.shard_index);
  out->set_shard_count(info.header.shard_count);
  out->set_attempt(info.header.attempt);
  out->set_subset(info.header.completeness == Completeness::kSubset);
  const absl::string_view kind = CompletenessName(info.header.completeness);
  out->set_kind(kind.data(), kind.size());
  out->set_branch(info.header.branch);
  const absl::string_view state = SegmentStateName(info.state);
  out->set_state(state.data(), state.size());
  out->set_created_unix_seconds(absl::ToUnixSeconds(info.created));
  out->set_labels(info.labels);
  out->set_files(info.files);
  out->set_pairs(info.pairs);
  out->set_global_lines(info.global_lines);
}

}  // namespace testselect
