#include "client/cli/watch_keys.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "client/files.h"

namespace testselect::client {
namespace {

std::atomic<int> told{-1};  // where a signal is told; -1: nowhere

void Tell(int /*signal*/) {
  const int error = errno;
  const char byte = 1;
  // A pipe that is full tells already.
  [[maybe_unused]] const ssize_t written = write(told.load(), &byte, 1);
  errno = error;
}

}  // namespace

WatchKeys::WatchKeys() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    status_ = ErrnoStatus("cannot wait for signals", errno);
    return;
  }
  signal_fd_ = ends[0];
  told.store(ends[1]);
  struct sigaction tell {};
  tell.sa_handler = Tell;
  tell.sa_flags = SA_RESTART;
  sigaction(SIGINT, &tell, &on_interrupt_);
  sigaction(SIGTERM, &tell, &on_terminate_);
  if (isatty(STDIN_FILENO) == 0 || tcgetattr(STDIN_FILENO, &terminal_) != 0) return;
  termios raw = terminal_;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  has_keys_ = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

WatchKeys::~WatchKeys() {
  if (has_keys_) tcsetattr(STDIN_FILENO, TCSANOW, &terminal_);
  if (signal_fd_ < 0) return;
  sigaction(SIGINT, &on_interrupt_, nullptr);
  sigaction(SIGTERM, &on_terminate_, nullptr);
  close(told.exchange(-1));
  close(signal_fd_);
}

char WatchKeys::ReadKey() {
  char key = 0;
  return read(STDIN_FILENO, &key, 1) == 1 ? key : '\0';
}

}  // namespace testselect::client
