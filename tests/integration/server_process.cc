#include "tests/integration/server_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"

namespace testselect {
namespace {

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::string ReadToEnd(int fd) {
  std::string text;
  char buffer[65536];
  for (ssize_t n; (n = ::read(fd, buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<size_t>(n));
  }
  return text;
}

std::string FreshLogPath() {
  static std::atomic<int> number{0};
  return absl::StrCat(::testing::TempDir(), "/process-", ::getpid(), "-", ++number, ".log");
}

// Starts `command` with its standard output in *out_fd and its standard error in a file.
pid_t Spawn(const std::vector<std::string>& command, const std::string& log_path, int* out_fd) {
  int out[2];
  if (::pipe2(out, O_CLOEXEC) != 0) std::abort();
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid == 0) {
    // A test that is killed takes its servers along.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int log = ::open(log_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::dup2(out[1], 1);
    ::dup2(log, 2);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  if (pid < 0) std::abort();
  ::close(out[1]);
  *out_fd = out[0];
  return pid;
}

ProcessEnd Reap(pid_t pid, int out_fd, const std::string& log_path) {
  ProcessEnd end;
  end.output = ReadToEnd(out_fd);
  ::close(out_fd);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status)) end.exit_status = WEXITSTATUS(status);
  end.log = ReadAll(log_path);
  ::unlink(log_path.c_str());
  return end;
}

}  // namespace

ProcessEnd RunProgram(const std::vector<std::string>& command) {
  int out = -1;
  const std::string log_path = FreshLogPath();
  const pid_t pid = Spawn(command, log_path, &out);
  return Reap(pid, out, log_path);
}

std::string BuiltProgram(const std::string& name) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return (self.parent_path() / name).string();  // all programs are built into one folder
}

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::Start(
    const std::vector<std::string>& flags) {
  std::vector<std::string> command = {BuiltProgram("testselectd"), "--listen=127.0.0.1:0",
                                      "--metrics-listen=127.0.0.1:0"};
  command.insert(command.end(), flags.begin(), flags.end());
  std::unique_ptr<ServerProcess> server(new ServerProcess);
  server->log_path_ = FreshLogPath();
  server->pid_ = Spawn(command, server->log_path_, &server->stdout_);
  char c;
  while (::read(server->stdout_, &c, 1) == 1 && c != '\n') server->first_line_.push_back(c);
  const std::vector<std::string> words = absl::StrSplit(server->first_line_, ' ');
  if (words.size() != 3 || words[0] != "listening") {
    const std::string log = server->Wait().log;
    return absl::UnavailableError(absl::StrCat("the server did not start: ", log));
  }
  server->grpc_address_ = std::string(absl::StripPrefix(words[1], "grpc="));
  server->metrics_address_ = std::string(absl::StripPrefix(words[2], "metrics="));
  return server;
}

ServerProcess::~ServerProcess() {
  if (pid_ > 0) Kill();
}

void ServerProcess::Signal(int number) { ::kill(pid_, number); }

ProcessEnd ServerProcess::Wait() {
  ProcessEnd end = Reap(pid_, stdout_, log_path_);
  pid_ = -1;
  return end;
}

ProcessEnd ServerProcess::Terminate() {
  Signal(SIGTERM);
  return Wait();
}

void ServerProcess::Kill() {
  Signal(SIGKILL);
  Wait();
}

}  // namespace testselect
