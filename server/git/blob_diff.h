// Line hunks between two blobs. Private to server/git.
#pragma once

#include "absl/status/statusor.h"
#include "server/git/git_handle.h"
#include "server/git/repository.h"
#include "storage/model/object_id.h"

namespace testselect {

// Hunks as `git diff -U0` prints them. Bytes are compared as they are stored: a change of line
// ends, or of the line feed at the end of the file, is a changed line. Binary as git decides it: a
// NUL in the first 8,000 bytes of either side, or a side of 512 MiB or more. A null id is empty
// content.
absl::StatusOr<BlobDiff> DiffBlobPair(git_odb* odb, const ObjectId& old_blob,
                                      const ObjectId& new_blob);

}  // namespace testselect
