// Requests to one S3 bucket: signed, retried, their errors told as absl::Status.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "storage/s3_credentials.h"
#include "storage/s3_http.h"

namespace testselect {

struct S3Bucket {
  std::string name;
  std::string region;
  std::string scheme_and_host;  // "https://HOST[:PORT]"
  bool path_style = false;
  std::string description;  // for messages
};

struct S3Request {
  std::string method;
  std::string path;                                        // in the bucket, encoded; "" is itself
  std::vector<std::pair<std::string, std::string>> query;  // by name ascending; not encoded
  std::vector<std::string> headers;                        // "Name: value"
  absl::string_view body;
  size_t max_body_bytes = 0;  // of the answer
};

// An answer that asking again does not change: below 300, or an error such as 404 or 412.
struct S3Answer {
  HttpResponse response;
  bool retried = false;  // requests before may have arrived too, though their answers did not
};

// Thread-safe.
class S3Requests {
 public:
  S3Requests(S3Bucket bucket, S3CredentialSources sources, std::string ca_file,
             absl::Duration timeout);

  // Sends until there is an answer, with exponential backoff and jitter between attempts. Retried
  // are broken connections, stalls, short bodies, 5xx, 429 and what S3 says to try again; once with
  // new credentials where the old ones are refused. `what` ("Get a/b") begins every message.
  // Errors: as ObjectStore's; time left is never exceeded by more than a moment.
  absl::StatusOr<S3Answer> Send(const S3Request& request, absl::string_view what);

  // What an answer of 300 and above means.
  absl::Status ErrorOf(const HttpResponse& response, absl::string_view what) const;
  // "<bucket>: <what>: <detail>"
  absl::Status Failed(absl::StatusCode code, absl::string_view what,
                      absl::string_view detail) const;

  const S3Bucket& bucket() const { return bucket_; }

 private:
  absl::StatusOr<HttpResponse> SendOnce(const S3Request& request, const std::string& payload_sha256,
                                        const S3Credentials& credentials, absl::Time deadline);
  std::string UrlOf(const S3Request& request) const;

  const S3Bucket bucket_;
  const bool direct_;  // no proxy leads to this machine
  const absl::Duration timeout_;
  HttpClient http_;
  S3CredentialCache credentials_;
};

}  // namespace testselect
