#include "storage/s3_credentials.h"

#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/time/clock.h"

namespace testselect {
namespace {

constexpr absl::Duration kRenewBefore = absl::Minutes(5);
constexpr absl::Duration kUnusable = absl::Seconds(15);
constexpr absl::Duration kRememberFailure = absl::Seconds(1);
constexpr absl::Duration kRetryRenewal = absl::Seconds(30);

bool Same(const S3Credentials& a, const S3Credentials& b) {
  return a.access_key == b.access_key && a.secret_key == b.secret_key &&
         a.session_token == b.session_token;
}

}  // namespace

S3CredentialCache::S3CredentialCache(S3CredentialSources sources, HttpClient* http)
    : sources_(std::move(sources)), http_(http) {}

bool S3CredentialCache::Lasts(absl::Duration how_long) const {
  return known_ && absl::Now() + how_long < current_.expires;
}

absl::StatusOr<S3Credentials> S3CredentialCache::Get(absl::Time deadline) {
  bool usable = false;
  {
    MutexLock lock(&mutex_);
    // Sources hand out the same credentials until shortly before their end: a renewal that failed
    // or brought nothing new is not repeated at every call.
    const bool tried = absl::Now() < failed_at_ + kRetryRenewal;
    usable = Lasts(kUnusable);
    if (Lasts(kRenewBefore) || (usable && tried)) return current_;
  }
  if (usable) {
    if (renewal_.TryLock()) {
      const absl::StatusOr<S3Credentials> renewed = Renew(deadline);
      renewal_.Unlock();
      if (renewed.ok()) return renewed;
    }
    MutexLock lock(&mutex_);
    return current_;
  }
  MutexLock renewing(&renewal_);
  {
    MutexLock lock(&mutex_);
    if (Lasts(kUnusable)) return current_;
    if (absl::Now() < failed_at_ + kRememberFailure && !failure_.ok()) return failure_;
  }
  return Renew(deadline);
}

absl::StatusOr<S3Credentials> S3CredentialCache::Renew(absl::Time deadline) {
  absl::StatusOr<S3Credentials> found = FindS3Credentials(sources_, deadline, http_);
  MutexLock lock(&mutex_);
  failure_ = found.status();
  failed_at_ = absl::InfinitePast();
  if (found.ok()) {
    known_ = true;
    current_ = *found;
  }
  if (!found.ok() || !Lasts(kRenewBefore)) failed_at_ = absl::Now();
  return found;
}

bool S3CredentialCache::Refused(const S3Credentials& credentials) {
  MutexLock lock(&mutex_);
  if (known_ && !Same(credentials, current_)) return true;  // renewed meanwhile
  known_ = false;
  if (Same(credentials, refused_)) return false;
  refused_ = credentials;
  return true;
}

}  // namespace testselect
