// HttpPages: a few pages over HTTP, made anew for every request: metrics and health of a process.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace testselect {

struct HttpPage {
  int status = 200;  // 200 or 503
  std::string body;  // plain text, UTF-8
};

// Thread-safe. Two threads of its own answer requests.
class HttpPages {
 public:
  // By path ("/metrics"). A maker is called by several threads at once, until this is destroyed.
  using Makers = std::map<std::string, std::function<HttpPage()>>;

  // Listens on HOST:PORT; port 0 takes a free one. kUnavailable naming `setting` and the address
  // if that cannot be bound.
  static absl::StatusOr<std::unique_ptr<HttpPages>> Listen(const std::string& setting,
                                                           const std::string& address,
                                                           Makers makers);
  ~HttpPages();  // waits for the requests that are being answered
  HttpPages(const HttpPages&) = delete;
  HttpPages& operator=(const HttpPages&) = delete;

  // HOST:PORT with the port that was bound.
  const std::string& address() const { return address_; }

 private:
  struct Server;
  HttpPages();
  std::string address_;
  std::unique_ptr<Server> server_;
};

}  // namespace testselect
