#include "storage/s3_error.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "storage/model/text.h"
#include "storage/s3_xml.h"

namespace testselect {
namespace {

constexpr size_t kMaxMessageBytes = 300;

template <size_t n>
bool In(absl::string_view code, const absl::string_view (&codes)[n]) {
  return std::find(std::begin(codes), std::end(codes), code) != std::end(codes);
}

bool IsTransient(int status, absl::string_view code) {
  static constexpr absl::string_view kTransient[] = {"SlowDown",
                                                     "RequestTimeout",
                                                     "InternalError",
                                                     "ServiceUnavailable",
                                                     "ThrottlingException",
                                                     "RequestLimitExceeded",
                                                     "OperationAborted",
                                                     "ConditionalRequestConflict"};
  return (status >= 500 && status != 501 && status != 507) || status == 429 || status == 408 ||
         In(code, kTransient);
}

bool IsAboutCredentials(absl::string_view code) {
  static constexpr absl::string_view kCredentials[] = {"ExpiredToken", "ExpiredTokenException",
                                                       "InvalidToken", "TokenRefreshRequired",
                                                       "InvalidAccessKeyId"};
  return In(code, kCredentials);
}

// The region that the bucket is in, where the answer is about that.
std::string OtherRegion(const HttpResponse& response, const S3ErrorBody& body,
                        absl::string_view region) {
  const absl::string_view header = response.Header("x-amz-bucket-region");
  const std::string other = header.empty() ? body.region : std::string(header);
  return other == region ? "" : other;
}

std::string SkewAdvice(const HttpResponse& response, absl::Time now) {
  absl::Time theirs;
  if (!absl::ParseTime("%a, %d %b %Y %H:%M:%S GMT", std::string(response.Header("date")), &theirs,
                       nullptr)) {
    return "; this machine's clock differs too much from the store's: set it";
  }
  const absl::Duration ahead = absl::Trunc(now - theirs, absl::Seconds(1));
  return absl::StrCat("; this machine's clock is ", absl::FormatDuration(absl::AbsDuration(ahead)),
                      ahead < absl::ZeroDuration() ? " behind" : " ahead of",
                      " the store's: set it");
}

absl::StatusCode CodeOf(int status, absl::string_view code) {
  if (status == 404 && code == "NoSuchKey") return absl::StatusCode::kNotFound;
  if (status == 412) return absl::StatusCode::kAlreadyExists;
  if (status == 507 || code == "QuotaExceeded") return absl::StatusCode::kResourceExhausted;
  if (IsTransient(status, code)) return absl::StatusCode::kUnavailable;
  if (status == 401 || status == 403 || IsAboutCredentials(code)) {
    return absl::StatusCode::kPermissionDenied;
  }
  return absl::StatusCode::kFailedPrecondition;
}

}  // namespace

S3Error ReadS3Error(const HttpResponse& response, absl::string_view region, absl::Time now) {
  const S3ErrorBody body = ParseS3Error(response.body);
  S3Error error;
  error.detail = absl::StrCat(response.status);
  if (!body.code.empty()) absl::StrAppend(&error.detail, " ", Shorten(body.code));
  if (!body.message.empty()) {
    absl::StrAppend(&error.detail, ": ", Shorten(body.message, kMaxMessageBytes));
  }
  error.code = CodeOf(response.status, body.code);
  error.retry = error.code == absl::StatusCode::kUnavailable;
  error.new_credentials = IsAboutCredentials(body.code);

  const bool moved = (response.status >= 300 && response.status < 400) ||
                     body.code == "AuthorizationHeaderMalformed";
  if (const std::string other = OtherRegion(response, body, region); moved && !other.empty()) {
    absl::StrAppend(&error.detail, "; the bucket is in region ", Shorten(other), ", not ", region,
                    ": set the region");
  } else if (moved && !body.endpoint.empty()) {
    absl::StrAppend(&error.detail, "; the bucket's endpoint is ", Shorten(body.endpoint));
  } else if (body.code == "RequestTimeTooSkewed") {
    absl::StrAppend(&error.detail, SkewAdvice(response, now));
  } else if (response.status == 501) {
    absl::StrAppend(&error.detail,
                    "; the store lacks what is needed (conditional writes: If-None-Match)");
  } else if (body.code.empty() && error.code == absl::StatusCode::kFailedPrecondition) {
    absl::StrAppend(&error.detail, " without an error of S3; is the endpoint an object store?");
  }
  return error;
}

}  // namespace testselect
