#include "storage/model/upload.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect {
namespace {

constexpr size_t kMaxNameBytes = 200;
constexpr size_t kMaxFlavorPairs = 16;
constexpr uint32_t kMaxShards = 10'000;
constexpr size_t kMaxBranchBytes = 1000;

absl::Status CheckName(absl::string_view field, absl::string_view value) {
  const auto refuse = [&](absl::string_view limit) {
    return absl::InvalidArgumentError(absl::StrCat(field, ": '", Shorten(value), "' ", limit));
  };
  if (value.empty() || value.size() > kMaxNameBytes) return refuse("must have 1 to 200 bytes");
  if (!IsUtf8(value)) return refuse("is not UTF-8");
  for (char c : value) {
    if (c == ';' || c == '=' || absl::ascii_iscntrl(static_cast<unsigned char>(c))) {
      return refuse("must not contain ';', '=' or control characters");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckRange(absl::string_view field, uint32_t value, uint32_t low, uint32_t high) {
  if (value >= low && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": ", value, " must be ", low, " to ", high));
}

}  // namespace

std::string JobKey::ToString() const {
  std::string text = name;
  for (const auto& [key, value] : flavor) absl::StrAppend(&text, ";", key, "=", value);
  return text;
}

absl::StatusOr<JobKey> JobKey::FromString(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ';');
  JobKey job;
  job.name = std::string(parts[0]);
  for (size_t i = 1; i < parts.size(); ++i) {
    const std::vector<absl::string_view> pair = absl::StrSplit(parts[i], '=');
    if (pair.size() != 2) {
      return absl::InvalidArgumentError(
          absl::StrCat("job: '", Shorten(text), "' is not name;key=value;..."));
    }
    job.flavor[std::string(pair[0])] = std::string(pair[1]);
  }
  TS_RETURN_IF_ERROR(job.Validate());
  return job;
}

absl::Status JobKey::Validate() const {
  TS_RETURN_IF_ERROR(CheckName("job.name", name));
  if (flavor.size() > kMaxFlavorPairs) {
    return absl::InvalidArgumentError(
        absl::StrCat("job.flavor: has ", flavor.size(), " pairs; at most 16 are allowed"));
  }
  for (const auto& [key, value] : flavor) {
    TS_RETURN_IF_ERROR(CheckName("job.flavor", key));
    TS_RETURN_IF_ERROR(CheckName(absl::StrCat("job.flavor.", key), value));
  }
  return absl::OkStatus();
}

absl::Status UploadHeader::Validate() const {
  TS_RETURN_IF_ERROR(CheckName("repository", repository));
  if (commit.IsNull()) return absl::InvalidArgumentError("commit: must be given");
  TS_RETURN_IF_ERROR(job.Validate());
  TS_RETURN_IF_ERROR(CheckRange("shard_count", shard_count, 1, kMaxShards));
  TS_RETURN_IF_ERROR(CheckRange("shard_index", shard_index, 0, shard_count - 1));
  TS_RETURN_IF_ERROR(CheckRange("attempt", attempt, 1, kMaxShards));
  if (environment_digest.size() > kMaxNameBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "environment_digest: has ", environment_digest.size(), " bytes; at most 200 are allowed"));
  }
  if (branch.size() > kMaxBranchBytes || !IsUtf8(branch) || branch.find('\0') != branch.npos) {
    return absl::InvalidArgumentError(absl::StrCat("branch: '", Shorten(branch),
                                                   "' must be UTF-8 of at most ", kMaxBranchBytes,
                                                   " bytes, without NUL"));
  }
  return absl::OkStatus();
}

absl::string_view CompletenessName(Completeness c) {
  switch (c) {
    case Completeness::kFull:
      return "full";
    case Completeness::kSubset:
      return "subset";
    case Completeness::kAdded:
      return "added";
    case Completeness::kCarried:
      return "carried";
  }
  return "unknown";
}

absl::string_view SegmentStateName(SegmentState s) {
  switch (s) {
    case SegmentState::kBuilding:
      return "building";
    case SegmentState::kSealed:
      return "sealed";
    case SegmentState::kQuarantined:
      return "quarantined";
    case SegmentState::kSuperseded:
      return "superseded";
  }
  return "unknown";
}

}  // namespace testselect
