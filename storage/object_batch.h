// GetAll and CreateAll of any ObjectStore, by its Get and Create.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/object_store.h"

namespace testselect {

// Each at most `parallel` at a time, on as many threads, the caller's among them. Once an object
// met a store that is away, refuses the credentials or does not exist, what is not under way yet
// gets the same status unasked: a thousand objects of a store that is down take no thousand time
// limits.
std::vector<absl::StatusOr<std::string>> GetEach(ObjectStore* store,
                                                 absl::Span<const std::string> keys, int parallel);
std::vector<absl::Status> CreateEach(ObjectStore* store, absl::Span<const ObjectToPut> objects,
                                     int parallel);

}  // namespace testselect
