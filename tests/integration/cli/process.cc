#include "tests/integration/cli/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

namespace testselect {
namespace {

std::string ReadText(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string UniqueFile(const std::string& folder, const std::string& name) {
  std::string path = folder + "/" + name + ".XXXXXX";
  const int fd = mkstemp(path.data());
  if (fd >= 0) close(fd);
  return path;
}

[[noreturn]] void Become(const std::vector<std::string>& words, const Process::Options& options,
                         const std::string& in, const std::string& out, const std::string& err) {
  const int fds[] = {open(in.c_str(), O_RDONLY), open(out.c_str(), O_WRONLY),
                     open(err.c_str(), O_WRONLY)};
  for (int i = 0; i < 3; ++i) dup2(fds[i], i);
  if (!options.cwd.empty() && chdir(options.cwd.c_str()) != 0) _exit(126);
  for (const std::string& variable : options.environment) {
    const size_t equals = variable.find('=');
    setenv(variable.substr(0, equals).c_str(), variable.substr(equals + 1).c_str(), 1);
  }
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  execvp(argv[0], argv.data());
  _exit(127);
}

}  // namespace

std::unique_ptr<Process> Process::Start(const std::vector<std::string>& words,
                                        const std::string& folder, const Options& options) {
  std::unique_ptr<Process> process(new Process());
  const std::string in = UniqueFile(folder, "stdin");
  std::ofstream(in, std::ios::binary) << options.input;
  process->out_file_ = UniqueFile(folder, "stdout");
  process->err_file_ = UniqueFile(folder, "stderr");
  process->pid_ = fork();
  if (process->pid_ == 0) {
    Become(words, options, in, process->out_file_, process->err_file_);
  }
  return process;
}

Process::~Process() {
  if (!Running()) return;
  Signal(SIGKILL);
  Wait();
}

void Process::Reap(int status) {
  ended_ = true;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool Process::Running() {
  int status = 0;
  if (!ended_ && waitpid(pid_, &status, WNOHANG) == pid_) Reap(status);
  return !ended_;
}

Finished Process::Wait() {
  int status = 0;
  if (!ended_ && waitpid(pid_, &status, 0) == pid_) Reap(status);
  return {exit_code_, ReadText(out_file_), ReadText(err_file_)};
}

void Process::Signal(int number) const {
  if (!ended_) kill(pid_, number);
}

std::string Process::Output() const { return ReadText(out_file_); }

bool Process::WaitForText(const std::string& file, const std::string& text, int seconds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (true) {
    const bool running = Running();
    if (ReadText(file).find(text) != std::string::npos) return true;
    if (!running || std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));  // between two looks
  }
}

bool Process::WaitForOutput(const std::string& text, int seconds) {
  return WaitForText(out_file_, text, seconds);
}
bool Process::WaitForError(const std::string& text, int seconds) {
  return WaitForText(err_file_, text, seconds);
}

}  // namespace testselect
