#include "server/ops/http_pages.h"

#include <civetweb.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace testselect {
namespace {

constexpr char kTextType[] = "text/plain; charset=utf-8";

int Answer(mg_connection* connection, const HttpPage& page, absl::string_view allow = {}) {
  const char* reason = page.status == 200   ? "OK"
                       : page.status == 404 ? "Not Found"
                       : page.status == 405 ? "Method Not Allowed"
                                            : "Service Unavailable";
  const std::string head = absl::StrCat(
      "HTTP/1.1 ", page.status, " ", reason, "\r\nContent-Type: ", kTextType,
      "\r\nContent-Length: ", page.body.size(), allow.empty() ? "" : "\r\nAllow: ", allow,
      "\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n");
  mg_write(connection, head.data(), head.size());
  if (absl::string_view(mg_get_request_info(connection)->request_method) != "HEAD") {
    mg_write(connection, page.body.data(), page.body.size());
  }
  return page.status;
}

int Handle(mg_connection* connection, void* data) {
  const auto& makers = *static_cast<const HttpPages::Makers*>(data);
  const mg_request_info& request = *mg_get_request_info(connection);
  const absl::string_view method = request.request_method;
  if (method != "GET" && method != "HEAD") {
    return Answer(connection, {405, "only GET and HEAD\n"}, "GET, HEAD");
  }
  const auto page = makers.find(request.local_uri);
  if (page == makers.end()) return Answer(connection, {404, "no such page\n"});
  return Answer(connection, page->second());
}

}  // namespace

struct HttpPages::Server {
  ~Server() {
    if (context != nullptr) mg_stop(context);
  }
  Makers makers;
  mg_context* context = nullptr;
};

HttpPages::HttpPages() : server_(std::make_unique<Server>()) {}
HttpPages::~HttpPages() = default;

absl::StatusOr<std::unique_ptr<HttpPages>> HttpPages::Listen(const std::string& setting,
                                                             const std::string& address,
                                                             Makers makers) {
  std::unique_ptr<HttpPages> pages(new HttpPages);
  pages->server_->makers = std::move(makers);
  const mg_callbacks callbacks = {};
  const char* options[] = {"listening_ports",    address.c_str(), "num_threads", "2",
                           "request_timeout_ms", "10000",         nullptr};
  mg_context* const context = mg_start(&callbacks, nullptr, options);
  if (context == nullptr) {
    return absl::UnavailableError(absl::StrCat(setting, ": '", address, "' cannot be bound"));
  }
  pages->server_->context = context;
  mg_set_request_handler(context, "**", Handle, &pages->server_->makers);
  mg_server_port port = {};
  if (mg_get_server_ports(context, 1, &port) < 1) {
    return absl::UnavailableError(absl::StrCat(setting, ": '", address, "': no port was bound"));
  }
  pages->address_ = absl::StrCat(address.substr(0, address.rfind(':')), ":", port.port);
  return pages;
}

}  // namespace testselect
