#include "server/git/git_status.h"

#include <git2.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace testselect {
namespace {

// Codes that say by themselves what went wrong; kUnknown for the generic ones.
absl::StatusCode OfCode(int code) {
  switch (code) {
    case GIT_ENOTFOUND:
    case GIT_EUNBORNBRANCH:
      return absl::StatusCode::kNotFound;
    case GIT_EEXISTS:
      return absl::StatusCode::kAlreadyExists;
    case GIT_EAMBIGUOUS:
    case GIT_EINVALIDSPEC:
    case GIT_EPEEL:
      return absl::StatusCode::kInvalidArgument;
    case GIT_EUNMERGED:
    case GIT_ECONFLICT:
    case GIT_EBAREREPO:
      return absl::StatusCode::kFailedPrecondition;
    case GIT_EAUTH:
    case GIT_ECERTIFICATE:
    case GIT_EOWNER:
      return absl::StatusCode::kPermissionDenied;
    case GIT_ELOCKED:
    case GIT_EEOF:
      return absl::StatusCode::kUnavailable;
    case GIT_EMISMATCH:
      return absl::StatusCode::kDataLoss;
    case GIT_EUSER:
      return absl::StatusCode::kCancelled;
    default:
      return absl::StatusCode::kUnknown;
  }
}

// For the generic code -1: where in libgit2 it failed.
absl::StatusCode OfClass(int error_class) {
  switch (error_class) {
    case GIT_ERROR_ZLIB:
    case GIT_ERROR_ODB:
    case GIT_ERROR_OBJECT:
    case GIT_ERROR_TREE:
    case GIT_ERROR_INDEXER:
    case GIT_ERROR_SHA:
      return absl::StatusCode::kDataLoss;
    case GIT_ERROR_OS:
    case GIT_ERROR_NET:
    case GIT_ERROR_SSL:
    case GIT_ERROR_SSH:
    case GIT_ERROR_HTTP:
    case GIT_ERROR_FILESYSTEM:
      return absl::StatusCode::kUnavailable;
    case GIT_ERROR_NOMEMORY:
      return absl::StatusCode::kResourceExhausted;
    case GIT_ERROR_INDEX:
    case GIT_ERROR_REPOSITORY:
    case GIT_ERROR_CONFIG:
      return absl::StatusCode::kFailedPrecondition;
    default:
      return absl::StatusCode::kInternal;
  }
}

}  // namespace

absl::Status GitError(int code, absl::string_view what) {
  const git_error* error = git_error_last();
  absl::StatusCode status = OfCode(code);
  if (status == absl::StatusCode::kUnknown) status = OfClass(error ? error->klass : GIT_ERROR_NONE);
  const std::string reason = error && error->message ? error->message : absl::StrCat("code ", code);
  return absl::Status(status, absl::StrCat(what, ": ", reason));
}

}  // namespace testselect
