// What S3's error answers mean.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "storage/s3_http.h"

namespace testselect {

struct S3Error {
  absl::StatusCode code;
  std::string detail;  // "403 AccessDenied: Access Denied", with advice where there is some
  bool retry = false;  // asking again may help
  bool new_credentials = false;  // asking again with other credentials may help
};

// `response` has a status of 300 or above and came from a bucket that is asked for in `region`.
// kNotFound is for objects alone: a 404 that does not say NoSuchKey is kFailedPrecondition, for it
// may come from a server that is no object store.
S3Error ReadS3Error(const HttpResponse& response, absl::string_view region, absl::Time now);

}  // namespace testselect
