// What no segment in an object store needs any more.
#pragma once

#include "absl/status/status.h"
#include "storage/object_store.h"

namespace testselect {

// Deletes blobs and lists of blobs that no segment needs, and has not needed for `unneeded_for`. A
// machine that is about to store a segment may rely on a blob that it saw needed within the last
// hour, so the first call that finds a blob without need only notes it (object `unneeded/...`), and
// one that much later deletes it if nothing needs it still. Any machine may call it any time; two
// at once do the same work. Errors are those of `objects`; then nothing but what was found so far
// is deleted. Of what
// machines tell each other about decisions the newest SharedRecords::kKept objects of each
// repository stay. Cost: lists all objects and reads every segment's list of blobs.
absl::Status CollectSharedGarbage(ObjectStore* objects, absl::Duration unneeded_for);

}  // namespace testselect
