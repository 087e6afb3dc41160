#include "server/rpc/upload_stream.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/rpc/status.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

// Whether the sender is to blame, so that trying again with the same bytes is of no use.
bool IsSendersFault(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsNotFound(status) ||
         absl::IsUnimplemented(status);
}

}  // namespace

UploadStream::~UploadStream() {
  if (!ended_) Ended(UploadResult::kBroken);
}

absl::StatusOr<UploadStream::Next> UploadStream::Take(const v1::UploadCoverageRequest& message) {
  if (upload_ == nullptr && !message.has_header()) {
    return Failed(FieldError("part", message.has_chunk() ? "chunk" : "no header",
                             "the stream begins with a header"));
  }
  switch (message.part_case()) {
    case v1::UploadCoverageRequest::kHeader:
      if (upload_ != nullptr) {
        return Failed(FieldError("part", "header", "the stream has one header"));
      }
      return TakeHeader(message.header());
    case v1::UploadCoverageRequest::kChunk:
      return TakeChunk(message.chunk());
    case v1::UploadCoverageRequest::kFinish:
      environment_.metrics->upload.receive_seconds.Observe(absl::Now() - start_);
      return Next::kStore;
    case v1::UploadCoverageRequest::PART_NOT_SET:
      break;
  }
  return Failed(FieldError("part", "unset", "expected a header, a chunk or a finish"));
}

absl::StatusOr<UploadStream::Next> UploadStream::TakeHeader(const v1::UploadHeader& header) {
  absl::StatusOr<UploadSpec> spec = UploadFromProto(header, environment_.config->max_report_bytes);
  if (!spec.ok()) return Failed(spec.status());
  const absl::Status configured = environment_.repositories->Find(spec->header.repository).status();
  if (!configured.ok()) return Failed(WithField(configured, "header.repository"));
  auto finished = processor_->FindFinished(*spec);
  if (!finished.ok()) return Failed(finished.status());
  if (finished->has_value()) {
    response_ = *std::move(*finished);
    Ended(UploadResult::kRepeated);
    return Next::kDone;
  }
  auto upload = spool_->Acquire(*spec);
  if (!upload.ok()) return Failed(upload.status());
  upload_ = *std::move(upload);
  return Next::kRead;
}

absl::StatusOr<UploadStream::Next> UploadStream::TakeChunk(const v1::UploadChunk& chunk) {
  if (chunk.data().size() > kMaxChunkBytes) {
    return Failed(FieldError("chunk.data", absl::StrCat(chunk.data().size(), " bytes"),
                             absl::StrCat("at most ", kMaxChunkBytes)));
  }
  const absl::Status appended = upload_->Append(chunk.report(), chunk.offset(), chunk.data());
  if (!appended.ok()) {
    // A full disk is not made emptier by what can be of no use.
    if (absl::IsResourceExhausted(appended)) upload_->Discard();
    return Failed(appended);
  }
  environment_.metrics->upload.bytes.Add(static_cast<double>(chunk.data().size()));
  return Next::kRead;
}

absl::Status UploadStream::Store(absl::Time deadline) {
  // What is missing can be sent later, what is wrong was dropped: the rest is kept.
  absl::Status complete = upload_->Verify();
  if (!complete.ok()) return Failed(std::move(complete));
  absl::StatusOr<v1::UploadCoverageResponse> response = processor_->Process(*upload_, deadline);
  if (!response.ok()) {
    // Reports that were refused are of no use, nor are those for which there is no room.
    if (absl::IsInvalidArgument(response.status()) || absl::IsUnimplemented(response.status()) ||
        absl::IsResourceExhausted(response.status())) {
      upload_->Discard();
    }
    return Failed(response.status());
  }
  response_ = *std::move(response);
  upload_->Discard();
  environment_.log->Info("upload stored", {{"upload", response_.upload_id()},
                                           {"segment", response_.segment_id()},
                                           {"state", response_.state()},
                                           {"commit", upload_->spec().header.commit.ToHex()},
                                           {"job", upload_->spec().header.job.ToString()},
                                           {"labels", uint64_t{response_.labels()}},
                                           {"pairs", uint64_t{response_.pairs()}},
                                           {"seconds", absl::Now() - start_}});
  Ended(response_.already_stored() ? UploadResult::kRepeated : UploadResult::kStored);
  upload_.reset();
  return absl::OkStatus();
}

absl::Status UploadStream::EndedEarly() {
  Ended(UploadResult::kBroken);
  if (upload_ == nullptr) return absl::InvalidArgumentError("the stream ended without a header");
  const std::string id = upload_->spec().id;
  upload_.reset();
  return absl::InvalidArgumentError(
      absl::StrCat("the stream of upload ", id,
                   " ended without a finish; nothing was stored, resume it at the offsets that "
                   "GetUploadStatus answers"));
}

absl::Status UploadStream::Failed(absl::Status status) {
  Ended(IsSendersFault(status) ? UploadResult::kRejected : UploadResult::kFailed);
  upload_.reset();
  return status;
}

void UploadStream::Ended(UploadResult result) {
  ended_ = true;
  environment_.metrics->upload.Ended({response_.formats().begin(), response_.formats().end()},
                                     result);
}

}  // namespace testselect
