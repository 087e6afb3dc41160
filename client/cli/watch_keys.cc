#include "client/cli/watch_keys.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

#include "client/files.h"

namespace testselect::client {

WatchKeys::WatchKeys() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals_, &before_);
  signal_fd_ = signalfd(-1, &signals_, SFD_CLOEXEC);
  if (signal_fd_ < 0) status_ = ErrnoStatus("cannot wait for signals", errno);
  if (isatty(STDIN_FILENO) == 0 || tcgetattr(STDIN_FILENO, &terminal_) != 0) return;
  termios raw = terminal_;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  has_keys_ = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

WatchKeys::~WatchKeys() {
  if (has_keys_) tcsetattr(STDIN_FILENO, TCSANOW, &terminal_);
  if (signal_fd_ >= 0) close(signal_fd_);
  sigprocmask(SIG_SETMASK, &before_, nullptr);
}

char WatchKeys::ReadKey() {
  char key = 0;
  return read(STDIN_FILENO, &key, 1) == 1 ? key : '\0';
}

}  // namespace testselect::client
