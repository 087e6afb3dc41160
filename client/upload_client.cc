#include "client/upload_client.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <numeric>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/files.h"
#include "client/retry.h"
#include "client/status_mapping.h"
#include "storage/model/status_macros.h"
#include "testselect/v1/ingest.grpc.pb.h"

namespace testselect::client {
namespace {

// Below the 4 MiB that the protocol allows, so that a slow line sees progress.
constexpr size_t kChunkBytes = 1 << 20;

using Stub = v1::CoverageIngestService::Stub;
using Writer = grpc::ClientWriter<v1::UploadCoverageRequest>;

class UploadCall {
 public:
  UploadCall(const Connection& connection, v1::UploadHeader header, const PreparedReports& reports,
             absl::Time deadline, const UploadProgress& progress)
      : connection_(connection),
        reports_(reports),
        deadline_(deadline),
        progress_(progress),
        // What a broken stream brought is on the machine that took it.
        stub_(v1::CoverageIngestService::NewStub(connection.one_machine())) {
    *header_.mutable_header() = std::move(header);
  }

  // One attempt: asks how far the upload is, sends the rest.
  absl::Status Attempt() {
    TS_RETURN_IF_ERROR(AskStatus());
    if (finished_) return absl::OkStatus();
    auto context = connection_.NewContext(deadline_);
    response_.Clear();
    const auto writer = stub_->UploadCoverage(context.get(), &response_);
    const absl::StatusOr<bool> sent = SendAll(*writer);
    if (!sent.ok()) context->TryCancel();
    const grpc::Status finished = writer->Finish();
    // A report that cannot be read explains more than the cancellation that it caused.
    if (!sent.ok()) return sent.status();
    absl::Status done = FromGrpcStatus("uploading", finished);
    // The offsets were those that AskStatus heard: since then another attempt brought more, or
    // another machine took the stream. Asking again tells.
    if (absl::IsInvalidArgument(done) && absl::StrContains(done.message(), "chunk.offset=")) {
      return absl::AbortedError(done.message());
    }
    return done;
  }

  uint64_t held_at_last_attempt() const {
    return std::accumulate(received_.begin(), received_.end(), uint64_t{0});
  }
  v1::UploadCoverageResponse TakeResponse() { return std::move(response_); }

 private:
  absl::Status AskStatus() {
    v1::GetUploadStatusRequest request;
    *request.mutable_header() = header_.header();
    v1::GetUploadStatusResponse status;
    auto context = connection_.NewContext(deadline_);
    const grpc::Status asked = stub_->GetUploadStatus(context.get(), request, &status);
    received_.assign(reports_.size(), 0);
    if (asked.error_code() == grpc::StatusCode::NOT_FOUND) return absl::OkStatus();
    TS_RETURN_IF_ERROR(FromGrpcStatus("asking for the state of the upload", asked));
    if (status.finished()) {
      finished_ = true;
      response_ = std::move(*status.mutable_result());
      response_.set_already_stored(true);
      return absl::OkStatus();
    }
    for (size_t i = 0; i < reports_.size() && i < static_cast<size_t>(status.received_size());
         ++i) {
      received_[i] = std::min(status.received(static_cast<int>(i)), reports_.bytes(i));
    }
    return absl::OkStatus();
  }

  // False where the service ended the stream before everything was sent.
  absl::StatusOr<bool> SendAll(Writer& writer) {
    if (!writer.Write(header_)) return false;
    uint64_t done = held_at_last_attempt();
    for (size_t i = 0; i < reports_.size(); ++i) {
      TS_ASSIGN_OR_RETURN(const bool sent, SendReport(writer, i, done));
      if (!sent) return false;
    }
    v1::UploadCoverageRequest finish;
    finish.mutable_finish();
    return writer.Write(finish) && writer.WritesDone();
  }

  absl::StatusOr<bool> SendReport(Writer& writer, size_t i, uint64_t& done) {
    if (received_[i] >= reports_.bytes(i)) return true;
    const int fd = open(reports_.file(i).c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return ErrnoStatus(absl::StrCat("report ", reports_.name(i)), errno);
    absl::Cleanup close_it = [fd] { close(fd); };
    for (uint64_t offset = received_[i]; offset < reports_.bytes(i);) {
      v1::UploadCoverageRequest message;
      v1::UploadChunk& chunk = *message.mutable_chunk();
      chunk.set_report(static_cast<uint32_t>(i));
      chunk.set_offset(offset);
      const uint64_t want = std::min<uint64_t>(kChunkBytes, reports_.bytes(i) - offset);
      TS_RETURN_IF_ERROR(ReadAt(fd, i, offset, want, *chunk.mutable_data()));
      if (!writer.Write(message)) return false;
      offset += want;
      done += want;
      if (progress_) progress_(done, reports_.total_bytes());
    }
    return true;
  }

  absl::Status ReadAt(int fd, size_t i, uint64_t offset, uint64_t want, std::string& data) const {
    data.resize(want);
    for (uint64_t have = 0; have < want;) {
      const ssize_t got =
          pread(fd, data.data() + have, want - have, static_cast<off_t>(offset + have));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return ErrnoStatus(absl::StrCat("cannot read report ", reports_.name(i)), errno);
      if (got == 0) {
        return absl::FailedPreconditionError(absl::StrCat(
            "report ", reports_.name(i), " became shorter while it was sent; upload it again"));
      }
      have += static_cast<uint64_t>(got);
    }
    return absl::OkStatus();
  }

  const Connection& connection_;
  const PreparedReports& reports_;
  const absl::Time deadline_;
  const UploadProgress& progress_;
  const std::unique_ptr<Stub> stub_;
  v1::UploadCoverageRequest header_;
  std::vector<uint64_t> received_;
  bool finished_ = false;
  v1::UploadCoverageResponse response_;
};

}  // namespace

absl::StatusOr<v1::UploadCoverageResponse> Upload(const Connection& connection,
                                                  v1::UploadHeader header,
                                                  const PreparedReports& reports,
                                                  absl::Time deadline,
                                                  const UploadProgress& progress) {
  header.clear_reports();
  reports.Describe(header);
  UploadCall call(connection, std::move(header), reports, deadline, progress);
  uint64_t held_before = 0;
  while (true) {
    const absl::Status status =
        CallWithRetry(connection.retry(), deadline, [&] { return call.Attempt(); });
    if (status.ok()) return call.TakeResponse();
    const uint64_t held = call.held_at_last_attempt();
    const bool got_further = held > held_before;
    if (!IsRetryable(status.code()) || !got_further || absl::Now() >= deadline) return status;
    held_before = held;
  }
}

}  // namespace testselect::client
