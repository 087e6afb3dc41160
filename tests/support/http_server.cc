#include "tests/support/http_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "tests/support/loopback.h"

namespace testselect {
namespace {

bool Send(int connection, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

// Reads on until `text` has `size` bytes.
bool Receive(int connection, size_t size, std::string* text) {
  char buffer[65536];
  while (text->size() < size) {
    const ssize_t n = recv(connection, buffer, sizeof buffer, 0);
    if (n <= 0) return false;
    text->append(buffer, static_cast<size_t>(n));
  }
  return true;
}

HttpCallSeen ParseHead(absl::string_view head) {
  HttpCallSeen call;
  const std::vector<absl::string_view> lines = absl::StrSplit(head, "\r\n");
  const std::vector<std::string> first = absl::StrSplit(lines[0], ' ');
  EXPECT_EQ(first.size(), 3u) << lines[0];
  if (first.size() != 3) return call;
  call.method = first[0];
  const std::pair<std::string, std::string> target =
      absl::StrSplit(first[1], absl::MaxSplits('?', 1));
  call.path = target.first;
  call.query = target.second;
  for (size_t i = 1; i < lines.size(); ++i) {
    const std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(lines[i], absl::MaxSplits(':', 1));
    call.headers[absl::AsciiStrToLower(pair.first)] =
        std::string(absl::StripAsciiWhitespace(pair.second));
  }
  return call;
}

}  // namespace

HttpServer::HttpServer(Handler handler) : handler_(std::move(handler)) {
  int port = 0;
  listener_ = ListenOnLoopback(&port);
  url_ = absl::StrCat("http://127.0.0.1:", port);
  accepting_ = std::thread([this] { Accept(); });
}

HttpServer::~HttpServer() {
  shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  for (std::thread& connection : connections_) connection.join();
  close(listener_);
}

std::vector<HttpCallSeen> HttpServer::Calls() const {
  MutexLock lock(&mutex_);
  return calls_;
}

void HttpServer::Accept() {
  for (;;) {
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    connections_.emplace_back([this, connection] {
      Serve(connection);
      // The client reads the whole answer before it meets the end.
      shutdown(connection, SHUT_WR);
      std::string rest;
      Receive(connection, std::string::npos, &rest);
      close(connection);
    });
  }
}

void HttpServer::Serve(int connection) {
  std::string text;
  while (text.find("\r\n\r\n") == std::string::npos) {
    if (!Receive(connection, text.size() + 1, &text)) return;
  }
  const size_t end = text.find("\r\n\r\n");
  HttpCallSeen call = ParseHead(text.substr(0, end));
  call.body = text.substr(end + 4);
  if (call.headers.count("expect") != 0 && !Send(connection, "HTTP/1.1 100 Continue\r\n\r\n")) {
    return;
  }
  size_t length = 0;
  if (call.headers.count("content-length") != 0) {
    EXPECT_TRUE(absl::SimpleAtoi(call.headers["content-length"], &length));
  }
  if (!Receive(connection, length, &call.body)) return;
  {
    MutexLock lock(&mutex_);
    calls_.push_back(call);
  }
  Send(connection, handler_(call));
}

std::string HttpAnswer(int status, const std::string& body,
                       const std::vector<std::string>& headers) {
  std::string answer = absl::StrCat("HTTP/1.1 ", status, " Status\r\nContent-Length: ", body.size(),
                                    "\r\nConnection: close\r\n");
  for (const std::string& header : headers) absl::StrAppend(&answer, header, "\r\n");
  return absl::StrCat(answer, "\r\n", body);
}

}  // namespace testselect
