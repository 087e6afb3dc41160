#include "tests/support/http_server.h"

#include <civetweb.h>

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace testselect {

HttpServer::HttpServer(Handler handler) : handler_(std::move(handler)) {
  mg_init_library(0);
  const char* options[] = {"listening_ports", "127.0.0.1:0", "num_threads", "12", nullptr};
  const mg_callbacks callbacks = {};
  context_ = mg_start(&callbacks, nullptr, options);
  mg_server_port port = {};
  if (context_ == nullptr || mg_get_server_ports(context_, 1, &port) < 1) {
    ADD_FAILURE() << "the HTTP server of the test does not start";
    return;
  }
  url_ = absl::StrCat("http://127.0.0.1:", port.port);
  mg_set_request_handler(context_, "**", &HttpServer::Handle, this);
}

HttpServer::~HttpServer() {
  if (context_ != nullptr) mg_stop(context_);
  mg_exit_library();
}

std::vector<HttpCallSeen> HttpServer::Calls() const {
  MutexLock lock(&mutex_);
  return calls_;
}

int HttpServer::Handle(mg_connection* connection, void* self) {
  auto* const server = static_cast<HttpServer*>(self);
  const mg_request_info& request = *mg_get_request_info(connection);
  HttpCallSeen call;
  call.method = request.request_method;
  call.path = request.request_uri;
  if (request.query_string != nullptr) call.query = request.query_string;
  for (int i = 0; i < request.num_headers; ++i) {
    call.headers[absl::AsciiStrToLower(request.http_headers[i].name)] =
        request.http_headers[i].value;
  }
  char buffer[65536];
  for (int n; (n = mg_read(connection, buffer, sizeof buffer)) > 0;) {
    call.body.append(buffer, static_cast<size_t>(n));
  }
  {
    MutexLock lock(&server->mutex_);
    server->calls_.push_back(call);
  }
  const std::string answer = server->handler_(call);
  mg_write(connection, answer.data(), answer.size());
  mg_disable_connection_keep_alive(connection);
  return 200;
}

std::string HttpAnswer(int status, const std::string& body,
                       const std::vector<std::string>& headers) {
  std::string answer = absl::StrCat("HTTP/1.1 ", status, " Status\r\nContent-Length: ", body.size(),
                                    "\r\nConnection: close\r\n");
  for (const std::string& header : headers) absl::StrAppend(&answer, header, "\r\n");
  return absl::StrCat(answer, "\r\n", body);
}

}  // namespace testselect
