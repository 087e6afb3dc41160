// NullServer: the least that a server of TestSelectionService can do.
//
// It parses the request, cuts packed labels at their line feeds, and returns an answer that was
// prepared before; it looks nothing up and decides nothing. What it costs is the floor under every
// server that takes the same bytes and returns the same bytes over the same library.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "testselect/v1/selection.pb.h"

namespace testselect::load {

// A server in a process of its own, so that its CPU time can be told from the client's. The process
// ends with this object. Not thread-safe.
class NullServer {
 public:
  // Forks. Call it before anything of gRPC is used in this process: gRPC does not survive a fork.
  static absl::StatusOr<NullServer> Fork();
  NullServer(NullServer&& other) noexcept;
  NullServer(const NullServer&) = delete;
  ~NullServer();

  // Starts to listen on loopback; the request's form of label list (packed, digest or strings)
  // decides which of `answers` comes back, given in that order. Returns HOST:PORT. Call it once.
  absl::StatusOr<std::string> Start(const std::vector<v1::SelectTestsResponse>& answers);
  pid_t pid() const { return pid_; }

 private:
  NullServer(pid_t pid, int to_child, int from_child)
      : pid_(pid), to_child_(to_child), from_child_(from_child) {}
  pid_t pid_;
  int to_child_, from_child_;
};

}  // namespace testselect::load
