#include "storage/s3_request.h"

#include <openssl/evp.h>

#include <algorithm>
#include <optional>
#include <random>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "storage/model/status_macros.h"
#include "storage/s3_endpoint.h"
#include "storage/s3_error.h"

namespace testselect {
namespace {

constexpr absl::Duration kFirstWait = absl::Milliseconds(50);
constexpr absl::Duration kLongestWait = absl::Seconds(2);
constexpr int kMaxShortBodies = 3;

absl::StatusOr<std::string> Sha256Hex(absl::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha256(), nullptr) != 1) {
    return absl::InternalError("OpenSSL: no SHA-256");
  }
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<char*>(digest), size));
}

bool IsOnThisMachine(const std::string& url) {
  const absl::StatusOr<S3Endpoint> endpoint = ParseS3Endpoint(url);
  return endpoint.ok() && endpoint->is_loopback;
}

// The waits between the attempts of one request.
class Backoff {
 public:
  explicit Backoff(absl::Time deadline) : deadline_(deadline) {}

  // The next wait; nothing where another attempt has no time. The server's own wish (Retry-After,
  // in seconds) is heeded. The last attempt is made in the middle of what time is left.
  std::optional<absl::Duration> Next(absl::string_view retry_after) {
    const absl::Duration left = deadline_ - absl::Now();
    absl::Duration wait = next_ * std::uniform_real_distribution<>(0.5, 1.0)(random_);
    next_ = std::min(next_ * 2, kLongestWait);
    if (wait >= left) {
      if (std::exchange(last_, true)) return std::nullopt;
      wait = left / 2;
    }
    int seconds = 0;
    if (absl::SimpleAtoi(retry_after, &seconds)) wait = std::max(wait, absl::Seconds(seconds));
    if (wait >= left) return std::nullopt;
    return wait;
  }

 private:
  const absl::Time deadline_;
  absl::Duration next_ = kFirstWait;
  bool last_ = false;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace

S3Requests::S3Requests(S3Bucket bucket, S3CredentialSources sources, std::string ca_file,
                       absl::Duration timeout)
    : bucket_(std::move(bucket)),
      direct_(IsOnThisMachine(bucket_.scheme_and_host)),
      timeout_(timeout),
      http_(std::move(ca_file)),
      credentials_(std::move(sources), &http_) {}

absl::Status S3Requests::Failed(absl::StatusCode code, absl::string_view what,
                                absl::string_view detail) const {
  return absl::Status(code, absl::StrCat(bucket_.description, ": ", what, ": ", detail));
}

absl::Status S3Requests::ErrorOf(const HttpResponse& response, absl::string_view what) const {
  const S3Error error = ReadS3Error(response, bucket_.region, absl::Now());
  return Failed(error.code, what, error.detail);
}

std::string S3Requests::UrlOf(const S3Request& request) const {
  std::string url = bucket_.scheme_and_host;
  if (bucket_.path_style) {
    absl::StrAppend(&url, "/", bucket_.name);
  } else {
    url.insert(url.find("://") + 3, absl::StrCat(bucket_.name, "."));
  }
  absl::StrAppend(&url, "/", request.path);
  char separator = '?';
  for (const auto& parameter : request.query) {
    absl::StrAppend(&url, absl::string_view(&separator, 1), parameter.first, "=",
                    UrlEncode(parameter.second));
    separator = '&';
  }
  return url;
}

absl::StatusOr<HttpResponse> S3Requests::SendOnce(const S3Request& request,
                                                  const std::string& payload_sha256,
                                                  const S3Credentials& credentials,
                                                  absl::Time deadline) {
  HttpRequest http;
  http.method = request.method;
  http.url = UrlOf(request);
  http.headers = request.headers;
  http.headers.push_back(absl::StrCat("x-amz-content-sha256: ", payload_sha256));
  if (!credentials.session_token.empty()) {
    http.headers.push_back(absl::StrCat("x-amz-security-token: ", credentials.session_token));
  }
  http.body = request.body;
  http.signature = HttpSignature{bucket_.region, credentials.access_key, credentials.secret_key};
  http.deadline = deadline;
  // Of the time there is, a connection that says nothing leaves half to the next.
  http.stall = timeout_ / 2;
  http.max_body_bytes = request.max_body_bytes;
  http.direct = direct_;
  return http_.Send(http);
}

absl::StatusOr<S3Answer> S3Requests::Send(const S3Request& request, absl::string_view what) {
  const absl::Time deadline = absl::Now() + timeout_;
  TS_ASSIGN_OR_RETURN(const std::string payload_sha256, Sha256Hex(request.body));
  Backoff backoff(deadline);
  int short_bodies = 0;
  for (int attempts = 1;; ++attempts) {
    const absl::StatusOr<S3Credentials> credentials = credentials_.Get(deadline);
    absl::StatusCode code = credentials.status().code();
    std::string detail(credentials.status().message());
    std::string retry_after;
    bool retry = code == absl::StatusCode::kUnavailable;
    if (credentials.ok()) {
      absl::StatusOr<HttpResponse> response =
          SendOnce(request, payload_sha256, *credentials, deadline);
      if (response.ok() && response->status < 300) {
        return S3Answer{*std::move(response), attempts > 1};
      }
      if (response.ok()) {
        const S3Error error = ReadS3Error(*response, bucket_.region, absl::Now());
        code = error.code;
        detail = error.detail;
        retry_after = std::string(response->Header("retry-after"));
        retry = error.retry || (error.new_credentials && credentials_.Refused(*credentials));
        if (!retry) return S3Answer{*std::move(response), attempts > 1};
      } else {
        code = response.status().code();
        detail = std::string(response.status().message());
        retry = code == absl::StatusCode::kUnavailable ||
                (code == absl::StatusCode::kDataLoss && ++short_bodies < kMaxShortBodies);
        if (code == absl::StatusCode::kOutOfRange) code = absl::StatusCode::kDataLoss;
      }
    }
    const std::optional<absl::Duration> wait = retry ? backoff.Next(retry_after) : std::nullopt;
    if (!wait) {
      if (attempts > 1) absl::StrAppend(&detail, " (after ", attempts, " attempts)");
      return Failed(code, what, detail);
    }
    absl::SleepFor(*wait);
  }
}

}  // namespace testselect
