#include "storage/segment_header_codec.h"

#include "absl/strings/str_cat.h"

namespace testselect {

std::string EncodeUploadHeader(const UploadHeader& header) {
  std::string out;
  PutBytes(&out, header.repository);
  out.append(header.commit.bytes().data(), ObjectId::kBytes);
  out.append(header.tree.bytes().data(), ObjectId::kBytes);
  PutBytes(&out, header.job.ToString());
  PutVarint(&out, header.shard_index);
  PutVarint(&out, header.shard_count);
  PutVarint(&out, header.attempt);
  PutVarint(&out, static_cast<uint64_t>(header.completeness));
  PutVarint(&out, static_cast<uint64_t>(header.isolation));
  PutBytes(&out, header.environment_digest);
  return out;
}

absl::StatusOr<UploadHeader> DecodeUploadHeader(RecordReader* in) {
  const auto malformed = [](absl::string_view why) {
    return absl::DataLossError(absl::StrCat("a stored upload header is malformed: ", why));
  };
  UploadHeader out;
  out.repository = std::string(in->Bytes());
  const absl::string_view ids = in->Fixed(2 * ObjectId::kBytes);
  if (!in->ok()) return malformed("cut off");
  out.commit = ObjectId::FromBytes(reinterpret_cast<const unsigned char*>(ids.data()));
  out.tree =
      ObjectId::FromBytes(reinterpret_cast<const unsigned char*>(ids.data()) + ObjectId::kBytes);
  const absl::string_view job_text = in->Bytes();
  const uint64_t index = in->Varint(), count = in->Varint(), attempt = in->Varint();
  const uint64_t completeness = in->Varint(), isolation = in->Varint();
  out.environment_digest = std::string(in->Bytes());
  if (!in->ok()) return malformed("cut off");
  auto job = JobKey::FromString(job_text);
  if (!job.ok()) return malformed(job.status().message());
  out.job = *std::move(job);
  constexpr uint64_t kGreatest = 10'000;
  if (index > kGreatest || count > kGreatest || attempt > kGreatest || completeness < 1 ||
      completeness > 4 || isolation > 2) {
    return malformed("a number is out of range");
  }
  out.shard_index = static_cast<uint32_t>(index);
  out.shard_count = static_cast<uint32_t>(count);
  out.attempt = static_cast<uint32_t>(attempt);
  out.completeness = static_cast<Completeness>(completeness);
  out.isolation = static_cast<Isolation>(isolation);
  if (absl::Status valid = out.Validate(); !valid.ok()) return malformed(valid.message());
  return out;
}

}  // namespace testselect
