// The credentials of the S3 object store: where they come from, and keeping them fresh.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "storage/model/mutex.h"
#include "storage/s3_http.h"

namespace testselect {

struct S3Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  // "" for lasting ones
  absl::Time expires = absl::InfiniteFuture();
};

// Environment variables by name.
using S3Environment = absl::flat_hash_map<std::string, std::string>;

// The AWS_* variables of this process, and HOME.
S3Environment ReadS3Environment();

// Where credentials are looked for. A source that is configured and fails is an error: the next is
// asked only where one is not configured at all. In this order:
//   1. `file`, a credentials file that the operator named
//   2. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
//   3. AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN (AWS_ROLE_SESSION_NAME), changed at STS of the
//      region, or at AWS_ENDPOINT_URL_STS
//   4. AWS_SHARED_CREDENTIALS_FILE, else ~/.aws/credentials; the profile AWS_PROFILE, else
//   "default"
//   5. AWS_CONTAINER_CREDENTIALS_FULL_URI (https, or a host of this machine), or .._RELATIVE_URI,
//      with AWS_CONTAINER_AUTHORIZATION_TOKEN(_FILE)
//   6. the instance, by IMDSv2 (AWS_EC2_METADATA_SERVICE_ENDPOINT), within two seconds, unless
//      AWS_EC2_METADATA_DISABLED=true
struct S3CredentialSources {
  std::string file;
  std::string region;
  S3Environment environment;
};

// Looks once. `http` is asked for sources 3, 5 and 6, within ten, two and two seconds at most.
// kPermissionDenied (there are none, a file lacks them, a source is configured wrongly or refuses),
// kUnavailable (a source does not answer). No message quotes a secret.
absl::StatusOr<S3Credentials> FindS3Credentials(const S3CredentialSources& sources,
                                                absl::Time deadline, HttpClient* http);

// Hands out credentials and looks for them again in time. Thread-safe.
class S3CredentialCache {
 public:
  S3CredentialCache(S3CredentialSources sources, HttpClient* http);

  // Credentials that do not expire within the next seconds. Those near their end are renewed by one
  // caller while the others use them; lasting ones are used until Refused. Blocks until `deadline`
  // at most, more or less. An error is answered again for a second before the sources are asked.
  absl::StatusOr<S3Credentials> Get(absl::Time deadline);

  // The store refused credentials that Get returned: the next Get looks for new ones. Whether that
  // makes sense: not a second time for the same access key and token.
  bool Refused(const S3Credentials& credentials);

 private:
  bool Lasts(absl::Duration how_long) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<S3Credentials> Renew(absl::Time deadline) ABSL_EXCLUSIVE_LOCKS_REQUIRED(renewal_);

  const S3CredentialSources sources_;
  HttpClient* const http_;
  Mutex renewal_ ABSL_ACQUIRED_BEFORE(mutex_);  // held while the sources are asked
  Mutex mutex_;
  bool known_ ABSL_GUARDED_BY(mutex_) = false;
  S3Credentials current_ ABSL_GUARDED_BY(mutex_);
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);  // of the last renewal
  absl::Time failed_at_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  S3Credentials refused_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace testselect
