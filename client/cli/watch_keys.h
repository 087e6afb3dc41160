// What a person or another process asks of `watch` while it waits.
#pragma once

#include <signal.h>
#include <termios.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace testselect::client {

// While one lives, keys reach this program at once, without echo, and SIGINT and SIGTERM are read
// instead of ending it, whichever thread they reach. One at a time. Without a terminal there are no
// keys.
class WatchKeys {
 public:
  WatchKeys();
  ~WatchKeys();
  WatchKeys(const WatchKeys&) = delete;
  WatchKeys& operator=(const WatchKeys&) = delete;

  // Of the system, where signals cannot be read.
  const absl::Status& status() const { return status_; }
  bool has_keys() const { return has_keys_; }
  int signal_fd() const { return signal_fd_; }

  // The key that was pressed; 0: none, or the terminal is gone.
  static char ReadKey();

 private:
  absl::Status status_;
  bool has_keys_ = false;
  int signal_fd_ = -1;
  termios terminal_{};
  struct sigaction on_interrupt_ {
  }, on_terminate_{};  // as they were
};

}  // namespace testselect::client
