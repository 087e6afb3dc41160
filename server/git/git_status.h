// libgit2's error codes as absl::Status: the one place where they are mapped.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace testselect {

// The status of a libgit2 call that returned `code` < 0, with libgit2's own message after `what`.
// Must be called on the thread that made the call, before any other libgit2 call. kNotFound: no
// such object, reference or repository; kDataLoss: an object is malformed or does not have its
// hash; kPermissionDenied: credentials or certificate refused; kUnavailable: I/O, network, a lock;
// kInvalidArgument: a malformed or ambiguous name; kCancelled: one of our callbacks stopped it.
absl::Status GitError(int code, absl::string_view what);

}  // namespace testselect
