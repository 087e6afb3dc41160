#include "server/rpc/upload_reactor.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace testselect {

UploadReactor::UploadReactor(IngestService* service, grpc::CallbackServerContext* context,
                             v1::UploadCoverageResponse* response)
    : service_(service),
      context_(context),
      response_(response),
      record_(service->environment_, "UploadCoverage",
              &service->environment_.metrics->rpc.upload_coverage),
      shared_(std::make_shared<Shared>()) {
  const ServiceEnvironment& environment = service_->environment_;
  shared_->stream =
      std::make_unique<UploadStream>(environment, service_->spool_, &service_->processor_);
  const uint64_t limit = environment.config->max_concurrent_uploads;
  absl::Status admitted = record_.admitted();
  if (admitted.ok()) admitted = Authorize(*context, *environment.tokens);
  if (service_->uploads_.fetch_add(1) >= limit && admitted.ok()) {
    admitted = absl::ResourceExhaustedError(absl::StrCat(
        "the server takes ", limit, " uploads at once (max-concurrent-uploads); retry later"));
  }
  MutexLock lock(&shared_->mutex);
  shared_->reactor = this;
  if (admitted.ok()) {
    StartRead(&shared_->message);
  } else {
    FinishOnce(shared_.get(), admitted);
  }
}

void UploadReactor::OnReadDone(bool ok) {
  if (ok) {
    Submit(&service_->spool_pool_, [shared = shared_] { TakeMessage(shared); });
    return;
  }
  Submit(&service_->spool_pool_, [shared = shared_] { End(shared, shared->stream->EndedEarly()); });
}

void UploadReactor::Submit(WorkerPool* pool, std::function<void()> work) {
  if (pool->Submit(std::move(work))) return;
  End(shared_, absl::ResourceExhaustedError("the server is at its load limit; retry later"));
}

void UploadReactor::TakeMessage(const std::shared_ptr<Shared>& shared) {
  const absl::StatusOr<UploadStream::Next> next = shared->stream->Take(shared->message);
  if (!next.ok() || *next == UploadStream::Next::kDone) {
    End(shared, next.status());
    return;
  }
  MutexLock lock(&shared->mutex);
  if (shared->reactor == nullptr || shared->finished) return;
  if (*next == UploadStream::Next::kRead) {
    shared->reactor->StartRead(&shared->message);
    return;
  }
  const absl::Time deadline = DeadlineOf(*shared->reactor->context_);
  if (!shared->reactor->service_->ingest_pool_.Submit(
          [shared, deadline] { Store(shared, deadline); })) {
    FinishOnce(shared.get(),
               absl::ResourceExhaustedError("too many uploads wait to be stored; retry later"));
  }
}

void UploadReactor::Store(const std::shared_ptr<Shared>& shared, absl::Time deadline) {
  End(shared, shared->stream->Store(deadline));
}

void UploadReactor::End(const std::shared_ptr<Shared>& shared, const absl::Status& status) {
  MutexLock lock(&shared->mutex);
  if (shared->reactor == nullptr) return;
  if (status.ok() && !shared->finished) {
    *shared->reactor->response_ = shared->stream->response();
  }
  FinishOnce(shared.get(), status);
}

void UploadReactor::FinishOnce(Shared* shared, const absl::Status& status) {
  if (shared->reactor == nullptr || std::exchange(shared->finished, true)) return;
  shared->reactor->Finish(shared->reactor->record_.End(status));
}

void UploadReactor::OnCancel() {
  MutexLock lock(&shared_->mutex);
  FinishOnce(shared_.get(),
             absl::CancelledError("the upload's client went away, or the server is stopping"));
}

void UploadReactor::OnDone() {
  {
    MutexLock lock(&shared_->mutex);
    shared_->reactor = nullptr;
  }
  service_->uploads_.fetch_sub(1);
  delete this;
}

}  // namespace testselect
