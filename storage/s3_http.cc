#include "storage/s3_http.h"

#include <curl/curl.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect {
namespace {

constexpr size_t kMaxErrorBytes = 64 << 10;
constexpr size_t kMaxHeaderBytes = 64 << 10;
constexpr size_t kMaxReservedBytes = 64 << 20;
constexpr absl::Duration kConnectTimeout = absl::Seconds(3);
constexpr double kBytesPerSecond = 256 << 10;  // a transfer that is as fast may take its time

struct ListFreer {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

bool InitializeOnce() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  return code == CURLE_OK;
}

absl::Status StatusOfCurl(CURLcode code, absl::string_view detail) {
  const std::string message(detail.empty() ? curl_easy_strerror(code) : detail);
  switch (code) {
    case CURLE_PARTIAL_FILE:
      return absl::DataLossError(message);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
      return absl::FailedPreconditionError(message);
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_BAD_FUNCTION_ARGUMENT:
    case CURLE_UNKNOWN_OPTION:
    case CURLE_NOT_BUILT_IN:
      return absl::InternalError(message);
    default:
      return absl::UnavailableError(message);
  }
}

}  // namespace

absl::string_view HttpResponse::Header(absl::string_view name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? absl::string_view() : absl::string_view(found->second);
}

// One request and its answer on one handle.
class HttpClient::Exchange {
 public:
  Exchange(CURL* handle, const HttpRequest& request) : handle_(handle), request_(request) {}

  absl::StatusOr<HttpResponse> Run(const std::string& ca_file) {
    const absl::Duration left = request_.deadline - absl::Now();
    if (left < absl::Milliseconds(1)) return absl::UnavailableError("no time is left");
    curl_easy_reset(handle_);
    SetTarget(ca_file);
    SetTimes(left);
    SetMethod();
    TS_RETURN_IF_ERROR(SetHeaders());
    Set(CURLOPT_WRITEFUNCTION, &Exchange::OnBody);
    Set(CURLOPT_WRITEDATA, this);
    Set(CURLOPT_HEADERFUNCTION, &Exchange::OnHeader);
    Set(CURLOPT_HEADERDATA, this);
    Set(CURLOPT_ERRORBUFFER, error_);
    if (failed_option_ != CURLE_OK) return StatusOfCurl(failed_option_, "");
    const CURLcode code = curl_easy_perform(handle_);
    if (too_long_) {
      return absl::OutOfRangeError(
          absl::StrCat("the answer is longer than ", request_.max_body_bytes, " bytes"));
    }
    if (too_late_) return absl::UnavailableError("the time was up");
    if (code != CURLE_OK) return StatusOfCurl(code, Shorten(error_, 300));
    response_.status = Status();
    return std::move(response_);
  }

 private:
  template <typename Value>
  void Set(CURLoption option, Value value) {
    const CURLcode code = curl_easy_setopt(handle_, option, value);
    if (failed_option_ == CURLE_OK) failed_option_ = code;
  }

  void SetTarget(const std::string& ca_file) {
    Set(CURLOPT_URL, request_.url.c_str());
    Set(CURLOPT_PROTOCOLS_STR, "http,https");
    Set(CURLOPT_PATH_AS_IS, 1L);
    Set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    Set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!ca_file.empty()) Set(CURLOPT_CAINFO, ca_file.c_str());
    if (request_.direct) Set(CURLOPT_NOPROXY, "*");
    if (request_.signature) {
      // The setting is copied.
      const std::string kind = absl::StrCat("aws:amz:", request_.signature->region, ":s3");
      Set(CURLOPT_AWS_SIGV4, kind.c_str());
      Set(CURLOPT_USERNAME, request_.signature->access_key.c_str());
      Set(CURLOPT_PASSWORD, request_.signature->secret_key.c_str());
    }
  }

  void SetTimes(absl::Duration left) {
    // Timeouts by signal are not for programs of several threads.
    Set(CURLOPT_NOSIGNAL, 1L);
    Set(CURLOPT_NOPROGRESS, 0L);
    Set(CURLOPT_XFERINFOFUNCTION, &Exchange::OnProgress);
    Set(CURLOPT_XFERINFODATA, this);
    Set(CURLOPT_CONNECTTIMEOUT_MS,
        static_cast<long>(absl::ToInt64Milliseconds(std::min(left, kConnectTimeout))));
    Set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    Set(CURLOPT_LOW_SPEED_TIME,
        static_cast<long>(std::max<int64_t>(1, absl::ToInt64Seconds(request_.stall))));
    Set(CURLOPT_TCP_KEEPALIVE, 1L);
  }

  void SetMethod() {
    if (request_.method == "HEAD") {
      Set(CURLOPT_NOBODY, 1L);
    } else if (request_.method == "PUT") {
      Set(CURLOPT_UPLOAD, 1L);
      Set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
      Set(CURLOPT_READFUNCTION, &Exchange::OnRead);
      Set(CURLOPT_READDATA, this);
      Set(CURLOPT_SEEKFUNCTION, &Exchange::OnSeek);
      Set(CURLOPT_SEEKDATA, this);
    } else if (request_.method == "POST") {
      Set(CURLOPT_POST, 1L);
      Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
      Set(CURLOPT_POSTFIELDS, request_.body.data());
    } else {
      Set(CURLOPT_HTTPGET, 1L);
      if (request_.method != "GET") Set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
    }
  }

  absl::Status SetHeaders() {
    for (const std::string& header : request_.headers) {
      if (header.find_first_of("\r\n\0", 0, 3) != std::string::npos) {
        return absl::InvalidArgumentError("a header holds a line break");
      }
      curl_slist* const longer = curl_slist_append(headers_.get(), header.c_str());
      if (longer == nullptr) return absl::UnavailableError("libcurl: no memory");
      (void)headers_.release();
      headers_.reset(longer);
    }
    Set(CURLOPT_HTTPHEADER, headers_.get());
    return absl::OkStatus();
  }

  int Status() const {
    long status = 0;
    curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
    return static_cast<int>(status);
  }

  static size_t OnRead(char* buffer, size_t size, size_t count, void* self) {
    auto* const e = static_cast<Exchange*>(self);
    const size_t n = std::min(size * count, e->request_.body.size() - e->sent_);
    if (n != 0) std::memcpy(buffer, e->request_.body.data() + e->sent_, n);
    e->sent_ += n;
    return n;
  }
  // A connection that died before it was used again is replaced, and the body sent once more.
  static int OnSeek(void* self, curl_off_t offset, int origin) {
    auto* const e = static_cast<Exchange*>(self);
    if (origin != SEEK_SET || offset < 0 ||
        static_cast<uint64_t>(offset) > e->request_.body.size()) {
      return CURL_SEEKFUNC_CANTSEEK;
    }
    e->sent_ = static_cast<size_t>(offset);
    return CURL_SEEKFUNC_OK;
  }
  // Called at every piece, and every second.
  static int OnProgress(void* self, curl_off_t, curl_off_t received, curl_off_t, curl_off_t sent) {
    auto* const e = static_cast<Exchange*>(self);
    const double bytes = static_cast<double>(received) + static_cast<double>(sent);
    e->too_late_ = absl::Now() > e->request_.deadline + absl::Seconds(bytes / kBytesPerSecond);
    return e->too_late_ ? 1 : 0;
  }
  static size_t OnHeader(char* text, size_t size, size_t count, void* self) {
    static_cast<Exchange*>(self)->AddHeader(absl::string_view(text, size * count));
    return size * count;
  }
  static size_t OnBody(char* bytes, size_t size, size_t count, void* self) {
    auto* const e = static_cast<Exchange*>(self);
    return e->AddBody(absl::string_view(bytes, size * count)) ? size * count : 0;
  }

  void AddHeader(absl::string_view line) {
    // After "100 Continue" comes the answer proper.
    if (absl::StartsWith(line, "HTTP/")) {
      response_.headers.clear();
      header_bytes_ = 0;
      return;
    }
    const size_t colon = line.find(':');
    header_bytes_ += line.size();
    if (colon == absl::string_view::npos || header_bytes_ > kMaxHeaderBytes) return;
    response_.headers[absl::AsciiStrToLower(line.substr(0, colon))] =
        std::string(absl::StripAsciiWhitespace(line.substr(colon + 1)));
  }

  bool AddBody(absl::string_view piece) {
    std::string& body = response_.body;
    if (Status() >= 300) {
      absl::StrAppend(&body,
                      piece.substr(0, kMaxErrorBytes - std::min(kMaxErrorBytes, body.size())));
      return true;
    }
    if (piece.size() > request_.max_body_bytes - body.size()) {
      too_long_ = true;
      return false;
    }
    curl_off_t announced = -1;
    if (body.empty() &&
        curl_easy_getinfo(handle_, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced) == CURLE_OK) {
      const auto bytes = static_cast<size_t>(std::max<curl_off_t>(announced, 0));
      body.reserve(std::min({bytes, request_.max_body_bytes, kMaxReservedBytes}));
    }
    absl::StrAppend(&body, piece);
    return true;
  }

  CURL* const handle_;
  const HttpRequest& request_;
  std::unique_ptr<curl_slist, ListFreer> headers_;
  CURLcode failed_option_ = CURLE_OK;
  char error_[CURL_ERROR_SIZE] = "";
  HttpResponse response_;
  size_t sent_ = 0;
  size_t header_bytes_ = 0;
  bool too_long_ = false;
  bool too_late_ = false;
};

void HttpClient::HandleCloser::operator()(void* handle) const { curl_easy_cleanup(handle); }

HttpClient::HttpClient(std::string ca_file) : ca_file_(std::move(ca_file)) {}
HttpClient::~HttpClient() = default;

absl::StatusOr<HttpResponse> HttpClient::Send(const HttpRequest& request) {
  if (!InitializeOnce()) return absl::InternalError("libcurl cannot be initialized");
  Handle handle;
  {
    MutexLock lock(&mutex_);
    if (!idle_.empty()) {
      handle = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (handle == nullptr) handle.reset(curl_easy_init());
  if (handle == nullptr) return absl::UnavailableError("libcurl: no memory");
  absl::StatusOr<HttpResponse> response = Exchange(handle.get(), request).Run(ca_file_);
  MutexLock lock(&mutex_);
  idle_.push_back(std::move(handle));
  return response;
}

std::string UrlEncode(absl::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
        absl::string_view("-._~").find(c) != absl::string_view::npos) {
      encoded.push_back(c);
    } else {
      static constexpr char kHex[] = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(c);
      encoded.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  return encoded;
}

}  // namespace testselect
