// Runs a real program and keeps what it wrote.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

namespace testselect {

struct Finished {
  int exit_code = -1;  // 128 + the signal where one ended it
  std::string out, err;
};

// A running program; its output goes to files in `folder`. Killed and waited for when destroyed.
class Process {
 public:
  struct Options {
    std::string cwd{};                       // empty: ours
    std::vector<std::string> environment{};  // added to ours, "NAME=VALUE"
    std::string input{};                     // its standard input
  };
  static std::unique_ptr<Process> Start(const std::vector<std::string>& words,
                                        const std::string& folder, const Options& options);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  Finished Wait();
  void Signal(int number) const;
  bool Running();
  // Waits until what it wrote to standard output (or error) contains `text`. False if it ended
  // without, or after `seconds`.
  bool WaitForOutput(const std::string& text, int seconds = 60);
  bool WaitForError(const std::string& text, int seconds = 60);
  std::string Output() const;

 private:
  Process() = default;
  bool WaitForText(const std::string& file, const std::string& text, int seconds);
  void Reap(int status);

  pid_t pid_ = -1;
  bool ended_ = false;
  int exit_code_ = -1;
  std::string out_file_, err_file_;
};

}  // namespace testselect
