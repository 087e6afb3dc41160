// A small HTTP server that answers whatever a test wants: the endpoints that hand out credentials,
// and stores that misbehave.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "storage/model/mutex.h"

namespace testselect {

struct HttpCallSeen {
  std::string method;
  std::string path;                            // as it was sent, encoded
  std::string query;                           // likewise, without "?"
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// Listens on a free port of loopback until it is destroyed. Each call has a connection and a thread
// of its own, several at a time; a call without a whole head is not answered.
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
  void Accept();
  void Serve(int connection);

  const Handler handler_;
  int listener_ = -1;
  std::string url_;
  mutable Mutex mutex_;
  std::vector<HttpCallSeen> calls_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> connections_;  // of accepting_ alone, until it has ended
  std::thread accepting_;
};

// An answer with its length and "Connection: close".
std::string HttpAnswer(int status, const std::string& body,
                       const std::vector<std::string>& headers = {});

}  // namespace testselect
