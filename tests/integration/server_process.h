// A testselectd of the build under test, as a process of its own.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace testselect {

// How a process ended.
struct ProcessEnd {
  int exit_status = -1;  // -1: ended by a signal
  std::string output;    // what it wrote to standard output
  std::string log;       // what it wrote to standard error
};

// Runs a program to its end. Dies if it cannot be started.
ProcessEnd RunProgram(const std::vector<std::string>& command);

// The program of that name among the build's.
std::string BuiltProgram(const std::string& name);

// Not thread-safe. Killed with this, if it still runs.
class ServerProcess {
 public:
  // Listens on free ports of loopback unless `flags` say otherwise. Returns when the server has
  // printed that it listens; kUnavailable with its log if it ends before.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Start(
      const std::vector<std::string>& flags);
  ~ServerProcess();

  const std::string& grpc_address() const { return grpc_address_; }
  const std::string& metrics_address() const { return metrics_address_; }
  pid_t pid() const { return pid_; }

  void Signal(int number);
  ProcessEnd Wait();       // until it ends
  ProcessEnd Terminate();  // SIGTERM, then Wait
  void Kill();             // SIGKILL, then Wait

 private:
  ServerProcess() = default;
  pid_t pid_ = -1;  // -1: has ended
  int stdout_ = -1;
  std::string log_path_;
  std::string first_line_;
  std::string grpc_address_, metrics_address_;
};

}  // namespace testselect
