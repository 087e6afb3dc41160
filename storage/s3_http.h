// HTTP for the S3 object store and its credentials: the only user of libcurl.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "storage/model/mutex.h"

namespace testselect {

// What signs a request to S3 (AWS Signature Version 4, made by libcurl). The request must then have
// the header x-amz-content-sha256, strictly encoded path and query, and sorted query parameters.
struct HttpSignature {
  std::string region;
  std::string access_key;
  std::string secret_key;
};

struct HttpRequest {
  std::string method;                // GET, HEAD, PUT, POST or DELETE
  std::string url;                   // http:// or https://
  std::vector<std::string> headers;  // "Name: value"; no value is empty
  absl::string_view body;            // of PUT and POST
  std::optional<HttpSignature> signature;
  // Of the whole exchange, or up to a second later. What is being transferred at 256 KiB/s and more
  // is not cut short: every 256 KiB put the deadline off by a second.
  absl::Time deadline;
  absl::Duration stall;       // without a byte for so long the exchange is given up; whole seconds
  size_t max_body_bytes = 0;  // of an answer below 300; of others 64 KiB are kept
  bool direct = false;        // through no proxy, whatever the environment says
};

struct HttpResponse {
  int status = 0;
  absl::flat_hash_map<std::string, std::string> headers;  // names in lower case
  std::string body;

  // "" where there is none.
  absl::string_view Header(absl::string_view name) const;
};

// Keeps connections for reuse: as many as requests were ever under way at a time, for as long as
// the server and libcurl's limits of age do. Thread-safe. The program must ignore SIGPIPE.
class HttpClient {
 public:
  // PEM file of the authorities that are trusted; empty: the system's.
  explicit HttpClient(std::string ca_file);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Any answer of the server, redirects and errors included. Errors, whose messages hold no header:
  // kUnavailable (no connection, it broke, it stalled, the deadline: the request may have arrived),
  // kDataLoss (the body was shorter than announced), kOutOfRange (longer than allowed),
  // kFailedPrecondition (the certificate is not trusted, ca_file is none), kInvalidArgument (a
  // header of two lines), kInternal.
  absl::StatusOr<HttpResponse> Send(const HttpRequest& request);

 private:
  class Exchange;
  struct HandleCloser {
    void operator()(void* handle) const;
  };
  using Handle = std::unique_ptr<void, HandleCloser>;

  const std::string ca_file_;
  Mutex mutex_;
  std::vector<Handle> idle_ ABSL_GUARDED_BY(mutex_);
};

// `text` with everything but A-Za-z0-9-._~ as %XX, as signatures want it.
std::string UrlEncode(absl::string_view text);

}  // namespace testselect
