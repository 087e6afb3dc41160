#include "storage/object_batch.h"

#include "absl/base/thread_annotations.h"
#include "storage/model/mutex.h"
#include "storage/model/parallel.h"

namespace testselect {
namespace {

// The status that ends a batch.
class Hopeless {
 public:
  absl::Status Get() {
    MutexLock lock(&mutex_);
    return status_;
  }
  void Note(const absl::Status& status) {
    const bool hopeless = status.code() == absl::StatusCode::kUnavailable ||
                          status.code() == absl::StatusCode::kPermissionDenied ||
                          status.code() == absl::StatusCode::kFailedPrecondition;
    if (!hopeless) return;
    MutexLock lock(&mutex_);
    status_.Update(status);
  }

 private:
  Mutex mutex_;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::vector<absl::StatusOr<std::string>> GetEach(ObjectStore* store,
                                                 absl::Span<const std::string> keys, int parallel) {
  std::vector<absl::StatusOr<std::string>> got(keys.size());
  Hopeless hopeless;
  InParallel(keys.size(), parallel, [&](size_t i) {
    if (const absl::Status status = hopeless.Get(); !status.ok()) {
      got[i] = status;
      return;
    }
    got[i] = store->Get(keys[i]);
    hopeless.Note(got[i].status());
  });
  return got;
}

std::vector<absl::Status> CreateEach(ObjectStore* store, absl::Span<const ObjectToPut> objects,
                                     int parallel) {
  std::vector<absl::Status> created(objects.size());
  Hopeless hopeless;
  InParallel(objects.size(), parallel, [&](size_t i) {
    created[i] = hopeless.Get();
    if (!created[i].ok()) return;
    created[i] = store->Create(objects[i].key, objects[i].bytes);
    hopeless.Note(created[i]);
  });
  return created;
}

}  // namespace testselect
