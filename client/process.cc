#include "client/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <iterator>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/files.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

extern "C" char** environ;

namespace testselect::client {
namespace {

// The program that signals go to; 0: none.
std::atomic<pid_t> running_child{0};

constexpr int kForwarded[] = {SIGINT, SIGTERM, SIGHUP};

// A terminal signals the whole group: only what was sent to us alone has to be passed on.
void Forward(int number, siginfo_t* info, void*) {
  const int kept_errno = errno;
  const pid_t child = running_child.load();
  if (child > 0 && info != nullptr && info->si_code <= 0) kill(child, number);
  errno = kept_errno;
}

// While it lives, signals are for the child.
class SignalsToChild {
 public:
  SignalsToChild() {
    struct sigaction action = {};
    action.sa_sigaction = Forward;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < std::size(kForwarded); ++i) {
      sigaction(kForwarded[i], nullptr, &before_[i]);
      if (before_[i].sa_handler != SIG_IGN) sigaction(kForwarded[i], &action, nullptr);
    }
  }
  ~SignalsToChild() {
    running_child.store(0);
    for (size_t i = 0; i < std::size(kForwarded); ++i) {
      sigaction(kForwarded[i], &before_[i], nullptr);
    }
  }
  SignalsToChild(const SignalsToChild&) = delete;
  SignalsToChild& operator=(const SignalsToChild&) = delete;

 private:
  struct sigaction before_[std::size(kForwarded)] = {};
};

// One end stays here, the other goes to the child.
struct Pipe {
  int read = -1, write = -1;
  ~Pipe() {
    CloseRead();
    CloseWrite();
  }
  absl::Status Open() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus("cannot make a pipe", errno);
    read = ends[0];
    write = ends[1];
    return absl::OkStatus();
  }
  void CloseRead() { Close(read); }
  void CloseWrite() { Close(write); }
  static void Close(int& fd) {
    if (fd >= 0) close(fd);
    fd = -1;
  }
};

std::vector<std::string> EnvironmentWith(
    const std::vector<std::pair<std::string, std::string>>& changes) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const absl::string_view text = *entry;
    bool changed = false;
    for (const auto& change : changes) {
      changed |= absl::StartsWith(text, absl::StrCat(change.first, "="));
    }
    if (!changed) all.emplace_back(text);
  }
  for (const auto& [name, value] : changes) all.push_back(absl::StrCat(name, "=", value));
  return all;
}

std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

size_t BytesOf(const std::vector<std::string>& words) {
  size_t bytes = 0;
  for (const std::string& word : words) bytes += word.size() + 1 + sizeof(char*);
  return bytes;
}

void Redirect(posix_spawn_file_actions_t* actions, ProcessOptions::Output output, const Pipe& pipe,
              int fd) {
  switch (output) {
    case ProcessOptions::Output::kInherit:
      break;
    case ProcessOptions::Output::kToStderr:
      posix_spawn_file_actions_adddup2(actions, STDERR_FILENO, fd);
      break;
    case ProcessOptions::Output::kCapture:
    case ProcessOptions::Output::kStream:
      posix_spawn_file_actions_adddup2(actions, pipe.write, fd);
      break;
    case ProcessOptions::Output::kDiscard:
      posix_spawn_file_actions_addopen(actions, fd, "/dev/null", O_WRONLY, 0);
      break;
  }
}

bool Reads(ProcessOptions::Output output) {
  return output == ProcessOptions::Output::kCapture || output == ProcessOptions::Output::kStream;
}

class Child {
 public:
  Child() = default;
  // Not waited for: an error came between.
  ~Child() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  absl::Status Start(const std::vector<std::string>& words, const ProcessOptions& options) {
    if (Reads(options.out)) TS_RETURN_IF_ERROR(out_.Open());
    if (Reads(options.err)) TS_RETURN_IF_ERROR(err_.Open());
    std::vector<std::string> argument_texts = words;
    std::vector<std::string> environment_texts = EnvironmentWith(options.environment);
    const std::vector<char*> arguments = Pointers(argument_texts);
    const std::vector<char*> environment = Pointers(environment_texts);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    absl::Cleanup destroy = [&] {
      posix_spawn_file_actions_destroy(&actions);
      posix_spawnattr_destroy(&attributes);
    };
    if (!options.folder.empty()) {
      posix_spawn_file_actions_addchdir_np(&actions, options.folder.c_str());
    }
    Redirect(&actions, options.out, out_, STDOUT_FILENO);
    Redirect(&actions, options.err, err_, STDERR_FILENO);
    // We ignore SIGPIPE; what we start expects it as usual.
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    const int error = posix_spawnp(&pid_, arguments[0], &actions, &attributes, arguments.data(),
                                   environment.data());
    if (error == 0) {
      running_child.store(pid_);
      return absl::OkStatus();
    }
    pid_ = -1;
    if (error == E2BIG) {
      return absl::ResourceExhaustedError(
          absl::StrCat("cannot start ", Shorten(words[0]), ": its ", words.size(), " arguments of ",
                       BytesOf(words), " bytes are more than the system takes"));
    }
    return ErrnoStatus(absl::StrCat("cannot start ", Shorten(words[0]),
                                    options.folder.empty() ? "" : " in ", options.folder),
                       error);
  }

  // Reads what is captured to its end.
  absl::Status Drain(FinishedProcess& finished, const ProcessOptions& options) {
    out_.CloseWrite();
    err_.CloseWrite();
    while (out_.read >= 0 || err_.read >= 0) {
      pollfd ends[] = {{out_.read, POLLIN, 0},
                       {err_.read, POLLIN, 0}};  // a negative one is skipped
      if (poll(ends, 2, -1) < 0) {
        if (errno == EINTR) continue;
        return ErrnoStatus("cannot wait for a program's output", errno);
      }
      if (ends[0].revents != 0) {
        TS_RETURN_IF_ERROR(Take(out_, finished.out, options.max_captured));
        if (options.on_out != nullptr) options.on_out(std::exchange(finished.out, ""));
      }
      if (ends[1].revents != 0) {
        TS_RETURN_IF_ERROR(Take(err_, finished.err, options.max_captured));
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<ExitState> Wait() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0) {
      if (errno != EINTR) return ErrnoStatus("cannot wait for a program", errno);
    }
    pid_ = -1;
    ExitState state;
    if (WIFSIGNALED(status)) state.signal = WTERMSIG(status);
    if (WIFEXITED(status)) state.code = WEXITSTATUS(status);
    return state;
  }

 private:
  static absl::Status Take(Pipe& pipe, std::string& text, size_t limit) {
    char buffer[1 << 16];
    const ssize_t got = read(pipe.read, buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) return absl::OkStatus();
    if (got < 0) return ErrnoStatus("cannot read a program's output", errno);
    if (got == 0) pipe.CloseRead();
    text.append(buffer, static_cast<size_t>(got));
    if (text.size() <= limit) return absl::OkStatus();
    return absl::ResourceExhaustedError(
        absl::StrCat("a program's output is larger than ", limit, " bytes"));
  }

  pid_t pid_ = -1;
  Pipe out_, err_;
};

}  // namespace

std::string ExitState::ToString() const {
  return signal != 0 ? absl::StrCat("signal ", signal) : absl::StrCat("status ", code);
}

absl::StatusOr<FinishedProcess> RunProcess(const std::vector<std::string>& words,
                                           const ProcessOptions& options) {
  const SignalsToChild signals;
  FinishedProcess finished;
  Child child;
  TS_RETURN_IF_ERROR(child.Start(words, options));
  TS_RETURN_IF_ERROR(child.Drain(finished, options));
  TS_ASSIGN_OR_RETURN(finished.state, child.Wait());
  return finished;
}

std::vector<std::vector<std::string>> ChunkArguments(const std::vector<std::string>& values,
                                                     size_t limit, size_t extra) {
  std::vector<std::vector<std::string>> chunks;
  size_t used = 0;
  for (const std::string& value : values) {
    const size_t size = value.size() + extra;
    if (chunks.empty() || used + size > limit) {
      chunks.emplace_back();
      used = 0;
    }
    chunks.back().push_back(value);
    used += size;
  }
  return chunks;
}

std::vector<std::string> ShellWords(const std::string& command,
                                    const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {"/bin/sh", "-c", absl::StrCat(command, " \"$@\""), "sh"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

}  // namespace testselect::client
