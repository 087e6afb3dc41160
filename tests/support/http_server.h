// A small HTTP server that answers whatever a test wants: the endpoints that hand out credentials,
// and stores that misbehave.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "storage/model/mutex.h"

struct mg_connection;
struct mg_context;

namespace testselect {

struct HttpCallSeen {
  std::string method;
  std::string path;                            // as it was sent, encoded
  std::string query;                           // likewise, without "?"
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// Listens on a free port of loopback until it is destroyed. Each call is answered on a thread of
// its own, several at a time.
class HttpServer {
 public:
  // The whole answer, from "HTTP/1.1 ..." on; afterwards the connection is closed.
  using Handler = std::function<std::string(const HttpCallSeen&)>;
  explicit HttpServer(Handler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  const std::string& url() const { return url_; }  // "http://127.0.0.1:PORT"
  std::vector<HttpCallSeen> Calls() const;         // so far, in the order of their arrival

 private:
  static int Handle(mg_connection* connection, void* self);

  const Handler handler_;
  std::string url_;
  mutable Mutex mutex_;
  std::vector<HttpCallSeen> calls_ ABSL_GUARDED_BY(mutex_);
  mg_context* context_ = nullptr;
};

// An answer with its length and "Connection: close".
std::string HttpAnswer(int status, const std::string& body,
                       const std::vector<std::string>& headers = {});

}  // namespace testselect
