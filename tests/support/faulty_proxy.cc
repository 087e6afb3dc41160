#include "tests/support/faulty_proxy.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/support/loopback.h"

namespace testselect {

FaultyProxy::FaultyProxy(int server_port) : server_port_(server_port) {
  int port = 0;
  listener_ = ListenOnLoopback(&port);
  url_ = absl::StrCat("http://127.0.0.1:", port);
  accepting_ = std::thread([this] { Accept(); });
}

FaultyProxy::~FaultyProxy() {
  shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  for (std::thread& connection : connections_) connection.join();
  close(listener_);
}

void FaultyProxy::CutAnswers(int connections, size_t bytes) {
  cut_after_ = bytes;
  to_cut_ = connections;
}

void FaultyProxy::Accept() {
  for (;;) {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    connections_.emplace_back([this, client] { Carry(client); });
  }
}

void FaultyProxy::Carry(int client) {
  const int server = ConnectToLoopback(server_port_);
  const bool cut = server >= 0 && to_cut_ > 0 && to_cut_-- > 0;
  size_t left = cut ? cut_after_.load() : SIZE_MAX;  // of the answer
  bool open = server >= 0;
  while (open) {
    pollfd ends[] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    if (poll(ends, 2, -1) < 0) break;
    for (const int from : {0, 1}) {
      if (!open || ends[from].revents == 0) continue;
      char buffer[16384];
      const ssize_t n = recv(ends[from].fd, buffer, sizeof buffer, 0);
      size_t pass = n > 0 ? static_cast<size_t>(n) : 0;
      if (from == 1) {
        pass = std::min(pass, left);
        left -= pass;
      }
      open = n > 0 && (pass == 0 || send(ends[1 - from].fd, buffer, pass, MSG_NOSIGNAL) > 0) &&
             !(from == 1 && cut && left == 0);
    }
  }
  if (cut) ++cuts_;
  if (server >= 0) close(server);
  close(client);
}

}  // namespace testselect
